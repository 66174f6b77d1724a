"""HTTP/1.1 on a blocking socket, by hand: the stand-in must be able to stop at any byte."""

from __future__ import annotations

import socket
import struct
from typing import Callable, Dict, List, Optional, Tuple


class Gone(Exception):
    """The peer closed or reset the connection."""


class Connection:
    """A socket (plain or TLS) with a buffer for reading."""

    def __init__(self, sock: socket.socket, number: int):
        self.sock = sock
        self.number = number
        self._buffer = b""

    def read_until(self, mark: bytes, limit: int = 1 << 20) -> bytes:
        while mark not in self._buffer:
            if len(self._buffer) > limit:
                raise Gone("head too large")
            self._fill()
        head, _, self._buffer = self._buffer.partition(mark)
        return head

    def read_exactly(self, count: int) -> bytes:
        parts: List[bytes] = []
        while count > 0:
            if not self._buffer:
                self._fill(min(count, 1 << 20))
            part, self._buffer = self._buffer[:count], self._buffer[count:]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _fill(self, count: int = 65536) -> None:
        try:
            data = self.sock.recv(max(count, 65536))
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None
        if not data:
            raise Gone("closed")
        self._buffer += data

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None

    def reset(self) -> None:
        """Closes with RST."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.close()

    def close(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Head:
    __slots__ = ("method", "path", "headers")

    def __init__(self, method: str, path: str, headers: Dict[str, str]):
        self.method = method
        self.path = path
        self.headers = headers


def read_head(connection: Connection) -> Head:
    lines = connection.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3:
        raise Gone(f"no request line: {lines[0]!r}")
    headers: Dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Head(parts[0], parts[1], headers)


def read_body(connection: Connection, head: Head, stop_at: Optional[int] = None) -> Tuple[bytes, bool]:
    """The body, and whether it is whole; `stop_at` leaves off after so many bytes."""
    if head.headers.get("expect", "").lower() == "100-continue":
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        parts: List[bytes] = []
        while True:
            size = int(connection.read_until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                while connection.read_until(b"\r\n"):
                    pass
                return b"".join(parts), True
            parts.append(connection.read_exactly(size))
            connection.read_exactly(2)
            if stop_at is not None and sum(map(len, parts)) >= stop_at:
                return b"".join(parts), False
    length = int(head.headers.get("content-length", "0"))
    if stop_at is not None and stop_at < length:
        return connection.read_exactly(stop_at), False
    return connection.read_exactly(length), True


REASONS = {200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           405: "Method Not Allowed", 413: "Request Entity Too Large", 422: "Unprocessable Entity",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
           504: "Gateway Timeout"}


def render(status: int, body: bytes = b"", headers: Optional[Dict[str, str]] = None) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    given = dict(headers or {})
    if status != 204:
        given.setdefault("Content-Length", str(len(body)))
    if body:
        given.setdefault("Content-Type", "text/plain; charset=utf-8")
    lines.extend(f"{name}: {value}" for name, value in given.items())
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


Handler = Callable[[Connection, Head], None]
