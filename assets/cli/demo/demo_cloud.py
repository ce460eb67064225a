"""The CloudKasse of the demo, served as demo_server.py tells."""

from contextlib import AbstractContextManager
from pathlib import Path

from assets.cli.demo.demo_server import HOST, DemoServer
from cloudkasse_etl.entities import TillKind

TOKEN = "sandbox"


class DemoCloud(DemoServer):
    """The CloudKasse of a demo, which answers on its port for the duration of the `with` block.

    Args:
        folder: The demo's folder.
        port: The demo's port.
        till: The till whose API it has besides.
    """

    def __init__(self, folder: Path, port: int, till: TillKind = "cloudkasse") -> None:
        super().__init__(folder, port, "CloudKasse", "cloud")
        self._data, self._till = folder / "cloudkasse.db", till

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._port}"

    def _server(self) -> AbstractContextManager[object]:
        from cloudkasse_etl.sandbox.server import SandboxServer

        return SandboxServer(self._data, port=self._port, token=TOKEN, till=self._till)
