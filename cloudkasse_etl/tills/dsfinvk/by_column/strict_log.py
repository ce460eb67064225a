"""The log while closings are read by column: whatever would have to be reported ends that reading."""

from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError


class DeviatingError(Exception):
    """A closing is not read by column: something in it has to be reported."""


class StrictLog(DeviationLog):
    """A log that takes nothing; an unusual spelling that was reported before is no news.

    Args:
        log: The export's log.
    """

    def __init__(self, log: DeviationLog) -> None:
        super().__init__(log.export)
        self.told = log.told

    def add(self, fault: UnreadableError, *, receipt: str = "", number: int | None = None) -> None:
        """Ends the reading by column.

        Args:
            fault: What is wrong.
            receipt, number: Of the receipt that it is in.

        Raises:
            DeviatingError: Always.
        """
        raise DeviatingError(fault.code)

    def noted(
        self, code: str, value: str, table: str, column: str, expected: str = "", row: list[str] | None = None
    ) -> None:
        """Ends the reading by column where this was not reported before.

        Args:
            code, value, table, column, expected, row: As for `DeviationLog.noted`.

        Raises:
            DeviatingError: It is new.
        """
        if (code, table, column) not in self.told:
            raise DeviatingError(code)
