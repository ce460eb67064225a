"""The SelectLine of the demo: its Web API and its clerk's page, over the shop's database."""

from contextlib import AbstractContextManager
from pathlib import Path

from assets.cli.click_messages import language
from assets.cli.demo.demo_server import HOST, DemoServer

USER = "sandbox"  # password and AppKey too
LICENCES = 3  # a run, a check beside it, and a person who looks


class DemoSelectline(DemoServer):
    """The SelectLine of a demo, which answers on its port for the duration of the `with` block.

    Args:
        folder: The demo's folder.
        port: Its port.
        erp_url: The shop's database.
    """

    def __init__(self, folder: Path, port: int, erp_url: str) -> None:
        super().__init__(folder, port, "SelectLine", "selectline")
        self._erp_url = erp_url

    @property
    def page(self) -> str:
        """The address of the clerk's page."""
        return f"http://{HOST}:{self._port}"

    @property
    def url(self) -> str:
        """The address of its API."""
        from cloudkasse_etl.sandbox.selectline.selectline_faults import BASE

        return f"{self.page}{BASE}"

    def _server(self) -> AbstractContextManager[object]:
        from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer

        return SelectlineServer(self._erp_url, port=self._port, licences=LICENCES, language=language())
