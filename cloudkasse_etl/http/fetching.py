"""Fetches a page more than was asked for, so that the network works while a page is checked and stored."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from cloudkasse_etl.http.transport import NOTICE_SECONDS

T = TypeVar("T")


def fetched_ahead(pages: Callable[[threading.Event], Iterator[T]]) -> Iterator[T]:
    """Fetches, in a thread, one page more than was asked for: the network works while a page is checked and stored.

    Args:
        pages: Creates the iterator; setting the event that it is given ends its waiting.
    """
    cancel = threading.Event()
    source = pages(cancel)
    pool = ThreadPoolExecutor(1, thread_name_prefix="cloudkasse-pages")
    try:
        coming = pool.submit(next, source, None)
        while True:
            while not wait([coming], timeout=NOTICE_SECONDS).done:
                continue
            page = coming.result()
            if page is None:
                return
            coming = pool.submit(next, source, None)
            yield page
    finally:
        cancel.set()
        pool.shutdown(wait=True, cancel_futures=True)
