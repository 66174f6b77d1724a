"""A small HTTP/1.1 server for the runtime API: callbacks only, so that a long poll costs one parked request.

A handler gets a Request and calls `respond` now or later; one request at a time per connection, keep-alive,
Content-Length and chunked bodies.  `received_at` is taken as the last byte arrives: holds are measured with it.
asyncio switches Nagle off on every TCP socket it makes.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Callable, Dict, Iterable, List, Optional, Tuple

REASONS = {200: "OK", 202: "Accepted", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
           405: "Method Not Allowed", 413: "Payload Too Large", 500: "Internal Server Error"}
Headers = Iterable[Tuple[str, str]]


class Request:
    __slots__ = ("method", "path", "headers", "body", "received_at", "answered", "on_abandoned", "_connection")

    def __init__(self, method: str, path: str, headers: Dict[str, str], body: bytes, connection: "Connection"):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.received_at = time.perf_counter()
        self.answered = False
        self.on_abandoned: Optional[Callable[[], None]] = None
        self._connection = connection

    def respond(self, status: int, body: bytes = b"", headers: Headers = (), content_type: str = "application/json"):
        if self.answered:
            return
        self.answered = True
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", f"Content-Length: {len(body)}"]
        if body:
            lines.append(f"Content-Type: {content_type}")
        lines.extend(f"{name}: {value}" for name, value in headers)
        self._connection.answer(self, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def respond_json(self, status: int, value: object, headers: Headers = ()) -> None:
        self.respond(status, json.dumps(value, separators=(",", ":")).encode(), headers)

    def error(self, status: int, error_type: str, message: str) -> None:
        self.respond_json(status, {"errorMessage": message, "errorType": error_type})

    def drop(self) -> None:
        """Closes the connection without an answer."""
        self.answered = True
        self._connection.abort()


class Connection(asyncio.Protocol):
    def __init__(self, server: "Server"):
        self._server = server
        self._transport: Optional[asyncio.Transport] = None
        self._input = bytearray()
        self._pending: Optional[Request] = None

    def connection_made(self, transport) -> None:
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, error) -> None:
        self._server.connections.discard(self)
        pending, self._pending = self._pending, None
        if pending is not None and not pending.answered:
            pending.answered = True
            if pending.on_abandoned:
                pending.on_abandoned()

    def data_received(self, data: bytes) -> None:
        self._input += data
        self._serve()

    def answer(self, request: Request, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if request.headers.get("connection", "").lower() == "close":
            self._transport.close()
            return
        if self._pending is request:
            self._pending = None
            if self._input:
                asyncio.get_running_loop().call_soon(self._serve)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _serve(self) -> None:
        while self._pending is None:
            try:
                request = self._parse()
            except ValueError:
                self.abort()
                return
            if request is None:
                return
            self._pending = request
            self._server.handler(request)

    def _parse(self) -> Optional[Request]:
        """The next whole request, or None while bytes are missing."""
        end = self._input.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._input[:end].decode("latin-1").split("\r\n")
        method, path, _version = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        start = end + 4
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body, stop = read_chunked(self._input, start)
            if stop < 0:
                return None
        else:
            stop = start + int(headers.get("content-length", "0"))
            if len(self._input) < stop:
                return None
            body = bytes(self._input[start:stop])
        del self._input[:stop]
        return Request(method, path, headers, body, self)


def read_chunked(data: bytearray, at: int) -> Tuple[bytes, int]:
    """The chunked body that begins at `at` and the index after it; the index is -1 while bytes are missing."""
    parts: List[bytes] = []
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return b"", -1
        size = int(bytes(data[at:line_end]).split(b";")[0], 16)
        at = line_end + 2
        if size == 0:
            end = data.find(b"\r\n", at)
            if end < 0:
                return b"", -1
            if end == at:
                return b"".join(parts), end + 2
            trailer_end = data.find(b"\r\n\r\n", at)
            return (b"", -1) if trailer_end < 0 else (b"".join(parts), trailer_end + 4)
        if len(data) < at + size + 2:
            return b"", -1
        parts.append(bytes(data[at:at + size]))
        at += size + 2


class Server:
    """Listens on an ephemeral loopback port; `handler` is called with every request, on the loop's thread."""

    def __init__(self, handler: Callable[[Request], None]):
        self.handler = handler
        self.connections: set = set()
        self.address = ""
        self._server: Optional[asyncio.AbstractServer] = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.abort()
