"""What was ever booked stays as it came, undone or not; all triggers are made again, for `check` compares them."""

from alembic import context, op

revision = "0025"
down_revision = "0024"

_KEPT = ("receipt", "closing", "delivery", "delivery_receipt", "decision", "till")
_ADDED = (
    "posting", "stock_movement", "datev_file", "datev_posting", "datev_written", "settings_change", "run_settings",
)  # fmt: skip


def upgrade() -> None:
    """Creates the triggers."""
    attributes = context.config.attributes
    prefix, schema, connection = attributes["prefix"], attributes["schema"], op.get_bind()
    dialect = connection.dialect
    made = [statement for name in _ADDED for statement in attributes["triggers"](dialect, prefix + name, schema)]
    found = [attributes["replacing"](dialect, prefix, name) for name in (*_ADDED, *_KEPT)]
    found += [attributes[kind](dialect, prefix, name, schema) for kind in ("keeping", "fixing") for name in _KEPT]
    made += [statement for triggers in found for statements in triggers.values() for statement in statements]
    if dialect.name == "postgresql":  # each trigger has a function of its own now
        place = f"{dialect.identifier_preparer.quote_schema(schema)}." if schema else ""
        quoted = (dialect.identifier_preparer.quote(f"{prefix}{name}_fix") for name in _KEPT)
        made += [f"DROP FUNCTION IF EXISTS {place}{function}()" for function in quoted]
    for statement in made:
        connection.exec_driver_sql(statement)
