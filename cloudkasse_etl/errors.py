"""Every exception of the program, named by the way to recover from it. Texts of rejected records: rejections/.

::

    CloudkasseError                 what failed, where, and what to do (`hint`); `exit_code` 20 unless said
    ├── TransientError              try again later: nothing needs to be changed
    │   ├── NetworkError            The till cannot be reached, or keeps failing
    │   ├── ErpUnavailableError     the ERP's database cannot be reached
    │   ├── StateUnavailableError   our own tables cannot be reached or written
    │   │   └── StateLockedError    another program has kept them locked for too long
    │   ├── HistoryUnavailableError history or protocols cannot be read or written
    │   ├── DeliveryError           an alert could not be delivered
    │   ├── LeaseHeldError          another synchronisation is running (exit code 30)
    │   ├── LeaseLostError          our lease ran out and another holder took over: nothing more is written
    │   ├── StoppedError            the work was cancelled while it waited for the other side
    │   └── LicenceTakenError       SelectLine has no free licence for its Web API
    └── PermanentError              a person has to change something first
        ├── ConfigurationError      settings, environment or wrong use (exit code 2); carries all problems
        ├── AuthorizationError      the token is wrong or may not do this
        ├── ContractError           the other side answers other than the contract says
        ├── ErpSchemaError          a table, a column or a right on it is missing in the ERP
        ├── StateVersionError       our tables were written by a newer release
        ├── MassRetirementError     so many records would be retired that a person has to agree
        ├── UnreadableArchiveError  a folder is no archive, or one that cannot be checked here
        └── OutcomeFailedError      everything that was attempted was rejected
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudkasse_etl.i18n.text import Language, Text, joined, rendered, say, say_as, say_count


class CloudkasseError(Exception):
    """Base of all errors that a person can cause or solve.

    Args:
        message: What is wrong and where (file, key, record); no secrets, no response bodies.
        hint: What to do about it.
    """

    exit_code = 20
    # Whether a run that broke on it may be started again by itself.
    is_restartable = False
    # In the list of runs, which has room for two or three words.
    in_short = say_as("in short", "broke off")

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.render("en")

    def render(self, language: Language) -> str:
        """What is wrong and what to do."""
        return rendered(joined(" ", (self.message, self.hint)) if self.hint else self.message, language)


class TransientError(CloudkasseError):
    """It may work the next time without any change."""

    is_restartable = True


class NetworkError(TransientError):
    """The till cannot be reached, or failed more often than the retries allow."""

    in_short = say_as("in short", "till silent")


class ErpUnavailableError(TransientError):
    """The ERP's database cannot be reached or read."""

    in_short = say_as("in short", "ERP off")


class StateUnavailableError(TransientError):
    """Our own tables cannot be reached, read or written."""

    in_short = say_as("in short", "database silent")


class StateLockedError(StateUnavailableError):
    """Another program has kept our own tables locked for longer than we wait."""

    in_short = say_as("in short", "database locked")


class HistoryUnavailableError(TransientError):
    """The folder of history and protocols cannot be reached, read or written."""

    in_short = say_as("in short", "no history")
    is_restartable = False  # a new start would have to be written there too


class DeliveryError(TransientError):
    """An alert could not be handed to the mail server or webhook; it is tried again."""


class LeaseHeldError(TransientError):
    """Another synchronisation of the same company is running."""

    in_short = say_as("in short", "already running")
    exit_code = 30
    is_restartable = False  # the other one does the same work


class LeaseLostError(TransientError):
    """Our lease ran out and another process took it: this process must not write any more."""

    in_short = say_as("in short", "lease lost")
    is_restartable = False


class StoppedError(TransientError):
    """The work was cancelled (lease lost, or a parallel request failed) while it waited for the other side."""

    in_short = say_as("in short", "cancelled")


class LicenceTakenError(TransientError):
    """SelectLine has no free licence for its Web API."""


class PermanentError(CloudkasseError):
    """It fails again until a person changes something."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, as `check` lists it.

    Attributes:
        where: File, line and key; or the system: ERP, cloud, clock.
        text: What is wrong.
        cure: What to do.
        is_note: Nothing is wrong yet, but a person should check it.
    """

    where: str
    text: str
    cure: str = ""
    is_note: bool = False

    def __str__(self) -> str:
        return self.text_of()

    def text_of(self) -> Text:
        """Place, fault and cure in one line."""
        if self.cure:
            return say("{where}: {text} {cure}", where=self.where, text=self.text, cure=self.cure)
        return say("{where}: {text}", where=self.where, text=self.text)

    def as_dict(self, language: Language) -> dict[str, str]:
        """As `check --json` prints it."""
        return {
            "where": rendered(self.where, language),
            "text": rendered(self.text, language),
            "cure": rendered(self.cure, language),
        }


_SYSTEM_REASONS = {
    errno.EACCES: say("this user may not"),
    errno.EPERM: say("this user may not"),
    errno.ENOENT: say("the folder does not exist"),
    errno.ENOTDIR: say("a part of the path is no folder"),
    errno.EISDIR: say("it is a folder"),
    errno.EROFS: say("the disk is read-only"),
    errno.ENOSPC: say("no room is left on the disk"),
    errno.EDQUOT: say("the user's quota of the disk is used up"),
    errno.EFBIG: say("the file may not grow any more"),
    errno.EEXIST: say("a part of the path is no folder"),
    errno.ENAMETOOLONG: say("the name is too long"),
}


def system_reason(error: OSError) -> str:
    """The reason for which the operating system refused access to a file."""
    return _SYSTEM_REASONS.get(error.errno or 0) or error.strerror or type(error).__name__


class ConfigurationError(PermanentError):
    """Settings, environment or a command's words are wrong.

    Args:
        message: What is wrong, when it is one thing.
        hint: What to do about it.
        problems: All that is wrong, when it was found at once.
    """

    in_short = say_as("in short", "wrong settings")
    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class AuthorizationError(PermanentError):
    """The till does not accept the token, or the token may not do this."""

    in_short = say_as("in short", "token refused")


class ContractError(PermanentError):
    """An answer is not what the contract promises."""

    in_short = say_as("in short", "wrong answer")


class ErpSchemaError(PermanentError):
    """The ERP lacks a table or column that is needed, or the login lacks the right to read it."""

    in_short = say_as("in short", "ERP incomplete")


class StateVersionError(PermanentError):
    """Our tables are of a newer release than this program."""

    in_short = say_as("in short", "release too old")


class MassRetirementError(PermanentError):
    """More records would be retired than the settings allow without being asked."""

    in_short = say_as("in short", "too many retired")


class UnreadableArchiveError(PermanentError):
    """A folder is no archive, or one that cannot be checked here."""


class OutcomeFailedError(PermanentError):
    """Everything that was attempted was rejected."""

    in_short = say_as("in short", "all rejected")


def unwritable_file(path: Path, error: OSError) -> ConfigurationError:
    """The error for an output file of a command that cannot be written."""
    return ConfigurationError(
        say("The file {path} cannot be written: {reason}.", path=str(path), reason=system_reason(error)),
        hint=say("Name another file, or close the program that has it open.")
        if path.parent.is_dir()
        else say("Make its folder first, or name another file."),
    )


def unwritable_folder(folder: Path, error: OSError) -> ConfigurationError:
    """The error for a folder that a command cannot make, or write into."""
    return ConfigurationError(
        say("The folder {folder} cannot be written: {reason}.", folder=str(folder), reason=system_reason(error)),
        hint=say("Name another folder, or let this user write there."),
    )


def problems_error(problems: Sequence[Problem]) -> ConfigurationError:
    """One error that lists all problems, a line each."""
    lines = (say("  {problem}", problem=problem.text_of()) for problem in problems)
    head = say_count("1 problem in the settings:", "{count} problems in the settings:", count=len(problems))
    return ConfigurationError(joined("\n", (head, *lines)), problems=problems)
