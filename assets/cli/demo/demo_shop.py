"""The demo's folder: a fictional shop, its settings, the sandbox's data and a history of its own. No printing."""

import json
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.cli.click_messages import look_up_again
from assets.cli.demo.demo_cloud import TOKEN, DemoCloud
from assets.cli.demo.demo_selectline import USER, DemoSelectline
from assets.cli.demo.demo_server import is_free, unused
from assets.instance.home import PROJECT, VARIABLES, Home, enter_environment
from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.errors import ConfigurationError, system_reason
from cloudkasse_etl.i18n.text import say

if TYPE_CHECKING:
    from cloudkasse_etl.config.settings import Configuration

FOLDER = Path(".demo")
_SETTINGS = "cloudkasse.yaml"
SETTINGS = FOLDER / _SETTINGS
SANDBOX_PORT = 8850
SELECTLINE_PORT = 8860
# Apples get more expensive, 2.99 instead of 2.79 at the register; the shop's prices are net, at 7 % VAT.
DEARER_ARTICLE = "202"
DEARER_NET = 2.7944
KORONA_PATH = "/web/api/v3"
_DELIVERY = """
# What is booked goes into SelectLine by its Web API: a document for each register and closing (docs/deliveries.md).
delivery:
  documents: transfer
  grain: closing               # closing | day | receipt
  when: manual                 # direct: after each import too
  start_date: 2020-01-01       # earlier receipts are never delivered
  tenant: SL_MLINDE
  transfer: {document_kind: "8", salesman: "1", customer: "10000", cash_bank: {K1: "K1", K2: "K2"}}
"""
_DATEV = """
# The postings go to the tax adviser as files for DATEV: export datev (docs/datev.md).
datev: {adviser: 29098, client: 55003, initials: CK, tax_keys: {"2": "2", "3": "3"}}
"""
UNNAMED_METHOD = "9"  # of payment at KORONA.cloud, on account: the settings do not name it, to show what comes of that


@dataclass(frozen=True)
class Demo:
    """The demo in a folder.

    Attributes:
        folder: The demo's folder, absolute.
        port: The port of its CloudKasse; sent records are remembered by address, so it must not change.
        till: The till that it synchronises with; what its registers sell lies in the bundled CloudKasse all the same.
        selectline_port: The port of its SelectLine's Web API; None where nothing is delivered.
    """

    folder: Path
    port: int
    till: TillKind = "cloudkasse"
    selectline_port: int | None = None

    @property
    def erp(self) -> Path:
        """The shop's database."""
        return self.folder / "erp.db"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that lead a command to it, by name; none of our others may be set."""
        found = {
            "CLOUDKASSE_ERP_URL": self.erp_url,
            "CLOUDKASSE_API_URL": self.api_url,
            "CLOUDKASSE_API_TOKEN": TOKEN,
            "CLOUDKASSE_SETTINGS": str(self.settings),
            "CLOUDKASSE_DAGSTER_STORAGE": str(self.folder / "dagster"),
            "DAGSTER_HOME": str(PROJECT),
        }
        if self.till == "korona":
            found["CLOUDKASSE_API_USER"] = "demo"
        if self.selectline is not None:
            found["SELECTLINE_API_URL"] = self.selectline.url
            found |= dict.fromkeys(("SELECTLINE_API_USER", "SELECTLINE_API_PASSWORD", "SELECTLINE_API_APPKEY"), USER)
        return found

    @property
    def erp_url(self) -> str:
        """The shop's database, as SQLAlchemy takes it."""
        return f"sqlite:///{self.erp.as_posix()}"

    @property
    def settings(self) -> Path:
        """Its settings file."""
        return self.folder / _SETTINGS

    @property
    def api_url(self) -> str:
        """Where the API of its till is."""
        return f"{self.cloud.url}{KORONA_PATH}" if self.till == "korona" else self.cloud.url

    @property
    def cloud(self) -> DemoCloud:
        """Its CloudKasse, to be served while it is needed."""
        return DemoCloud(self.folder, self.port, self.till)

    @property
    def selectline(self) -> DemoSelectline | None:
        """Its SelectLine, to be served while it is needed; None where nothing is delivered."""
        if self.selectline_port is None:
            return None
        return DemoSelectline(self.folder, self.selectline_port, self.erp_url)

    @contextmanager
    def running(self, *, cloud: bool = True, selectline: bool | None = True) -> "Iterator[tuple[Configuration, Home]]":
        """Lets its servers answer and points this process's environment to the demo.

        Args:
            cloud: Whether its CloudKasse is needed.
            selectline: Whether its SelectLine is; None: only if its settings deliver after each import.

        Yields:
            Its settings, and the folders of its history.
        """
        with ExitStack() as stack:
            if cloud:
                stack.enter_context(self.cloud)
            configuration, home = stack.enter_context(self.entered())
            delivery = configuration.settings.delivery
            if selectline is None:
                selectline = delivery.is_on and delivery.when == "direct"
            if selectline and self.selectline is not None:
                stack.enter_context(self.selectline)
            yield configuration, home

    @contextmanager
    def entered(self) -> "Iterator[tuple[Configuration, Home]]":
        """Points this process's environment to the demo, whether or not its servers answer."""
        from cloudkasse_etl.config.loading import load

        home = enter_environment(self.environment)
        look_up_again()
        yield load(), home

    def sell(self) -> str:
        """Sells two days in its CloudKasse, which must be running. Returns a text about what was sold."""
        from cloudkasse_etl.sandbox.till.sales_summary import describe_sales
        from cloudkasse_etl.sandbox.till.selling import sell_remotely

        return describe_sales(sell_remotely(self.cloud.url, TOKEN, days=2, receipts=500, seed=1))

    @property
    def exports(self) -> Path:
        """Where its registers put their legal exports."""
        return self.folder / "dsfinvk"

    def supply(self) -> None:
        """Gives its registers the articles and prices, as a person keys them in where a till takes no upload."""
        from pydantic import SecretStr

        from cloudkasse_etl.config.sections.till_settings import TillSettings
        from cloudkasse_etl.sync.master_data.upload import upload
        from cloudkasse_etl.sync.run.context import SyncOptions
        from cloudkasse_etl.sync.run.session import open_session

        with self.entered() as (configuration, home):
            settings = configuration.settings.model_copy(update={"till": TillSettings()})
            connections = configuration.connections.model_copy(
                update={
                    "state_url": SecretStr(f"sqlite:///{(self.folder / 'registers.db').as_posix()}"),
                    "api_url": self.cloud.url,
                    "api_token": SecretStr(TOKEN),
                }
            )
            keyed_in = configuration.model_copy(update={"settings": settings, "connections": connections})
            with open_session(
                keyed_in,
                run_id="demo",
                kind="master_data",
                options=SyncOptions(),
                protocol_folder=home.protocols,
                started_by="demo",
            ) as session:
                for kind in session.kinds:
                    upload(session, kind)

    def name_tender(self) -> None:
        """Names the payment method that the settings left out, as a person does who reads why receipts were refused."""
        from cloudkasse_etl.sandbox.korona.account_names import account_yaml

        text = self.settings.read_text(encoding="utf-8")
        whole = text.replace(account_yaml(without_tender=UNNAMED_METHOD), account_yaml())
        self.settings.write_text(whole, encoding="utf-8")

    def export(self) -> str:
        """Lets its registers write what they sold into the folder of exports. Returns a text about it."""
        from cloudkasse_etl.sandbox.fiscal.fiscal_export import export_remotely

        self.exports.mkdir(exist_ok=True)
        place = self.exports / f"export-{1 + sum(1 for _ in self.exports.iterdir())}"
        return export_remotely(self.cloud.url, TOKEN, place).text()

    def change_a_price(self) -> str:
        """Gives one article another price, as a clerk does in SelectLine. Returns a text about what was done."""
        import sqlalchemy as sa
        from sqlalchemy.pool import NullPool

        from cloudkasse_etl.erp.selectline.erp_tables import METADATA

        articles, prices = METADATA.tables["ART"], METADATA.tables["ARPREIS"]
        shop_price = sa.and_(
            prices.c.Artikelnummer == DEARER_ARTICLE,
            prices.c.PreisTyp == "G",
            prices.c.TypNummer == "1",
            prices.c.Menge == 0,
            prices.c.VonDatum.is_(None),
        )
        named = sa.select(articles.c.Bezeichnung).where(articles.c.Artikelnummer == DEARER_ARTICLE)
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(self.erp)), poolclass=NullPool)
        try:
            with engine.begin() as connection:
                name = connection.execute(named).scalar_one()
                before = connection.execute(sa.select(prices.c.Preis).where(shop_price)).scalar_one()
                connection.execute(prices.update().where(shop_price).values(Preis=DEARER_NET))
        finally:
            engine.dispose()
        return f"{name} (article {DEARER_ARTICLE}) from {before:.4f} to {DEARER_NET:.4f} net"


def create_demo(folder: Path, till: TillKind = "cloudkasse") -> Demo:
    """Creates the demo from scratch; an older one in the same folder is deleted.

    Args:
        folder: Where.
        till: The till that it synchronises with.

    Returns:
        The demo.

    Raises:
        ConfigurationError: The sandbox is not installed, the older one is in use, or the folder cannot be written.
    """
    from cloudkasse_etl.sandbox.selectline.demo_erp import DEMO_SETTINGS, build_demo_shop

    prepare_folder(folder)
    try:
        with unused(folder):
            for name in (
                "erp.db", "cloudkasse.db", "registers.db", "cloudkasse.yaml", "demo.json", "dagster", "dsfinvk",
            ):  # fmt: skip
                _remove(folder, name)
            port = _free_from(SANDBOX_PORT)
            selectline_port = _free_from(SELECTLINE_PORT, besides=port) if till == "cloudkasse" else None
            demo = Demo(folder.absolute(), port, till, selectline_port)
            build_demo_shop(demo.erp)
            more = f"{_till_settings(till)}{_DELIVERY if demo.selectline is not None else ''}"
            demo.settings.write_text(f"{DEMO_SETTINGS}{_DATEV}{more}", encoding="utf-8")
            if till == "dsfinvk":
                demo.exports.mkdir()
            _write_environment(demo)
            # last: a demo whose creation was interrupted does not count as one
            known = {"port": port, "till": till, "selectline_port": selectline_port}
            (folder / "demo.json").write_text(json.dumps(known), encoding="utf-8")
    except OSError as error:
        raise _not_made(folder, error) from error
    return demo


def _free_from(first: int, besides: int | None = None) -> int:
    return next(port for port in range(first, 65536) if port != besides and is_free(port))


def _till_settings(till: TillKind) -> str:
    if till == "cloudkasse":
        return ""
    if till == "korona":
        from cloudkasse_etl.sandbox.korona.account_names import account_yaml

        return f"\n{account_yaml(without_tender=UNNAMED_METHOD)}"
    return f"\ntill: {{kind: {till}}}\n"


def prepare_folder(folder: Path) -> None:
    """Makes the folder of a demo.

    Raises:
        ConfigurationError: The sandbox is not installed, or the folder cannot be made.
    """
    from cloudkasse_etl.sandbox import server  # noqa: F401 -- without its packages no folder is made

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_made(folder, error) from error


def _not_made(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        say("The demo cannot be made in {folder}: {reason}.", folder=str(folder), reason=system_reason(error)),
        hint=say(
            "Call it in a folder that can be written to, or make the demo elsewhere: "
            "cloudkasse-etl demo --folder FOLDER."
        ),
    )


def _write_environment(demo: Demo) -> None:
    """Writes what sets the demo's variables in a shell: a file for a POSIX shell, for PowerShell and for cmd."""
    values, others = demo.environment, [name for name in VARIABLES if name not in demo.environment]
    posix = [f"unset {' '.join(others)}", *(f"export {name}={shlex.quote(value)}" for name, value in values.items())]
    powershell = [
        *(f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in others),
        *("$Env:{} = '{}'".format(name, value.replace("'", "''")) for name, value in values.items()),
    ]
    command = [f'@set "{name}={values.get(name, "").replace("%", "%%")}"' for name in (*others, *values)]
    (demo.folder / "env").write_text("\n".join([*posix, ""]), encoding="utf-8")
    (demo.folder / "env.ps1").write_text("\n".join([*powershell, ""]), encoding="utf-8-sig")
    (demo.folder / "env.cmd").write_text("\n".join([*command, ""]), encoding="utf-8", newline="\r\n")


def find_demo(folder: Path) -> Demo | None:
    """The demo that was made in a folder, if any.

    Raises:
        ConfigurationError: There is a shop in it, but not the file that tells on which port its CloudKasse runs.
    """
    try:
        known = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
        port, till = int(known["port"]), known.get("till", "cloudkasse")
        selectline_port = known.get("selectline_port")  # one that was made before has none
    except (OSError, ValueError, KeyError, TypeError) as error:
        if (folder / "dagster").exists():  # a demo that was used; one whose creation was interrupted has no history yet
            raise ConfigurationError(
                say("The demo in {folder} cannot be used: its file demo.json is damaged or gone.", folder=str(folder)),
                hint=say("Make a new one, which replaces its shop and its settings: cloudkasse-etl demo."),
            ) from error
        return None
    return Demo(folder.absolute(), port, till, selectline_port)


def _remove(folder: Path, name: str) -> None:
    for path in folder.glob(f"{name}*"):  # SQLite keeps a journal beside its file
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
