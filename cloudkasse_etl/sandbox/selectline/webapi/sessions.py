"""Sessions of the Web API: login within the licences, and the tenant and year that each has chosen.

State is kept on the server. A licence is taken from login to logout: a client that forgets to log out keeps it until a
person ends its session, and meanwhile nobody else may be let in.
"""

import hmac
import threading
import uuid
from dataclasses import dataclass, field
from typing import Final

from cloudkasse_etl.sandbox.selectline.api_errors import SESSION_GONE, ApiError, BareError

SCHEME: Final = "LoginId"


@dataclass
class Session:
    """One login.

    Attributes:
        token: What its requests are known by.
        tenant: The tenant's database; that of the user's last session at first.
        year: The year's database; none at first.
        number: Counts logins, for people.
        requests: How many requests came in it.
        under_way: How many of them are not answered yet.
    """

    token: str
    tenant: str
    number: int
    year: str | None = None
    requests: int = 0
    under_way: int = 0


@dataclass
class Credentials:
    """The only user that may log in, and the key of the only application."""

    user: str = "sandbox"
    password: str = field(default="sandbox", repr=False)
    app_key: str = field(default="sandbox", repr=False)


class Sessions:
    """All that are open.

    Args:
        credentials: Who may log in.
        licences: How many sessions may be open at once.
        tenant: The tenant that a user's first session begins in.

    Attributes:
        user: The user's name.
        licences: How many sessions may be open at once.
        most_at_once: The most requests that were ever under way in one session; the real server mixes up numbers
            at two (API#451).
    """

    def __init__(self, credentials: Credentials, *, licences: int, tenant: str) -> None:
        self._credentials = credentials
        self.user = credentials.user
        self.licences = licences
        self.most_at_once = 0
        self._tenant = tenant
        self._open: dict[str, Session] = {}
        self._logins = 0
        self._lock = threading.Lock()

    def login(self, user: object, password: object, app_key: object) -> Session:
        """Open a session; an older one of the same user ends, if there is a licence left to open this one with.

        Args:
            user: The user's name.
            password: The user's password.
            app_key: The application's key.

        Returns:
            The session.

        Raises:
            BareError: 400 without a name or a password, 403 for wrong ones, 402 without a free licence.
        """
        if not all(isinstance(value, str) and value for value in (user, password)):
            raise BareError(400, "UserName and Password are required.")
        known = self._credentials
        pairs = ((user, known.user), (password, known.password), (app_key or "", known.app_key))
        if not all(hmac.compare_digest(str(given).encode(), right.encode()) for given, right in pairs):
            raise BareError(403, "No such user, a wrong password or a wrong AppKey.")
        with self._lock:
            if len(self._open) >= self.licences:
                raise BareError(402, "There is no free licence.")
            self._open.clear()
            self._logins += 1
            session = Session(uuid.uuid4().hex, self._tenant, self._logins)
            self._open[session.token] = session
        return session

    def of(self, authorization: str) -> Session:
        """The session of a request.

        Args:
            authorization: The value of the request's header.

        Raises:
            ApiError: 403: there is none, or it has ended.
        """
        token = token_of(authorization)
        with self._lock:
            session = self._open.get(token)
        if session is None:
            raise ApiError(403, "The LoginId is not valid, or no longer.", code=SESSION_GONE)
        return session

    def choose(self, session: Session, *, tenant: str | None, year: str | None) -> None:
        """Choose a session's tenant and year; the user's next session begins in that tenant.

        Args:
            session: The session.
            tenant: The tenant's database, None to keep the present one; another one has no year chosen.
            year: The year's database, None to keep the present one.
        """
        with self._lock:
            if tenant is not None and tenant != session.tenant:
                session.tenant, session.year = tenant, None
            if year is not None:
                session.year = year
            self._tenant = session.tenant

    def remember(self, tenant: str) -> None:
        """Let the user's next session begin in a tenant, and the present one stay where it is."""
        with self._lock:
            self._tenant = tenant

    def begin(self, session: Session) -> None:
        """Note that a request of a session is under way."""
        with self._lock:
            session.requests += 1
            session.under_way += 1
            self.most_at_once = max(self.most_at_once, session.under_way)

    def finish(self, session: Session) -> None:
        """Note that a request of a session is answered."""
        with self._lock:
            session.under_way -= 1

    def end(self, token: str) -> None:
        """End a session, if it is open."""
        with self._lock:
            self._open.pop(token, None)

    def end_all(self) -> int:
        """End every session, as an administrator does. Returns how many there were."""
        with self._lock:
            count = len(self._open)
            self._open.clear()
        return count

    @property
    def open(self) -> list[Session]:
        """The open ones, oldest first."""
        with self._lock:
            return list(self._open.values())


def token_of(authorization: str) -> str:
    """The token of a header such as "LoginId 3f2a"; empty where it has another form."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme == SCHEME else ""
