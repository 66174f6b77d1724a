"""The Telemetry API's sending half: the hub every event goes through, and a bounded buffer per subscription.

A subscription closes a batch at maxItems, at maxBytes or timeoutMs after its first event, sends one batch at a
time and the same batch again until it is acknowledged.  What does not fit its buffer meanwhile is dropped, and
platform.logsDropped says so.  While the environment is frozen nothing moves.
"""

from __future__ import annotations

import asyncio
import collections
import time
from typing import Deque, Dict, List, Optional, Sequence, Tuple

from .delivery import RETRY_FIRST_S, RETRY_LAST_S, DeliveryOptions, HttpDelivery, TcpDelivery
from .events import Event, Mark, render_lines
from .subscribe import Terms

DROP_REASON = "Some logs were dropped because the downstream consumer is slower than the logs production rate"


class Subscription:
    def __init__(self, hub: "Hub", agent: str, terms: Terms):
        self.hub = hub
        self.agent = agent
        self.terms = terms
        self.sent_batches = 0
        self.sent_events = 0
        self.dropped_events = 0
        if terms.protocol == "HTTP":
            self.delivery = HttpDelivery(terms.port, terms.path, hub.options, lambda: hub.frozen)
        else:
            self.delivery = TcpDelivery(terms.port)
        self._waiting: Deque[bytes] = collections.deque()
        self._waiting_bytes = 0
        self._bodies: Deque[bytes] = collections.deque()  # whole bodies, sent as they are
        self._put_count = 0
        self._cut_count = 0
        self._marks: Deque[Tuple[int, Mark]] = collections.deque()
        self._dropped = [0, 0]
        self._in_flight = False
        self._first_at = 0.0
        self._wake = asyncio.Event()
        self._flushing = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def pending(self) -> int:
        return len(self._waiting) + len(self._bodies) + int(self._in_flight)

    @property
    def congested(self) -> bool:
        return self._waiting_bytes > self.hub.buffer_bytes // 2

    def put(self, events: Sequence[bytes], mark: Optional[Mark] = None) -> None:
        size = sum(map(len, events))
        if self._waiting_bytes + size > self.hub.buffer_bytes:
            events, size = self._shorten(events)
            if not events:
                return
        if not self._waiting:
            self._first_at = time.perf_counter()
        self._waiting.extend(events)
        self._waiting_bytes += size
        self._put_count += len(events)
        if mark is not None:
            self._marks.append((self._put_count, mark))
        self._wake.set()

    def put_body(self, body: bytes) -> None:
        self._bodies.append(body)
        self._wake.set()

    def flush(self) -> None:
        """What waits goes out at once."""
        self._flushing = True
        self._wake.set()

    def poke(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._task.cancel()
        self.delivery.close()

    def _shorten(self, events: Sequence[bytes]) -> Tuple[List[bytes], int]:
        kept: List[bytes] = []
        size = 0
        for event in events:
            if self._waiting_bytes + size + len(event) > self.hub.buffer_bytes:
                self._dropped[0] += 1
                self._dropped[1] += len(event)
                self.dropped_events += 1
            else:
                kept.append(event)
                size += len(event)
        return kept, size

    def _report_drops(self) -> None:
        if self._dropped[0] and "platform" in self.terms.types:
            record = {"reason": DROP_REASON, "droppedRecords": self._dropped[0], "droppedBytes": self._dropped[1]}
            event = Event(self.hub.now_ms(), "platform.logsDropped", record).render(self.terms.schema)
            self._waiting.append(event)
            self._waiting_bytes += len(event)
            self._put_count += 1
        self._dropped = [0, 0]

    async def _run(self) -> None:
        while True:
            while not self._waiting and not self._bodies:
                self._flushing = False
                self._wake.clear()
                await self._wake.wait()
            await self._until_due()
            await self.hub.awake()
            if self._bodies:
                await self._deliver(self._bodies.popleft(), [])
            elif self._waiting:
                body, marks = self._cut()
                await self._deliver(body, marks)

    async def _until_due(self) -> None:
        bytes_max = self.hub.options.coalesce_bytes or self.terms.bytes_max
        items_max = 1 << 30 if self.hub.options.coalesce_bytes else self.terms.items_max
        due = self._first_at + self.terms.timeout_ms / 1000
        while not (self._flushing or self._bodies or self._waiting_bytes >= bytes_max
                   or len(self._waiting) >= items_max):
            left = due - time.perf_counter()
            if left <= 0:
                return
            self._wake.clear()
            timer = asyncio.get_running_loop().call_later(left, self._wake.set)
            await self._wake.wait()
            timer.cancel()

    def _cut(self) -> Tuple[bytes, List[Mark]]:
        """Takes the next batch off the buffer: at most maxItems, closed by the event that reaches maxBytes."""
        self._report_drops()
        bytes_max = self.hub.options.coalesce_bytes or self.terms.bytes_max
        items_max = 1 << 30 if self.hub.options.coalesce_bytes else self.terms.items_max
        taken: List[bytes] = []
        size = 0
        waiting = self._waiting
        while waiting and len(taken) < items_max and size < bytes_max:
            event = waiting.popleft()
            taken.append(event)
            size += len(event)
        self._waiting_bytes -= size
        self._cut_count += len(taken)
        self._first_at = time.perf_counter()
        marks = []
        while self._marks and self._marks[0][0] <= self._cut_count:
            marks.append(self._marks.popleft()[1])
        self.sent_events += len(taken)
        if self.terms.protocol == "TCP":
            return b"\n".join(taken) + b"\n", marks
        return b"[" + b",".join(taken) + b"]", marks

    async def _deliver(self, body: bytes, marks: List[Mark]) -> None:
        self._in_flight = True
        pause = RETRY_FIRST_S
        again = 1

        def written() -> None:
            now = time.perf_counter()
            for mark in marks:
                mark.posted.setdefault(self.agent, now)

        while again:
            await self.hub.awake()
            if not await self.delivery.post(body, written):
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_LAST_S)
                continue
            self.sent_batches += 1
            pause = RETRY_FIRST_S
            again -= 1
            if self.hub.options.duplicate_next > 0:
                self.hub.options.duplicate_next -= 1
                again += 1
        now = time.perf_counter()
        for mark in marks:
            mark.answered[self.agent] = now
        self._in_flight = False
        self.hub.on_delivered()


class Hub:
    """All events of one sandbox pass here.  Outlives resets, as do the subscriptions."""

    def __init__(self, buffer_bytes: int, clock_offset_ms: int, on_event=None):
        self.options = DeliveryOptions()
        self.buffer_bytes = buffer_bytes
        self.clock_offset_ms = clock_offset_ms
        self.subscriptions: Dict[Terms, Subscription] = {}
        self.platform_events: List[dict] = []
        self.counts: Dict[str, int] = collections.Counter()
        self.frozen = False
        self.on_event = on_event
        self.on_delivered = lambda: None
        self._backlog: Optional[list] = None
        self._thawed = asyncio.Event()
        self._thawed.set()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.clock_offset_ms

    # The backlog: events of this init, for subscribers that are still to come.

    def open_backlog(self) -> None:
        self._backlog = []

    def close_backlog(self) -> None:
        self._backlog = None

    def subscribe(self, agent: str, terms: Terms) -> bool:
        """False when this very subscription exists already."""
        known = self.subscriptions.get(terms)
        if known is not None:
            known.agent = agent
            known.poke()
            return False
        subscription = Subscription(self, agent, terms)
        self.subscriptions[terms] = subscription
        for entry in self._backlog or ():
            _offer(subscription, *entry)
        return True

    def platform(self, type_: str, record: dict, mark: Optional[Mark] = None, time_ms: Optional[int] = None) -> Mark:
        event = Event(self.now_ms() if time_ms is None else time_ms, type_, record, mark or Mark())
        self.platform_events.append({"time_ms": event.time_ms, "type": type_, "record": record})
        if self.on_event:
            self.on_event(type_, record)
        self._spread("platform", event)
        return event.mark

    def lines(self, kind: str, tokens: List[bytes]) -> None:
        """Lines of `function` or `extension`: each token is the JSON value of one record."""
        if tokens:
            self._spread(kind, (self.now_ms(), tokens))

    def exact(self, kind: str, events: List[bytes]) -> None:
        """Bytes that stand in a batch as they are, well-formed or not."""
        self._spread(kind, events)

    def body(self, body: bytes) -> None:
        """A whole POST body, exactly."""
        for subscription in self.subscriptions.values():
            subscription.put_body(body)

    def freeze(self) -> None:
        self.frozen = True
        self._thawed.clear()

    def thaw(self) -> None:
        self.frozen = False
        self._thawed.set()

    async def awake(self) -> None:
        while self.frozen or self.options.hold:
            if self.frozen:
                await self._thawed.wait()
            else:
                await asyncio.sleep(0.001)

    def congested(self) -> bool:
        return any(subscription.congested for subscription in self.subscriptions.values())

    def flush(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.flush()

    def pending(self) -> int:
        return sum(subscription.pending for subscription in self.subscriptions.values())

    def stop(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.stop()

    def _spread(self, kind: str, payload) -> None:
        self.counts[kind] += len(payload[1]) if isinstance(payload, tuple) else 1
        if self._backlog is not None:
            self._backlog.append((kind, payload))
        for subscription in self.subscriptions.values():
            _offer(subscription, kind, payload)


def _offer(subscription: Subscription, kind: str, payload) -> None:
    """`payload`: an Event, (time, tokens) of lines, or a list of exact bytes."""
    if kind not in subscription.terms.types:
        return
    if isinstance(payload, Event):
        subscription.put([payload.render(subscription.terms.schema)], payload.mark)
    elif isinstance(payload, tuple):
        subscription.put(render_lines(kind, payload[1], payload[0], subscription.terms.schema))
    else:
        subscription.put(payload)
