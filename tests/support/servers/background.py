"""A server that answers in a thread of its own while a test goes on."""

import socketserver
import threading


class InBackground:
    """What listens from `listen` to the end of its `with` block."""

    port: int

    def listen(self, server: socketserver.TCPServer) -> None:
        """Lets a server answer; where it was given no port, `port` says which one it has."""
        self._server = server
        self.port = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
