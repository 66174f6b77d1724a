"""Carries batches to an extension's listener: one keep-alive connection, one batch in flight, retried until taken.

The awkward things a sender may do to a listener are fields of DeliveryOptions; change them at any time.
"""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hashlib
from typing import Awaitable, Callable, Optional

from .http1 import read_chunked

RETRY_FIRST_S, RETRY_LAST_S = 0.025, 1.0  # guess: Lambda's schedule is not published
ANSWER_TIMEOUT_S = 10.0                   # guess; counts only while the environment is awake


@dataclasses.dataclass
class DeliveryOptions:
    chunked: bool = False            # Transfer-Encoding: chunked in place of Content-Length
    chunk_bytes: int = 8192
    expect_continue: bool = False    # Expect: 100-continue, and wait for the interim answer
    segment_bytes: int = 0           # > 0: the request goes out in pieces of this size
    segment_pause_ms: float = 0.0
    duplicate_next: int = 0          # the next n batches are delivered twice, as after a lost answer
    break_next: int = 0              # the next n bodies are broken off in the middle, then retried whole
    break_at: float = 0.5            # where: a share of the body
    close_each: bool = False         # a new connection for every batch
    coalesce_bytes: int = 0          # > 0: batches grow to this size whatever the subscription says (2 MiB bodies)
    hold: bool = False               # nothing is delivered while set


class HttpDelivery:
    """Posts bodies to 127.0.0.1:port."""

    def __init__(self, port: int, path: str, options: DeliveryOptions, frozen: Callable[[], bool]):
        self._port = port
        self._path = path
        self._options = options
        self._frozen = frozen
        self._link: Optional[_Link] = None
        self.attempts = 0
        self.refusals = 0

    async def post(self, body: bytes, written: Callable[[], None]) -> bool:
        """One attempt.  True when the listener answered 2xx.  `written` is called as the last byte goes out."""
        self.attempts += 1
        try:
            link = await self._connect()
            status = await self._exchange(link, body, written)
        except (OSError, ConnectionError, asyncio.TimeoutError, ValueError):
            self.close()
            return False
        if self._options.close_each:
            self.close()
        if not 200 <= status < 300:
            self.refusals += 1
            return False
        return True

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    async def _connect(self) -> "_Link":
        if self._link is None or self._link.closed:
            loop = asyncio.get_running_loop()
            _, self._link = await loop.create_connection(_Link, "127.0.0.1", self._port)
        return self._link

    async def _exchange(self, link: "_Link", body: bytes, written: Callable[[], None]) -> int:
        options = self._options
        lines = [f"POST {self._path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", "User-Agent: Go-http-client/1.1",
                 "Content-Type: application/json"]
        if len(body) < 1 << 20:
            lines.append("Sequence-Id: " + base64.b64encode(hashlib.sha256(body).digest()).decode())
        lines.append("Transfer-Encoding: chunked" if options.chunked else f"Content-Length: {len(body)}")
        if options.expect_continue:
            lines.append("Expect: 100-continue")
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        payload = _chunks(body, options.chunk_bytes) if options.chunked else body
        if options.expect_continue:
            answer = link.expect(interim=True)
            link.write(head)
            status = await self._awake(answer, 1.0)  # a server may stay silent: the body follows anyway
            if status is not None and status != 100:
                return status
            head = b""
        if options.break_next > 0:
            options.break_next -= 1
            link.write(head + payload[:int(len(payload) * options.break_at)])
            await link.drained()
            raise ConnectionError("broken off on purpose")
        answer = link.expect(interim=False)
        await self._send(link, head + payload)
        written()
        status = await self._awake(answer, ANSWER_TIMEOUT_S)
        if status is None:
            raise asyncio.TimeoutError()
        return status

    async def _send(self, link: "_Link", data: bytes) -> None:
        size = self._options.segment_bytes
        if size <= 0:
            link.write(data)
            return
        for at in range(0, len(data), size):
            link.write(data[at:at + size])
            await asyncio.sleep(self._options.segment_pause_ms / 1000)

    async def _awake(self, answer: "asyncio.Future[int]", seconds: float) -> Optional[int]:
        """The status, or None after so long awake; a freeze in between starts the time anew."""
        while True:
            done, _ = await asyncio.wait({answer}, timeout=seconds)
            if done:
                return answer.result()
            if not self._frozen():
                return None


class _Link(asyncio.Protocol):
    """A connection that parses status lines and skips bodies."""

    def __init__(self) -> None:
        self.closed = False
        self._transport: Optional[asyncio.Transport] = None
        self._input = b""
        self._answer: Optional[asyncio.Future] = None
        self._interim = False
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport) -> None:
        self._transport = transport

    def connection_lost(self, error) -> None:
        self.closed = True
        self._writable.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed by the listener"))
            self._answer.exception()  # seen: the sender may have left already

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def drained(self) -> Awaitable[bool]:
        return self._writable.wait()

    def expect(self, interim: bool) -> "asyncio.Future[int]":
        self._answer = asyncio.get_running_loop().create_future()
        self._interim = interim
        if self.closed:
            self._answer.set_exception(ConnectionError("closed by the listener"))
        elif self._input:
            self.data_received(b"")
        return self._answer

    def write(self, data: bytes) -> None:
        if self.closed or self._transport is None:
            raise ConnectionError("closed by the listener")
        self._transport.write(data)

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._input += data
        while self._answer is not None and not self._answer.done():
            end = self._input.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._input[:end].decode("latin-1")
            status = int(head.split(" ", 2)[1])
            if status == 100:
                self._input = self._input[end + 4:]
                if self._interim:
                    self._answer.set_result(100)
                continue
            length = 0
            chunked = False
            for line in head.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.strip().lower() == "content-length":
                    length = int(value)
                if name.strip().lower() == "connection" and value.strip().lower() == "close":
                    self.closed = True
                if name.strip().lower() == "transfer-encoding" and "chunked" in value.lower():
                    chunked = True
            stop = read_chunked(bytearray(self._input), end + 4)[1] if chunked else end + 4 + length
            if stop < 0 or len(self._input) < stop:
                return
            self._input = self._input[stop:]
            self._answer.set_result(status)


def _chunks(body: bytes, size: int) -> bytes:
    parts = []
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        parts.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    parts.append(b"0\r\n\r\n")
    return b"".join(parts)


class TcpDelivery:
    """One event per line over a bare TCP connection; nothing is acknowledged."""

    def __init__(self, port: int):
        self._port = port
        self._writer: Optional[asyncio.StreamWriter] = None
        self.attempts = 0
        self.refusals = 0

    async def post(self, body: bytes, written: Callable[[], None]) -> bool:
        self.attempts += 1
        try:
            if self._writer is None:
                _, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._writer.write(body)
            await self._writer.drain()
            written()
            return True
        except OSError:
            self.close()
            return False

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
