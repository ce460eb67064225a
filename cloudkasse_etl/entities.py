"""The kinds of record and the names of all assets: each fact about them once.

Every list of kinds in the program iterates `KINDS`, or those of them that a till takes (`kinds_of`): a kind that is
entered here is read, sent, compared, planned, watched and shown. How its records are read, and what the cloud should
hold: sync/master_data/desired_records.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from cloudkasse_etl.i18n.text import Text, say, say_as


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Kind:
    """One kind of record that the cloud gets from the ERP.

    Attributes:
        name: As the cloud's addresses call it, and our tables.
        heading: As a heading and a table call such records.
        noun: As a sentence calls them, after a number or a preposition (the German dative).
        named: As a sentence names them, as what is held or wanted (the German accusative).
        extract: The asset of what is read.
        extract_is: What that asset is, as the UI tells it.
        cloud: The asset of what the cloud holds.
        cloud_is: What that asset is.
        computed: The asset between the two, if the records to upload are computed first.
        key: The fields that identify a record, on the wire and in the frame that is uploaded.
        tables: Which of the ERP's tables the extract comes from: a change in none of them leaves it as it is.
        computed_tables: The same for the computed asset.
        cloud_tables: The same for the upload, if they are not the extract's.
        settings: The parts of the settings that decide which records are uploaded, and how.
        medium: What the extract is read from, as the UI shows it.
        after: The kind that is uploaded before; if that one stops, this one does too.
        decided_by: The kinds whose records in the cloud decide whether it takes these.
        by_article: Whether each record depends on the rows of one article, so that a run can process changed ones only.
        part_of: The kind whose records these belong to: a price is an article's, and its key begins with the article's.
    """

    name: str
    heading: Text
    noun: Text
    named: Text
    extract: str
    extract_is: Text
    cloud: str
    cloud_is: Text
    computed: str | None = None
    key: tuple[str, ...] = ("number",)
    tables: tuple[str, ...]
    computed_tables: tuple[str, ...] = ()
    cloud_tables: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    medium: str = "sql"
    after: "Kind | None" = None
    decided_by: tuple["Kind", ...] = ()
    by_article: bool = False
    part_of: "Kind | None" = None

    @property
    def source(self) -> str:
        """The asset whose records are uploaded, under the same keys; a record that is refused there is not."""
        return self.computed or self.extract

    @property
    def assets(self) -> tuple[str, ...]:
        """Its assets, from the ERP to the cloud."""
        return (self.extract, *([self.computed] if self.computed else []), self.cloud)

    @property
    def upstream(self) -> tuple[str, ...]:
        """The assets that decide what the cloud takes."""
        return tuple(kind.cloud for kind in self.decided_by)

    @property
    def whole(self) -> "Kind":
        """The kind whose records people name: its own, or the one that it is a part of."""
        return self.part_of or self

    @property
    def is_last_of_the_erp(self) -> bool:
        """Whether a run reads nothing from the ERP any more once these are uploaded."""
        return self.name == KINDS[-1].name

    @property
    def needs_register(self) -> bool:
        """Whether the cloud takes such records only once it has a register."""
        return any(kind.name == REGISTERS.name for kind in self.decided_by)


GROSS_PRICES: Final = "gross_prices"
COMPANY: Final = Kind(
    name="companies",
    heading=say("Company"),
    noun=say("company"),
    named=say_as("object", "company"),
    extract="selectline_company",
    extract_is=say(
        "The company (Mandant): its name and address from SelectLine, its VAT id from the settings.\n\n"
        "The till prints it on every receipt. Without a company nothing else can go up."
    ),
    cloud="cloudkasse_company",
    cloud_is=say("The company as the till holds it, level with SelectLine."),
    tables=("MANDANT",),
    settings=("company",),
)
REGISTERS: Final = Kind(
    name="registers",
    heading=say("Registers"),
    noun=say("registers"),
    named=say_as("object", "registers"),
    extract="selectline_registers",
    extract_is=say(
        "The registers (Kassen), as the settings name them: number, name, warehouse and price group.\n\n"
        "SelectLine's tables hold no registers; a register is added under `registers` in cloudkasse.yaml."
    ),
    cloud="cloudkasse_registers",
    cloud_is=say(
        "The registers as the till holds them. Articles and prices can go up only once there is an active one."
    ),
    tables=("MANDANT",),  # whose currency they have
    settings=("registers",),
    medium="yaml",
    after=COMPANY,
)
EMPLOYEES: Final = Kind(
    name="employees",
    heading=say("Employees"),
    noun=say("employees"),
    named=say_as("object", "employees"),
    extract="selectline_employees",
    extract_is=say("The employees (Mitarbeiter) who may work at a register, from SelectLine's table MITARBW."),
    cloud="cloudkasse_employees",
    cloud_is=say("The employees as the till holds them, level with SelectLine."),
    tables=("MITARBW",),
    settings=("employees",),
    after=COMPANY,
)
ARTICLES: Final = Kind(
    name="articles",
    heading=say("Articles"),
    noun=say("articles"),
    named=say_as("object", "articles"),
    extract="selectline_articles",
    extract_is=say(
        "The articles (Artikel) with group, unit and VAT rate, from SelectLine's table ART.\n\n"
        "An article that cannot be used as it stands is rejected here with what to correct; the others go on."
    ),
    cloud="cloudkasse_articles",
    cloud_is=say(
        "The articles as the till holds them, level with SelectLine.\n\n"
        "They wait (`deferred`) until a register is synchronised. An article that the till refuses is rejected with "
        "the\nreason, and tried again once it has been corrected in SelectLine."
    ),
    tables=("ART", "GRUPPEN", "USDETAIL"),
    settings=("articles",),
    after=REGISTERS,
    decided_by=(REGISTERS,),
    by_article=True,
)
PRICES: Final = Kind(
    name="prices",
    heading=say("Prices"),
    noun=say("prices"),
    named=say_as("object", "prices"),
    extract="selectline_prices",
    extract_is=say(
        "The prices of the price groups (Preisgruppen) as SelectLine keeps them, net or gross, from table ARPREIS."
    ),
    computed=GROSS_PRICES,
    cloud="cloudkasse_prices",
    cloud_is=say(
        "The gross prices as the till holds them; the registers sell at these.\n\n"
        "A price waits (`deferred`) as long as the till does not hold its article."
    ),
    key=("article", "price_group", "min_quantity", "valid_from"),
    tables=("ARPREIS",),
    computed_tables=("ARPREIS", "ART", "GRUPPEN", "USDETAIL"),
    cloud_tables=("MANDANT", "ARPREIS", "ART", "GRUPPEN", "USDETAIL"),
    settings=("price_groups",),
    after=ARTICLES,
    decided_by=(REGISTERS, ARTICLES),
    by_article=True,
    part_of=ARTICLES,
)

KINDS: Final = (COMPANY, REGISTERS, EMPLOYEES, ARTICLES, PRICES)
"""All kinds, in the order of their upload."""
BY_NAME: Final[Mapping[str, Kind]] = {kind.name: kind for kind in KINDS}

STAGED_RECEIPTS: Final = "staged_receipts"
STAGED_CLOSINGS: Final = "staged_closings"
REVENUE_POSTINGS: Final = "revenue_postings"
STOCK_MOVEMENTS: Final = "stock_movements"
SELECTLINE_DOCUMENTS: Final = "selectline_documents"
SELECTLINE_LEDGER: Final = "selectline_ledger"
SYNC_REPORT: Final = "sync_report"
ACTION_NEEDED: Final = "action_needed"
COMPANIES: Final = "companies"
"""The page of all companies of a chain."""

TillKind = Literal["cloudkasse", "korona", "dsfinvk"]
TILL_KINDS: Final[tuple[TillKind, ...]] = ("cloudkasse", "korona", "dsfinvk")
"""The tills that can be synchronised, as `till.kind` of the settings names them (tills/capabilities.py)."""


def _kinds_of(till: TillKind, names: Iterable[str]) -> tuple[Kind, ...]:
    """The kinds of these names, with the names of a till's own assets."""
    made: dict[str, Kind] = {}
    for kind in KINDS:
        if kind.name in names:
            made[kind.name] = replace(
                kind,
                cloud=kind.cloud.replace("cloudkasse", till, 1),
                after=made.get(kind.after.name) if kind.after else None,
                decided_by=tuple(made[other.name] for other in kind.decided_by),
                part_of=made[kind.part_of.name] if kind.part_of else None,
            )
    return tuple(made.values())


_TAKEN: Final[Mapping[TillKind, tuple[Kind, ...]]] = {
    "cloudkasse": KINDS,
    "korona": _kinds_of("korona", ("registers", "employees", "articles", "prices")),
    "dsfinvk": (),
}
ALL_KINDS: Final = tuple(kind for kinds in _TAKEN.values() for kind in kinds)
"""Each kind with the assets of each till that takes it: what an asset's name is looked up in."""


ASSETS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    kind.name: tuple(dict.fromkeys(asset for other in ALL_KINDS if other.name == kind.name for asset in other.assets))
    for kind in KINDS
}
"""Name of a kind → its assets, of all tills."""


def kinds_of(till: TillKind) -> tuple[Kind, ...]:
    """The kinds of record that a till takes, with the names of their assets, in the order of their upload."""
    return _TAKEN[till]


def kind_of(till: TillKind, name: str) -> Kind:
    """A kind with the names of its assets for a till."""
    return next(kind for kind in _TAKEN[till] if kind.name == name)


def contents_of(till: TillKind) -> str:
    """The asset of what the till really holds, which comparisons check."""
    return f"{till}_contents"


def rejecting(till: TillKind) -> tuple[str, ...]:
    """The assets that refuse records, where the till is of this kind; the others report on these."""
    return (*dict.fromkeys(asset for kind in _TAKEN[till] for asset in kind.assets), *_OF_RECEIPTS)


DELIVERED: Final = (SELECTLINE_DOCUMENTS, SELECTLINE_LEDGER)
"""What is brought into the ERP."""
_OF_RECEIPTS: Final = (STAGED_RECEIPTS, STAGED_CLOSINGS, REVENUE_POSTINGS, STOCK_MOVEMENTS, *DELIVERED)

ERP_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    **{kind.extract: kind.tables for kind in KINDS},
    **{kind.computed: kind.computed_tables for kind in KINDS if kind.computed},
    **{kind.cloud: kind.cloud_tables or kind.tables for kind in ALL_KINDS},
    REVENUE_POSTINGS: ("MANDANT", "ART", "ARTSET", "KTOGRUPPENPOS", "USDETAIL"),
}
"""Asset → the ERP's tables that its content comes from."""
