"""A server of bytes on the loopback interface: what a well-behaved server never sends, and when its client hangs up."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Generator
from typing import Final

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Connection:
    """One connection, after its request has been read."""

    def __init__(self, peer: socket.socket, released: threading.Event) -> None:
        self._peer, self.released = peer, released
        self.request = b""
        while not self._is_complete():
            piece = peer.recv(65_536)
            if not piece:
                raise ConnectionError
            self.request += piece

    def _is_complete(self) -> bool:
        head, separator, body = self.request.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head.lower())
        return bool(separator) and len(body) >= (int(length[1]) if length else 0)

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._peer.sendall(data)

    def reply(self, body: bytes, head: bytes = OK) -> None:
        """Send a complete response."""
        self.send(head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    def trickle(self, piece: bytes) -> None:
        """Send *piece* again and again, until the client hangs up or the test ends."""
        while not self.released.wait(0.02):
            self.send(piece)

    def wait_for_hangup(self) -> None:
        """Send nothing until the client hangs up or the test ends."""
        self._peer.settimeout(0.02)
        while not self.released.is_set():
            with contextlib.suppress(TimeoutError, socket.timeout):
                if not self._peer.recv(65_536):
                    raise ConnectionError


class RawServer:
    """Answers each connection with *handle* on a thread."""

    def __init__(self, handle: Callable[[Connection], None]) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.released = threading.Event()
        self.requests: list[bytes] = []
        self.answering = 0
        """Connections that are answered now."""
        self.requested = threading.Event()
        self.hung_up = threading.Event()
        """A client has closed its connection before its response was complete."""

    @contextlib.contextmanager
    def running(self) -> Generator["RawServer", None, None]:
        """Accept connections, until the test ends."""
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            self.released.set()
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            accepting.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=[peer], daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            try:
                connection = Connection(peer, self.released)
            except OSError:
                return
            self.requests.append(connection.request)
            self.answering += 1
            self.requested.set()
            try:
                self._handle(connection)
            except OSError:
                self.hung_up.set()
            finally:
                self.answering -= 1
