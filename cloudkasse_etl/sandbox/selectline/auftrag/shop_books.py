"""The shop's database as SelectLine itself opens it: one writer at a time, and what it looks up there."""

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.erp.selectline.erp_tables import METADATA as SHOP
from cloudkasse_etl.errors import ConfigurationError, system_reason
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import ART, BELARTEN, LAGER, MANDANT, add_vendor_tables

PATIENCE_SECONDS: Final = 30
_READS: Final = "cloudkasse_reads"
OTHER_TENANT: Final = "SL_MTEST"  # what a client writes into that does not choose its tenant


class ShopBooks:
    """The database of a shop.

    Args:
        url: Its SQLAlchemy URL.

    Attributes:
        tenant: The name of the tenant's database.
        company: The company's name.
        currency: Its currency.
        country: Its country, two letters.

    Raises:
        ConfigurationError: It cannot be opened, or it is no database of SelectLine's.
    """

    def __init__(self, url: str) -> None:
        self._lock = threading.Lock()
        try:
            address = sa.make_url(url)
            is_file = address.get_backend_name() == "sqlite"
            self._engine = sa.create_engine(
                address, **({"poolclass": NullPool, "connect_args": {"timeout": PATIENCE_SECONDS}} if is_file else {})
            )
            if is_file:
                # at once, or two that read before they write would wait for each other, and one would fail
                sa.event.listen(self._engine, "connect", _leave_beginning_to_us)
                sa.event.listen(self._engine, "begin", _begin)
            with self.writing() as connection:
                shop = connection.execute(sa.select(MANDANT)).one()
                add_vendor_tables(connection)
            self.tenant, self.company = str(shop.Datenbankname), str(shop.Firma)
            self.currency, self.country = str(shop.Waehrung), str(shop.Mandantenland)
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise ConfigurationError(
                say("The shop's database cannot be opened: {reason}.", reason=_reason(error)),
                hint=say("CLOUDKASSE_ERP_URL must name a database of SelectLine's that may be written to."),
            ) from error

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction; whoever writes waits for the others."""
        with self._lock, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, and keeps no writer waiting."""
        with self._engine.connect().execution_options(**{_READS: True}) as connection, connection.begin():
            yield connection

    def rows(self, query: "sa.Select[Any]") -> Sequence["sa.Row[Any]"]:
        """All rows of a query, in a transaction of its own."""
        with self.reading() as connection:
            return connection.execute(query).all()

    def document_type(self, connection: sa.Connection, number: str) -> Any | None:
        """The document type of a number, if there is one."""
        if not number.isdecimal():
            return None
        return connection.execute(sa.select(BELARTEN).where(BELARTEN.c.Nummer == int(number))).one_or_none()

    def article(self, connection: sa.Connection, number: str) -> Any | None:
        """The article of a number, if there is one."""
        return connection.execute(sa.select(ART).where(ART.c.Artikelnummer == number)).one_or_none()

    def warehouses(self, connection: sa.Connection) -> set[str]:
        """The numbers of the warehouses in use."""
        inactive = sa.func.coalesce(LAGER.c.Inaktiv, sa.false())
        return set(connection.execute(sa.select(LAGER.c.Lager).where(inactive == sa.false())).scalars())

    def rates(self, connection: sa.Connection, day: dt.date) -> dict[str, Decimal]:
        """Each tax code's rate in percent on a day: that of the newest validity that has begun."""
        rates = SHOP.tables["USDETAIL"]
        found = connection.execute(
            sa.select(rates.c.SteuerCode, rates.c.Steuer)
            .where(rates.c.GueltigAb <= dt.datetime.combine(day, dt.time.min))
            .order_by(rates.c.GueltigAb)
        )
        return {code: Decimal(str(rate)) for code, rate in found}

    @cached_property
    def tenants(self) -> tuple[str, str]:
        """The tenants of the installation: the shop's and an empty one."""
        return self.tenant, OTHER_TENANT

    def years(self, tenant: str) -> list[str]:
        """The databases of a tenant's fiscal years, such as SL_MLINDEF-2026: last year's, this one's and the next."""
        this = dt.date.today().year  # noqa: DTZ011 -- the machine's, as the vendor's server has it
        return [f"{tenant}F-{year}" for year in (this - 1, this, this + 1)]


def _reason(error: BaseException) -> str:
    return system_reason(error) if isinstance(error, OSError) else type(error).__name__


def _leave_beginning_to_us(connection: Any, _: object) -> None:
    connection.isolation_level = None


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN" if connection.get_execution_options().get(_READS) else "BEGIN IMMEDIATE")
