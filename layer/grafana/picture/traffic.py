"""Fills a Loki with the logs of two functions as the dashboard is to show them: real invocations of a real Python function
under the emulated Lambda, with the extension between it and Loki, and with errors, timeouts, throttled and refused pushes.

The emulator's clock begins some minutes in the past and is moved on, so that minutes of traffic take seconds.
"""

from __future__ import annotations

import collections
import http.server
import json
import os
import random
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Deque, Dict, List

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [path for path in (str(ROOT / "tests"), str(ROOT / "tests" / "loki")) if path not in sys.path]

from emulator import Lambda  # noqa: E402 (the path comes first)
from emulator.function import python_function  # noqa: E402

TIMEOUT_S = 1.0
LINES = [("DEBUG", "cache hit for basket {}"), ("INFO", "order {} received"), ("INFO", "order {} priced"),
         ("INFO", "order {} stored"), ("WARNING", "stock of {} is low"), ("ERROR", "payment of {} was declined")]


class Gateway(http.server.ThreadingHTTPServer):
    """Passes pushes on to Loki, except those it is told to answer itself: `refusals`, one status each."""

    daemon_threads = True

    def __init__(self, loki_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Push)
        self.loki_url = loki_url
        self.refusals: Deque[int] = collections.deque()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Push(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = 0, b""
        if self.server.refusals:
            status = self.server.refusals.popleft()
        else:
            headers = {name: value for name, value in self.headers.items() if name.lower().startswith("content-")}
            try:
                with urllib.request.urlopen(urllib.request.Request(self.server.loki_url + self.path, body, headers)) as said:
                    status, answer = said.status, said.read()
            except urllib.error.HTTPError as refusal:
                with refusal:
                    status, answer = refusal.code, refusal.read()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


def payload(dice: random.Random, busy: float) -> Dict[str, Any]:
    lines: List[Any] = []
    for level, text in LINES:
        chance = {"DEBUG": 0.5, "INFO": 1.0, "WARNING": 0.3, "ERROR": 0.08}[level]
        if dice.random() < chance:
            lines.append([level, text.format(dice.randrange(1000, 9999))])
    return {"work_ms": min(400.0, dice.lognormvariate(2.3, 0.8) * busy), "lines": lines}


def fill(loki_url: str, binary: str, minutes: int, seed: int, per_minute: int = 6) -> None:
    """`minutes` of traffic up to now. The last ones of each function hold its worst."""
    gateway = Gateway(loki_url)
    try:
        for number, name in enumerate(("orders", "billing")):
            _one_function(name, gateway, binary, minutes, random.Random(seed + number), per_minute // (number + 1))
    finally:
        gateway.shutdown()
        gateway.server_close()


def _one_function(name: str, gateway: Gateway, binary: str, minutes: int, dice: random.Random, per_minute: int) -> None:
    function, _ = python_function(str(Path(__file__).with_name("function")), "app.handler")
    with tempfile.TemporaryDirectory(prefix="sleipnir-traffic-") as spool:
        env = {"LOKI_ENDPOINT": gateway.url, "LOKI_SPOOL_DIR": os.path.join(spool, "spool"), "LOKI_FLUSH_STRATEGY": "end"}
        with Lambda(extension=binary, function=function, env=env, function_name=name, memory_mb=128, timeout_s=TIMEOUT_S,
                    handler_error_status="error", log_format="JSON", clock_offset_ms=-minutes * 60_000) as lam:
            for minute in range(minutes):
                busy = 1 + minute / minutes
                lam.clock_offset_ms = -(minutes - minute) * 60_000 + 500
                for _ in range(max(2, per_minute + dice.randrange(-2, 3))):
                    lam.invoke(_json(payload(dice, busy)))
                if dice.random() < 0.25 or minute == minutes - 2:
                    lam.invoke(_json({**payload(dice, busy), "fail": True}))
                if dice.random() < 0.05 or minute == minutes - 2:
                    lam.invoke(_json({"hang": True, "lines": [["ERROR", "the payment service does not answer"]]}))
                if minute == minutes // 2:
                    lam.platform("platform.logsDropped", {"reason": "the subscriber was too slow", "droppedRecords": 7,
                                                          "droppedBytes": 700})
                if minute in (minutes // 2, minutes - 1):
                    gateway.refusals.extend([429, 422] if minute == minutes - 1 else [429])
                    lam.invoke(_json(payload(dice, busy)))
                    lam.invoke(_json(payload(dice, busy)))
            lam.shutdown("spindown")


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
