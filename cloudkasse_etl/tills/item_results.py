"""The result of a record that a till did not take, with the server's texts shortened to what is kept and shown."""

from typing import Any

from cloudkasse_etl.tills.port import ItemResult

CONTRACT_CODE = "contract"
# A text of the server is stored in a table and shown on a page: long enough to understand, but limited.
_MAX_TEXT = 500
_MAX_CODE = 60


def rejected(
    item: dict[str, Any], code: str, message: str | None, *, field: str | None = None, cloud_id: str | None = None
) -> ItemResult:
    """Makes the result of a record that was not accepted; long texts of the server are shortened.

    Args:
        item: The record as it was sent.
        code: The reason, as `ItemResult.code`.
        message: The till's text.
        field: The field that the rejection is about.
        cloud_id: The till's own id of the record.

    Returns:
        The result, `rejected`.
    """
    return ItemResult(
        item=item,
        status="rejected",
        cloud_id=cloud_id,
        code=code.replace("\0", "")[:_MAX_CODE],
        field=None if field is None else field[:_MAX_CODE],
        message=None if message is None else message[:_MAX_TEXT],
    )
