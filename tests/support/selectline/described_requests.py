"""Compares each request that is sent to SelectLine's Web API with its own description."""

import io
import json
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.support.selectline.selectline_description import faults_of_request

BASE = "/slmobileApi"


class DescribedRequests:
    """What was asked of the API from now on, and what of it is not as described."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._faults: dict[str, list[str]] = defaultdict(list)
        send = requests.Session.send

        def looked_at(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> requests.Response:
            parts = urlsplit(str(request.url))
            if parts.path.startswith(BASE):
                path, body = parts.path.removeprefix(BASE), request.body
                content = json.loads(body.getvalue()) if isinstance(body, io.BytesIO) else None
                wrong = faults_of_request(str(request.method), path, dict(parse_qsl(parts.query)), content)
                self._faults[f"{request.method} {path}"] += map(str, wrong)
            return send(session, request, **more)

        monkeypatch.setattr(requests.Session, "send", looked_at)

    def are_valid(self, *wanted: str) -> bool:
        """Whether all requests are as described, and these were among them; fails otherwise."""
        assert {what: wrong for what, wrong in self._faults.items() if wrong} == {}
        assert {*wanted} <= self._faults.keys()
        return True
