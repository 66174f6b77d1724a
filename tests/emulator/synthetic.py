"""What a synthetic function does in one invocation: a script of telemetry, for tests that need exact records."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import Iterable, Optional, Sequence, Union

from .config import Config
from .events import line_token
from .runtime_api import Invocation
from .telemetry import Hub

BURST = 500  # lines emitted between two turns of the event loop


@dataclasses.dataclass
class Script:
    """Played in the order of the fields."""

    lines: Iterable[Union[str, bytes]] = ()      # as if printed: encoded as the log format asks, newline added
    records: Iterable[bytes] = ()                # JSON values, byte for byte the `record` of function events
    raw_events: Sequence[bytes] = ()             # whole events, byte for byte, well-formed or not
    raw_bodies: Sequence[bytes] = ()             # whole POST bodies, byte for byte
    extension_lines: Iterable[Union[str, bytes]] = ()   # as if another extension had printed them
    platform: Sequence[tuple] = ()               # (type, record) of further platform events
    duration_ms: float = 0.0                     # then the handler works for so long
    pause_ms: float = 0.0                        # between two lines
    late_lines: Iterable[Union[str, bytes]] = ()  # printed just before the handler returns
    response: bytes = b"null"
    error_type: Optional[str] = None             # the handler raises
    crash: bool = False                          # the runtime exits
    hang: bool = False                           # the handler never returns
    paced: bool = True                           # wait while a subscription's buffer is half full

    async def play(self, invocation: Invocation, hub: Hub, config: Config) -> bool:
        """True when the runtime ended."""
        json_logs = config.json_logs
        await self._emit(hub, "function", (line_token(_bytes(line), json_logs) for line in self.lines))
        await self._emit(hub, "function", self.records)
        if self.raw_events:
            hub.exact("function", list(self.raw_events))
        for body in self.raw_bodies:
            hub.body(body)
        await self._emit(hub, "extension", (line_token(_bytes(line), False) for line in self.extension_lines))
        for type_, record in self.platform:
            hub.platform(type_, record)
        if self.duration_ms:
            await asyncio.sleep(self.duration_ms / 1000)
        await self._emit(hub, "function", (line_token(_bytes(line), json_logs) for line in self.late_lines))
        if self.hang:
            await asyncio.Event().wait()
        if self.crash:
            return True
        invocation.response = self.response
        invocation.response_at = time.perf_counter()
        if self.error_type:
            invocation.error_type = self.error_type
            invocation.status = config.handler_error_status
        return False

    async def _emit(self, hub: Hub, kind: str, tokens: Iterable[bytes]) -> None:
        burst = []
        size = 1 if self.pause_ms else BURST
        for token in tokens:
            burst.append(token)
            if len(burst) < size:
                continue
            hub.lines(kind, burst)
            burst = []
            await asyncio.sleep(self.pause_ms / 1000)
            while self.paced and hub.congested():
                await asyncio.sleep(0.001)
        hub.lines(kind, burst)


def _bytes(line: Union[str, bytes]) -> bytes:
    return line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
