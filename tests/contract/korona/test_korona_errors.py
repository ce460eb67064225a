"""Protects what is done about each error of KORONA.cloud: another try, an end with a sentence, and no secret in it."""

import threading

import pytest

from cloudkasse_etl.errors import AuthorizationError, CloudkasseError, ContractError, NetworkError, StoppedError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.i18n.text import Text
from tests.support.korona.korona_cloud import PASSWORD, error, korona
from tests.support.korona.korona_receipts import SETTINGS, settings
from tests.support.servers.scripted_server import Reply


def test_user_and_password_are_the_login() -> None:
    with korona() as (client, _, _):
        status = client.status()
    assert (status.heads["receipts"], status.company_number, status.counts) == ("0:0", None, {})
    assert abs(status.clock_offset_seconds) < 3600
    with korona(password="wrong") as (client, _, _), pytest.raises(AuthorizationError, match="CLOUDKASSE_API_USER"):
        client.status()


def test_another_account_is_told() -> None:
    other = settings(SETTINGS.replace("acc-1", "acc-2"))
    with korona(shop=other) as (client, _, _), pytest.raises(ContractError, match=r"till\.korona\.account"):
        client.status()


def test_the_daily_limit_ends_the_run_with_one_request() -> None:
    with korona() as (client, cloud, _):
        cloud.before = lambda request: error(429, "DAILY_LIMIT_EXCEEDED")
        with pytest.raises(NetworkError, match="daily limit") as told:
            client.status()
        assert not told.value.is_restartable
        assert len(cloud.requests) == 1


def test_too_many_updates_at_once_wait_and_try_again() -> None:
    told: list[Text] = []
    with korona(on_retry=told.append) as (client, cloud, _):
        replies = iter([error(429, "TOO_MANY_PARALLEL_UPDATE_REQUESTS")] * 2)
        cloud.before = lambda request: next(replies, None)
        client.status()
        assert (len(cloud.requests), len(told)) == (3, 2)


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (error(403, "CLOUD_ACCOUNT_DISABLED"), AuthorizationError, "CLOUD_ACCOUNT_DISABLED"),
        (error(403, "API_USAGE_DISABLED"), AuthorizationError, "may use the API"),
        (error(400, "INVALID_QUERY_PARAMETER"), RefusedError, "refuses"),
        (Reply(500, b"<html>"), NetworkError, "500"),
        (Reply(302, b"", {"Location": "/login"}), ContractError, "redirects"),
        (Reply(407, b""), ContractError, "proxy"),
    ],
)
def test_an_error_is_told_with_what_to_do(reply: Reply, kind: type[CloudkasseError], told: str) -> None:
    with korona() as (client, cloud, _):
        cloud.before = lambda request: reply
        with pytest.raises(kind, match=told):
            client.status()
        cloud.faults.clear()  # answers of something in between are in no description


def test_no_error_shows_the_password() -> None:
    with korona() as (client, cloud, _):
        cloud.before = lambda request: error(400, "INVALID_QUERY_PARAMETER", f"password {PASSWORD}")
        with pytest.raises(RefusedError) as told:
            client.status()
        assert PASSWORD not in f"{told.value} {told.value.detail}"


def test_a_lost_lease_ends_all_waiting() -> None:
    stop = threading.Event()
    stop.set()
    with korona(stop=stop) as (client, cloud, _):
        with pytest.raises(StoppedError):
            client.status()
        assert cloud.requests == []
