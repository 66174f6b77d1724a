"""What can be made to go wrong with a push, on demand.

    loki.fault(status=503, times=5)              answers 503 five times, nothing stored
    loki.fault("close", store=True, times=1)     stores, then closes without an answer
    loki.fault("black_hole")                     takes every push and never answers, until heal()
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Dict, List, Optional

KINDS = {
    "status": "answers with `status`, `body` and `headers`",
    "delay": "waits `seconds`, then goes on as usual",
    "close": "reads the request, then closes without an answer",
    "reset": "reads the request, then resets the connection without an answer",
    "reset_in_body": "resets the connection after `bytes` bytes of the body",
    "black_hole": "reads the request and never answers",
    "no_read": "does not read the request at all",
    "trickle": "answers as usual, one byte every `seconds`",
    "answer_then_close": "answers as usual and closes the connection without saying so before",
    "half_answer": "sends the first bytes of the answer, then closes",
    "garbage": "answers with bytes that are no HTTP",
}


@dataclasses.dataclass
class Fault:
    kind: str = "status"
    times: Optional[int] = None       # how many pushes; None: until heal()
    status: int = 503
    body: bytes = b""
    headers: Dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    bytes: int = 0
    store: bool = False               # the push is stored all the same
    skip: int = 0                     # so many pushes pass untouched before the fault begins

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")
        if isinstance(self.body, str):
            self.body = self.body.encode()


class Plan:
    """The faults in the order they were asked for; the first that is not used up strikes."""

    def __init__(self) -> None:
        self._faults: List[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self) -> Optional[Fault]:
        with self._lock:
            if not self._faults:
                return None
            fault = self._faults[0]
            if fault.skip > 0:
                fault.skip -= 1
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.pop(0)
            return fault
