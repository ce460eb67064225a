"""Our tables in SQLAlchemy Core. Their history is in the migrations."""

from functools import cache

import sqlalchemy as sa

from cloudkasse_etl.state.database.column_types import UtcDateTime, key_text

VERSION_TABLE = "schema_version"
_DELIVERED_ONCE = ("target", "receipt_id", "generation", "is_counter")


class StateTables:
    """The tables under a prefix and, if one is given, in a schema of their own.

    Every row carries the company's number, so that several companies can share one database. State of
    the cloud is stored by `target`: the company together with the API's address.
    """

    def __init__(self, prefix: str = "cloudkasse_", schema: str | None = None) -> None:
        self.prefix = prefix
        self.schema = schema
        self.metadata = sa.MetaData(schema=schema)

        def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
            return sa.Table(prefix + name, self.metadata, *columns, info={"name": name})

        def company() -> sa.Column[str]:
            return sa.Column("company", key_text(20), nullable=False)

        self.lease = table(
            "lease",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("token", sa.BigInteger, nullable=False),
            sa.Column("run_id", sa.Unicode(40)),
            sa.Column("kind", sa.Unicode(40)),
            sa.Column("started_by", sa.Unicode(200)),
            sa.Column("host", sa.Unicode(200)),
            sa.Column("process", sa.Unicode(60)),
            sa.Column("acquired_at", UtcDateTime),
            sa.Column("beat", sa.BigInteger, nullable=False),
            sa.Column("beat_at", UtcDateTime),
        )
        self.target = table(
            "target",
            sa.Column("target_id", sa.Integer, primary_key=True),
            company(),
            sa.Column("api_url", key_text(400), nullable=False),
            sa.UniqueConstraint("company", "api_url", name=f"uq_{prefix}target"),
        )
        self.synced_record = table(
            "synced_record",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("entity", key_text(20), primary_key=True),
            sa.Column("record_key", key_text(120), primary_key=True),
            company(),
            sa.Column("content_hash", sa.BigInteger, nullable=False),
            sa.Column("content", sa.UnicodeText, nullable=False),
            sa.Column("active", sa.Boolean(create_constraint=False), nullable=False),
            sa.Column("cloud_id", sa.Unicode(100)),
            sa.Column("synced_at", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
            sa.Index(f"ix_{prefix}synced_record_active", "target_id", "entity", "active"),
        )
        self.attempt = table(
            "attempt",
            sa.Column("idempotency_key", sa.Unicode(64), primary_key=True),
            company(),
            sa.Column("target_id", sa.Integer, nullable=False),
            sa.Column("entity", key_text(20), nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("created_at", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.rejection = table(
            "rejection",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("asset", key_text(60), primary_key=True),
            sa.Column("record_key", key_text(120), primary_key=True),
            sa.Column("code", key_text(80), primary_key=True),
            company(),
            sa.Column("detail", sa.UnicodeText, nullable=False),
            sa.Column("content", sa.Unicode(64), nullable=False),
            sa.Column("since", UtcDateTime, nullable=False),
            sa.Column("first_run_id", sa.Unicode(40), nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
            sa.Column("title", sa.Unicode(200)),
        )
        self.waiting = table(
            "waiting",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("asset", key_text(60), primary_key=True),
            sa.Column("code", key_text(80), primary_key=True),
            sa.Column("awaited", key_text(120), primary_key=True),
            company(),
            sa.Column("record_count", sa.BigInteger, nullable=False),
            sa.Column("examples", sa.UnicodeText, nullable=False),
            sa.Column("since", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.alert = table(
            "alert",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("channel", key_text(20), primary_key=True),
            sa.Column("subject", key_text(60), primary_key=True),
            sa.Column("code", key_text(80), primary_key=True),
            sa.Column("sent_at", UtcDateTime, nullable=False),
        )
        self.level = table(
            "level",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("asset", key_text(60), primary_key=True),
            company(),
            sa.Column("fingerprint", sa.Unicode(64), nullable=False),
            sa.Column("details", sa.UnicodeText, nullable=False),
            sa.Column("generation", sa.BigInteger, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.erp_rows = table(
            "erp_rows",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("source", key_text(20), primary_key=True),
            sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
            company(),
            sa.Column("row_count", sa.BigInteger, nullable=False),
            sa.Column("version_sum", sa.Unicode(40), nullable=False),
            sa.Column("data", sa.LargeBinary, nullable=False),
        )
        self.cursor = table(
            "cursor",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("stream", key_text(20), primary_key=True),
            company(),
            sa.Column("position", sa.UnicodeText, nullable=False),
            sa.Column("moved_at", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.till = table(
            "till",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("kind", sa.Unicode(20), nullable=False),
            sa.Column("receipts_from", sa.Date),
            sa.Column("since", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.part = table(
            "part",
            sa.Column("target_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("name", key_text(400), primary_key=True),
            company(),
            sa.Column("state", sa.Unicode(64), nullable=False),
            sa.Column("taken_at", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.receipt = table(
            "receipt",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("receipt_id", key_text(120), primary_key=True),
            sa.Column("register", key_text(100)),
            sa.Column("number", sa.BigInteger),
            sa.Column("kind", sa.Unicode(40)),
            sa.Column("business_day", sa.Date),
            sa.Column("ended_at", sa.Unicode(40)),
            sa.Column("total_cents", sa.BigInteger),
            sa.Column("reference_id", key_text(120)),
            sa.Column("status", key_text(20), nullable=False),
            sa.Column("refused_by", key_text(60)),
            sa.Column("counts_in_closing", sa.Boolean(create_constraint=False), nullable=False),
            sa.Column("stock_pending", sa.Boolean(create_constraint=False), nullable=False),
            sa.Column("content_hash", sa.Unicode(64), nullable=False),
            sa.Column("raw", sa.LargeBinary, nullable=False),
            sa.Column("dismissal", sa.UnicodeText),  # as stored before version 0008; now it is a decision
            sa.Column("staged_at", UtcDateTime, nullable=False),
            sa.Column("staged_run_id", sa.Unicode(40), nullable=False),
            sa.Column("imported_at", UtcDateTime),
            sa.Column("imported_run_id", sa.Unicode(40)),
            sa.Column("closing_number", sa.BigInteger),
            sa.Column("came_as", key_text(120)),
            sa.Column("currency", sa.Unicode(10)),
            sa.Column("no_effect", sa.Unicode(20)),
            sa.Column("original", sa.LargeBinary),
            _generation(),
            sa.Index(f"ix_{prefix}receipt_number", "company", "register", "number"),
            sa.Index(
                f"ix_{prefix}receipt_sums",
                *("company", "status", "refused_by", "no_effect", "currency", "staged_at", "total_cents"),
            ),
            _index_some(f"ix_{prefix}receipt_reference", "reference_id", where="reference_id IS NOT NULL"),
            _index_some(f"ix_{prefix}receipt_stock_pending", "receipt_id", where="stock_pending = 1"),
            _index_some(f"ix_{prefix}receipt_generation", "receipt_id", where="generation > 1"),
            sa.Index(f"ix_{prefix}receipt_closing", "company", "register", "closing_number"),
            sa.Index(f"ix_{prefix}receipt_day", "company", "business_day", "register"),
        )
        self.decision = table(
            "decision",
            sa.Column("decision_id", sa.Integer, primary_key=True),
            company(),
            sa.Column("subject", key_text(20), nullable=False),
            sa.Column("record_key", key_text(140), nullable=False),
            sa.Column("action", key_text(20), nullable=False),
            sa.Column("reason", sa.UnicodeText, nullable=False),
            sa.Column("detail", sa.UnicodeText, nullable=False),
            sa.Column("decided_at", UtcDateTime),
            sa.Column("decided_by", sa.Unicode(200)),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
            sa.Index(f"ix_{prefix}decision_record", "company", "subject", "record_key"),
        )
        self.closing = table(
            "closing",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("register", key_text(100), primary_key=True),
            sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("business_day", sa.Date, nullable=False),
            sa.Column("first_receipt_number", sa.BigInteger, nullable=False),
            sa.Column("last_receipt_number", sa.BigInteger, nullable=False),
            sa.Column("receipt_count", sa.BigInteger, nullable=False),
            sa.Column("content_hash", sa.Unicode(64), nullable=False),
            sa.Column("raw", sa.LargeBinary, nullable=False),
            sa.Column("verified", sa.Boolean(create_constraint=False), nullable=False),
            sa.Column("staged_at", UtcDateTime, nullable=False),
            sa.Column("staged_run_id", sa.Unicode(40), nullable=False),
        )
        self.posting = table(
            "posting",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("posting_id", key_text(140), primary_key=True),
            sa.Column("receipt_id", key_text(120), nullable=False),
            sa.Column("register", key_text(100), nullable=False),
            sa.Column("receipt_number", sa.BigInteger, nullable=False),
            sa.Column("posting_date", sa.Date, nullable=False),
            sa.Column("document_number", sa.Unicode(140), nullable=False),
            sa.Column("account", sa.Unicode(15), nullable=False),
            sa.Column("amount_cents", sa.BigInteger, nullable=False),
            sa.Column("currency", sa.Unicode(3), nullable=False),
            sa.Column("tax_code", sa.Unicode(2)),
            sa.Column("vat_rate", sa.Unicode(6)),
            sa.Column("tax_cents", sa.BigInteger, nullable=False),
            sa.Column("business_case", sa.Unicode(40)),
            sa.Column("tender", sa.Unicode(40)),
            sa.Column("text", sa.UnicodeText, nullable=False),
            sa.Column("flag", sa.Unicode(40)),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
            *_of_a_generation(),
            sa.Index(f"ix_{prefix}posting_date", "company", "posting_date"),
            sa.Index(f"ix_{prefix}posting_receipt", "company", "receipt_id"),
        )
        self.stock_movement = table(
            "stock_movement",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("movement_id", key_text(140), primary_key=True),
            sa.Column("receipt_id", key_text(120), nullable=False),
            sa.Column("line_number", sa.BigInteger, nullable=False),
            sa.Column("register", key_text(100), nullable=False),
            sa.Column("movement_date", sa.Date, nullable=False),
            sa.Column("article", key_text(40), nullable=False),
            sa.Column("warehouse", sa.Unicode(10), nullable=False),
            sa.Column("quantity_milli", sa.BigInteger, nullable=False),
            sa.Column("unit", sa.Unicode(10)),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
            sa.Column("serial", sa.UnicodeText),
            *_of_a_generation(),
            sa.Index(f"ix_{prefix}movement_date", "company", "movement_date"),
            sa.Index(f"ix_{prefix}movement_receipt", "company", "receipt_id"),
        )
        self.delivery = table(
            "delivery",
            sa.Column("delivery_id", sa.Integer, primary_key=True),
            company(),
            sa.Column("target", key_text(20), nullable=False),
            sa.Column("record_key", key_text(80), nullable=False),
            sa.Column("grain", key_text(20), nullable=False),
            sa.Column("register", key_text(100), nullable=False),
            sa.Column("place", key_text(140), nullable=False),
            sa.Column("generation", sa.BigInteger, nullable=False),
            sa.Column("day", sa.Date, nullable=False),
            sa.Column("closing_number", sa.BigInteger),
            sa.Column("status", key_text(20), nullable=False),
            sa.Column("remote_id", sa.BigInteger),
            sa.Column("destination", sa.Unicode(100)),
            sa.Column("currency", sa.Unicode(3), nullable=False),
            sa.Column("amount_cents", sa.BigInteger, nullable=False),
            sa.Column("line_count", sa.BigInteger, nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("created_at", UtcDateTime, nullable=False),
            sa.Column("changed_at", UtcDateTime, nullable=False),
            sa.Column("first_run_id", sa.Unicode(40), nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
            sa.Column("tenant", sa.Unicode(14)),
            sa.Column("year", sa.Unicode(19)),
            sa.Column("carries_sales", sa.Boolean(create_constraint=False)),
            sa.UniqueConstraint("company", "target", "record_key", name=f"uq_{prefix}delivery"),
            sa.Index(f"ix_{prefix}delivery_status", "company", "status", "day"),
        )
        self.delivery_receipt = table(
            "delivery_receipt",
            sa.Column("delivery_id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("receipt_id", key_text(120), primary_key=True),
            company(),
            sa.Column("target", key_text(20), nullable=False),
            sa.Column("is_live", sa.Boolean(create_constraint=False), nullable=False),
            _generation(),
            sa.Column("is_counter", sa.Boolean(create_constraint=False), nullable=False, server_default=sa.false()),
            # what an import booked, or an undo took back, is in one delivery at most that counts
            _index_some(f"uq_{prefix}delivery_receipt", *_DELIVERED_ONCE, where="is_live = 1", is_unique=True),
        )
        self.datev_file = table(
            "datev_file",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("file_number", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("name", sa.Unicode(60), nullable=False),
            sa.Column("first_day", sa.Date, nullable=False),
            sa.Column("last_day", sa.Date, nullable=False),
            sa.Column("currency", sa.Unicode(3), nullable=False),
            sa.Column("row_count", sa.BigInteger, nullable=False),
            sa.Column("debit_cents", sa.BigInteger, nullable=False),
            sa.Column("content_hash", sa.Unicode(64), nullable=False),
            sa.Column("body", sa.LargeBinary, nullable=False),
            sa.Column("page", sa.LargeBinary),
            sa.Column("made_at", UtcDateTime, nullable=False),
        )
        # a posting is in one file, whatever a program does: another one is a repetition that somebody asked for
        self.datev_posting = table(
            "datev_posting",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("posting_id", key_text(140), primary_key=True),
            sa.Column("repetition", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("file_number", sa.BigInteger, nullable=False),
            sa.Column("row_number", sa.BigInteger, nullable=False),
        )
        self.datev_written = table(
            "datev_written",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("file_number", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("written_at", UtcDateTime, nullable=False),
        )
        self.settings_change = table(
            "settings_change",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("change_number", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("settings_hash", sa.Unicode(64), nullable=False),
            sa.Column("settings", sa.UnicodeText, nullable=False),
            sa.Column("differences", sa.UnicodeText, nullable=False),
            sa.Column("changed_at", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )
        self.run_settings = table(
            "run_settings",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("run_id", key_text(40), primary_key=True),
            sa.Column("change_number", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("settings_hash", sa.Unicode(64), nullable=False),
            sa.Column("began_at", UtcDateTime, nullable=False),
        )
        self.api_session = table(
            "api_session",
            sa.Column("company", key_text(20), primary_key=True),
            sa.Column("system", key_text(20), primary_key=True),
            sa.Column("token", sa.UnicodeText, nullable=False),
            sa.Column("began_at", UtcDateTime, nullable=False),
            sa.Column("run_id", sa.Unicode(40), nullable=False),
        )


def _generation() -> sa.Column[int]:
    """The how manieth import of a receipt it is: one more with each that was undone."""
    return sa.Column("generation", sa.BigInteger, nullable=False, server_default="1")


def _of_a_generation() -> tuple[sa.Column[int], sa.Column[str], sa.Column[str]]:
    """By which import a row was booked; of a counter-entry, which row it takes back, and why."""
    return _generation(), sa.Column("corrects", key_text(140)), sa.Column("reason", sa.UnicodeText)


@cache
def state_tables(prefix: str, schema: str | None) -> StateTables:
    """The tables of a place; a process defines them once, since SQLAlchemy compiles statements by these objects."""
    return StateTables(prefix, schema)


def _index_some(name: str, *columns: str, where: str, is_unique: bool = False) -> sa.Index:
    """An index of those rows of a company alone that are searched for."""
    return sa.Index(
        name,
        *("company", *columns),
        unique=is_unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where.replace(" = 1", "")),  # a truth value is no number there
        mssql_where=sa.text(where),
    )
