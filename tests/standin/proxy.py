"""DelayProxy: a TCP proxy that delays each direction, so that round trips cost what they would over a network.

    with DelayProxy(("127.0.0.1", loki.port), delay_ms=10) as proxy:
        ... connect to proxy.port ...
        proxy.kill(reset=True)

A client's connect succeeds at once (the kernel answers it): the first round trip to be counted is the first exchange.
Set `delay_ms` at any time.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from typing import List, Optional, Tuple


class _Pipe(asyncio.Protocol):
    """One end of a proxied connection; what it receives leaves through its peer after the delay."""

    def __init__(self, proxy: "DelayProxy"):
        self.proxy = proxy
        self.transport: Optional[asyncio.Transport] = None
        self.peer: Optional["_Pipe"] = None
        self._early: List[Tuple[float, bytes]] = []
        self._due = 0.0

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.proxy.black_hole:
            return
        now = time.perf_counter()
        if self.peer is None or self.peer.transport is None:
            self._early.append((now, data))
            return
        self._forward(now, data)

    def connected(self, peer: "_Pipe") -> None:
        self.peer = peer
        early, self._early = self._early, []
        for at, data in early:
            self._forward(at, data)

    def _forward(self, at: float, data: Optional[bytes]) -> None:
        """In order: a later piece never overtakes an earlier one."""
        loop = asyncio.get_running_loop()
        delay = self.proxy.delay_ms / 1000
        self._due = max(self._due, at + delay)
        wait = self._due - time.perf_counter()
        if wait <= 0 and delay == 0:
            self._send(data)
        else:
            loop.call_at(loop.time() + max(0.0, wait), self._send, data)

    def _send(self, data: Optional[bytes]) -> None:
        target = self.peer.transport if self.peer else None
        if target is None or target.is_closing():
            return
        if data is None:
            target.close()
        else:
            self.proxy.bytes_passed += len(data)
            target.write(data)

    def connection_lost(self, error) -> None:
        self.proxy.pipes.discard(self)
        if self.peer is not None:
            self._forward(time.perf_counter(), None)

    def kill(self, reset: bool) -> None:
        if self.transport is None:
            return
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort() if reset else self.transport.close()


class DelayProxy:
    def __init__(self, target: Tuple[str, int], delay_ms: float = 0.0, port: int = 0, host: str = "127.0.0.1"):
        self.target = target
        self.delay_ms = delay_ms
        self.host = host
        self.port = port
        self.black_hole = False          # bytes are taken and thrown away, both ways
        self.connections = 0
        self.bytes_passed = 0
        self.pipes: set = set()
        self._loop = asyncio.new_event_loop()
        self._server: Optional[asyncio.AbstractServer] = None
        self._thread: Optional[threading.Thread] = None

    def start(self) -> "DelayProxy":
        self._thread = threading.Thread(target=self._loop.run_forever, name="delay-proxy", daemon=True)
        self._thread.start()
        self._call(self._listen())
        return self

    def stop(self) -> None:
        """Refuses connections, ends the open ones."""
        if self._thread is None:
            return
        self.refuse()
        self.kill()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._thread = None
        self._loop.close()

    def __enter__(self) -> "DelayProxy":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kill(self, reset: bool = False) -> None:
        """Ends every open connection, by FIN or by RST, on both sides; new ones are taken."""
        async def end() -> None:
            for pipe in list(self.pipes):
                pipe.peer = None
                pipe.kill(reset)
            await asyncio.sleep(0)
        self._call(end())

    def refuse(self) -> None:
        """The listener closes: connection refused."""
        async def close() -> None:
            if self._server is not None:
                self._server.close()
                self._server = None
        self._call(close())

    def accept(self) -> None:
        """Listens again on the same port."""
        self._call(self._listen())

    def _call(self, coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is not None:
            return
        self._server = await self._loop.create_server(self._accepted, self.host, self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    def _accepted(self) -> _Pipe:
        self.connections += 1
        near = _Pipe(self)
        self.pipes.add(near)
        self._loop.create_task(self._connect(near))
        return near

    async def _connect(self, near: _Pipe) -> None:
        if self.black_hole:
            return
        try:
            _, far = await self._loop.create_connection(lambda: _Pipe(self), *self.target)
        except OSError:
            near.kill(reset=True)
            return
        self.pipes.add(far)
        far.connected(near)
        near.connected(far)


class FullBacklog:
    """A listener that never accepts and whose backlog is full: a connect to `port` hangs in SYN."""

    def __init__(self, host: str = "127.0.0.1"):
        self._listener = socket.socket()
        self._listener.bind((host, 0))
        self._listener.listen(0)
        self.host, self.port = self._listener.getsockname()
        self._fillers: List[socket.socket] = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((host, self.port))
            self._fillers.append(filler)
        time.sleep(0.01)

    def close(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._listener.close()

    def __enter__(self) -> "FullBacklog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
