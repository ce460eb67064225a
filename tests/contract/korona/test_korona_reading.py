"""Protects that nothing of KORONA.cloud is missed while it is read: pages, late and changed receipts, cut-off runs."""

import json
import random
import tracemalloc
from typing import Any

import pytest

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.tills.korona import korona_lists
from cloudkasse_etl.tills.korona.korona_client import KoronaClient
from cloudkasse_etl.tills.korona.positions import OVERLAP
from cloudkasse_etl.tills.port import CursorExpired, Page, Stream
from tests.support.korona.korona_cloud import BASE, KoronaCloud, error, korona
from tests.support.korona.korona_description import needs_description
from tests.support.korona.korona_receipts import POINT, raw, receipt
from tests.support.servers.scripted_server import Reply, Request

POS = {"id": POINT["id"], "number": "11", "name": "Kasse 1"}


def sales(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [
        receipt(id=f"0b9c0000-0000-4000-8000-{number:012}", number=f"11-{number:06}", revision=None)
        for number in range(first, first + count)
    ]


def numbers(pages: list[Page]) -> list[str]:
    return [json.loads(text)["number"] for page in pages for text in page.texts]


def read(client: KoronaClient, stream: Stream = "receipts", after: str | None = None) -> tuple[list[str], str]:
    """What is new, and the position to store."""
    pages = list(client.pages(stream, after))
    assert [page.has_more for page in pages] == [True] * (len(pages) - 1) + [False]
    last = pages[-1].next_cursor
    assert last is not None
    return numbers(pages) if stream == "receipts" else [text.decode() for p in pages for text in p.texts], last


@pytest.mark.parametrize(("count", "size"), [(0, 3), (1, 3), (3, 3), (10, 3)])
def test_all_pages_are_read_and_then_it_is_quiet_with_one_request(count: int, size: int) -> None:
    with korona(page_items=size) as (client, cloud, _):
        cloud.put("receipts", *sales(count))
        found, cursor = read(client)
        assert found == [one["number"] for one in sales(count)]
        cloud.requests.clear()
        heads = client.status().heads
        assert (heads["receipts"] == cursor, len(cloud.requests)) == (True, 1)


def test_a_receipt_is_handed_on_as_it_came() -> None:
    with korona() as (client, cloud, _):
        cloud.put("receipts", receipt(depositAmount=raw("1.10000000000000000005")))
        (page,) = client.pages("receipts", None)
        assert b'"depositAmount":1.10000000000000000005' in page.texts[0]


def test_only_what_is_new_is_asked_for_but_a_little_before_it_again() -> None:
    with korona() as (client, cloud, _):
        cloud.put("receipts", *sales(OVERLAP + 20))
        _, cursor = read(client)
        cloud.put("receipts", *sales(2, OVERLAP + 21))
        client.status()
        found, after = read(client, after=cursor)
        assert len(found) == OVERLAP + 2
        assert set(numbers_of(sales(2, OVERLAP + 21))) <= set(found)
        assert client.status().heads["receipts"] == after


def numbers_of(records: list[dict[str, Any]]) -> list[str]:
    return [one["number"] for one in records]


def test_a_receipt_whose_revision_comes_late_is_found() -> None:
    """Two registers write at once: the lower revision becomes visible after the higher one."""
    with korona() as (client, cloud, _):
        one, late, two = sales(3)
        cloud.put("receipts", one | {"revision": 5}, two | {"revision": 7})
        _, cursor = read(client)
        cloud.put("receipts", late | {"revision": 6}, at=1)
        assert client.status().heads["receipts"] != cursor
        found, after = read(client, after=cursor)
        assert late["number"] in found
        assert client.status().heads["receipts"] == after


def test_a_receipt_that_is_voided_comes_again() -> None:
    with korona() as (client, cloud, _):
        cloud.put("receipts", *sales(3))
        _, cursor = read(client)
        cloud.change("receipts", "11-000001", voided=True)
        client.status()
        pages = list(client.pages("receipts", cursor))
        assert [json.loads(text)["voided"] for page in pages for text in page.texts].count(True) == 1


@pytest.mark.parametrize("seed", range(12))
def test_no_receipt_is_missed_while_others_change_and_come(seed: int) -> None:
    """A change takes a receipt out of the list's front, and all others one place forward, over the page's border."""
    chance = random.Random(seed)
    with korona(page_items=4) as (client, cloud, _):
        cloud.put("receipts", *sales(30))
        coming = iter(sales(50, 100))

        def disturb(request: Request, reply: Reply) -> Reply:
            for _ in range(chance.randrange(3) if len(cloud.requests) < 40 else 0):
                if chance.random() < 0.6:
                    cloud.change("receipts", chance.choice(cloud.lists["receipts"])["number"], zcounter=13)
                else:
                    cloud.put("receipts", next(coming), at=chance.choice([0, None]))
            return reply

        cloud.after = disturb
        found, cursor = read(client)
        cloud.after = lambda request, reply: reply
        there = set(numbers_of(cloud.lists["receipts"]))
        client.status()
        later, _ = read(client, after=cursor)
        assert set(numbers_of(sales(30))) <= set(found)
        assert there == {*found, *later}


def test_a_run_that_ends_in_the_middle_goes_on_there() -> None:
    with korona(page_items=3) as (client, cloud, _):
        cloud.put("receipts", *sales(10))
        pages = client.pages("receipts", None)
        first, second = next(pages), next(pages)
        pages.close()  # type: ignore[attr-defined]
        assert second.next_cursor is not None
        assert client.status().heads["receipts"] != second.next_cursor
        found, cursor = read(client, after=second.next_cursor)
        assert [*numbers([first, second]), *found] == numbers_of(sales(10))
        assert client.status().heads["receipts"] == cursor


def test_a_server_that_allows_less_a_page_is_read_to_its_end() -> None:
    with korona(page_items=9) as (client, cloud, _):
        cloud.page_limit = 4
        cloud.put("receipts", *sales(10))
        assert read(client)[0] == numbers_of(sales(10))


def test_a_server_that_refuses_so_many_a_page_is_asked_for_fewer() -> None:
    with korona() as (client, cloud, _):
        cloud.put("receipts", *sales(120))
        strict = lambda request: error(400, "INVALID_QUERY_PARAMETER") if int(request.query["size"]) > 100 else None  # noqa: E731
        cloud.before = strict
        assert read(client)[0] == numbers_of(sales(120))


def test_an_answer_that_is_lost_is_asked_for_again() -> None:
    with korona(page_items=3) as (client, cloud, _):
        cloud.put("receipts", *sales(7))
        replies = iter([Reply(drop=True), None, Reply(503), None, None])
        cloud.before = lambda request: next(replies, None)
        assert read(client)[0] == numbers_of(sales(7))


@pytest.mark.parametrize("cursor", ["r9", "", '{"revision": "x"}', "5"])
def test_a_position_of_another_till_begins_at_the_beginning(cursor: str) -> None:
    with korona() as (client, _, _), pytest.raises(CursorExpired):
        client.pages("receipts", cursor)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"<html>not as described</html>", b'{"not as described": 1}',
     b'{"currentPage": 9, "maxRevision": 1, "results": [], "resultsTotal": 0, "x": "not as described"}',
     b'{"currentPage": 1, "maxRevision": 1, "results": [], "resultsTotal": 5, "x": "not as described"}'],
)  # fmt: skip
def test_a_page_that_is_none_is_told(body: bytes) -> None:
    with korona() as (client, cloud, _):
        cloud.before = lambda request: Reply(body=body if body != b"[]" else b'["not as described"]')
        with pytest.raises(ContractError):
            client.status()


def test_a_list_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(korona_lists, "MAX_SETBACKS", 5)
    with korona(page_items=2) as (client, cloud, _):
        cloud.put("receipts", *sales(6))
        client.status()

        def change(request: Request, reply: Reply) -> Reply:
            for one in numbers_of(sales(6)):
                cloud.change("receipts", one, zcounter=13)
            return reply

        cloud.after = change
        with pytest.raises(ContractError, match="do not come to an end"):
            list(client.pages("receipts", None))


def test_many_receipts_need_the_memory_of_few_pages() -> None:
    with korona(page_items=50) as (client, cloud, _):
        cloud.put("receipts", *sales(2_000))
        client.status()
        tracemalloc.start()
        try:
            peaks = []
            for at, _ in enumerate(client.pages("receipts", None)):
                if at in (5, 35):
                    peaks.append(tracemalloc.get_traced_memory()[1])
                    tracemalloc.reset_peak()
        finally:
            tracemalloc.stop()
        assert peaks[1] < 1.5 * peaks[0]


# --- closings


def statement(number: int) -> dict[str, Any]:
    return {"number": str(number), "zCount": number, "finishTime": "2026-11-23T20:00:00+01:00", "receiptCount": 3}


def test_closings_are_read_by_point_of_sale_and_come_with_it() -> None:
    with korona() as (client, cloud, _):
        second = {"id": "bbbb0000-0000-4000-8000-000000000012", "number": "K2", "name": "Markt"}
        cloud.put("pointsOfSale", POS, second, {"number": "77"})
        cloud.put("receipts", *sales(1))
        cloud.put(f"endOfDayStatements/{POS['id']}", statement(1), statement(2))
        cloud.put(f"endOfDayStatements/{second['id']}", statement(8))
        found, cursor = read(client, "closings")
        placed = [json.loads(text) for text in found]
        assert [(one["pointOfSale"]["number"], one["endOfDayStatement"]["zCount"]) for one in placed] == [
            ("11", 1), ("11", 2), ("K2", 8),
        ]  # fmt: skip
        cloud.requests.clear()
        assert not client.status().has_news("closings", cursor)
        assert cloud.requests == ["GET receipts"]
        assert client.status().has_news("closings", None)
        assert client.status().has_news("closings", "of another till")
        cloud.put("receipts", *sales(1, 2))
        cloud.put(f"endOfDayStatements/{POS['id']}", *[statement(number) for number in range(3, 4)])
        assert client.status().has_news("closings", cursor)
        found, after = read(client, "closings", cursor)
        assert 3 in [json.loads(text)["endOfDayStatement"]["zCount"] for text in found]
        assert not client.status().has_news("closings", after)


def test_closings_of_a_run_that_ended_in_between_are_not_done() -> None:
    with korona(page_items=1) as (client, cloud, _):
        cloud.put("pointsOfSale", POS)
        cloud.put(f"endOfDayStatements/{POS['id']}", statement(1), statement(2))
        pages = client.pages("closings", None)
        first = next(pages)
        pages.close()  # type: ignore[attr-defined]
        assert client.status().has_news("closings", first.next_cursor)
        assert len(read(client, "closings", first.next_cursor)[0]) == 2


def test_without_a_point_of_sale_there_are_no_closings() -> None:
    with korona() as (client, _, _):
        found, cursor = read(client, "closings")
        assert (found, client.status().has_news("closings", cursor)) == ([], False)


@needs_description
def test_what_is_not_described_is_found() -> None:
    cloud = KoronaCloud()
    headers = {"authorization": "Basic "}

    def ask(method: str, path: str, body: bytes = b"", **query: str) -> list[str]:
        cloud.faults.clear()
        cloud(Request(method, f"{BASE}/accounts/acc-1/{path}", query, headers, body))
        return cloud.faults

    assert ask("GET", "receipts") == []
    assert ask("GET", "receipts", limit="5") != []
    assert ask("GET", "bons") != []
    assert ask("POST", "products", b'[{"number": 5}]') != []
    assert ask("POST", "products", b'[{"nummer": "5"}]') != []
    assert ask("POST", "products", b'[{"number": "5"}]') == []
