"""The clerk's page in the browser: transfer documents with *take over* and *discard*, stock and revenue, sessions."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from cloudkasse_etl.i18n.messages import Language
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.dependencies import Request, Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.takeover import Clerk
from cloudkasse_etl.sandbox.selectline.auftrag.transfer_buffer import TransferBuffer
from cloudkasse_etl.sandbox.selectline.clerk.clerk_orders import waiting
from cloudkasse_etl.sandbox.selectline.clerk.clerk_view import ClerkView
from cloudkasse_etl.sandbox.selectline.clerk.page_words import WORDS
from cloudkasse_etl.sandbox.selectline.webapi.sessions import Sessions

TEMPLATE: Final = "clerk_page.html.j2"
MOST_FORM_BYTES: Final = 20_000

Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(
    books: ShopBooks, buffer: TransferBuffer, clerk: Clerk, sessions: Sessions, language: Language
) -> Iterator[tuple[str, str, Endpoint]]:
    """List the addresses of the page.

    Args:
        books: The shop's database.
        buffer: Its transfer documents.
        clerk: Who takes them over.
        sessions: Who is logged in.
        language: The language of the page.

    Returns:
        Method, path and endpoint of each.
    """
    view = ClerkView(books, buffer, clerk, language)
    words = {name: text.render(language) for name, text in WORDS.items()}

    def rendered(where: str, content: dict[str, Any]) -> Response:
        taken = len(sessions.open)
        used = say("{taken} of {licences} licences in use", taken=taken, licences=sessions.licences)
        everything = {"company": books.company, "tenant": books.tenant, "where": where, "is_taken": taken > 0}
        html = _template().render(t=words, language=language, licences=used.render(language), **everything, **content)
        return Response(html, media_type="text/html; charset=utf-8")

    async def show_documents(request: Request) -> Response:
        query = request.query_params
        chosen = int(query["id"]) if query.get("id", "").isdecimal() else None
        content = await asyncio.to_thread(view.documents, query.get("state", "waiting"), chosen)
        return rendered("documents", content)

    async def show_books(request: Request) -> Response:
        return rendered("books", await asyncio.to_thread(view.books, request.query_params.get("article", "").strip()))

    async def take_over(request: Request) -> Response:
        form = await _form(request)
        numbers = [int(form["id"])] if form.get("id", "").isdecimal() else waiting(books, buffer)

        def work() -> None:
            for number in numbers:
                with suppress(ApiError):  # another clerk was faster: the page shows what it is now
                    clerk.take_over(number)

        await asyncio.to_thread(work)
        return _back(numbers[0] if len(numbers) == 1 else None, "all" if len(numbers) == 1 else "Assumed")

    async def discard(request: Request) -> Response:
        form = await _form(request)
        number = int(form["id"]) if form.get("id", "").isdecimal() else 0
        with suppress(ApiError):
            await asyncio.to_thread(clerk.discard, number, form.get("comment", "").strip())
        return _back(number, "all")

    async def end_sessions(request: Request) -> Response:
        await _form(request)
        sessions.end_all()
        return _back(None, "waiting")

    yield "GET", "/", show_documents
    yield "GET", "/books", show_books
    yield "POST", "/take-over", take_over
    yield "POST", "/discard", discard
    yield "POST", "/end-sessions", end_sessions


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form of this page; none of another site's."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(403, "Another site's form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise ApiError(413, "The form is too large.")
    return {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _back(number: int | None, state: str) -> Response:
    asked = {"state": state} | ({} if number is None else {"id": str(number)})
    return Response(status_code=303, headers={"Location": f"/?{urlencode(asked)}"})


@cache
def _template() -> Template:
    folder = files("cloudkasse_etl.sandbox.selectline.clerk")
    loader = FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8"))
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(TEMPLATE)
