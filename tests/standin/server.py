"""LokiStandin: a Loki for tests.  Strict about what Loki refuses, and it fails in every way it is asked to.

    with LokiStandin() as loki:
        ... push to loki.push_url ...
        assert [entry.line for entry in loki.entries] == ["hello"]

One thread per connection; everything public may be called from any thread.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from email.utils import formatdate
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import unquote

from . import query, rules
from .faults import Fault, Plan
from .rules import Limits, Refusal
from .store import Entry, Store
from .tls import TlsOptions
from .wire import Connection, Gone, Head, read_body, read_head, render

PUSH = "/loki/api/v1/push"
LEGACY_PUSH = "/api/prom/push"


class Request:
    """One request as it came over the wire."""

    __slots__ = ("method", "path", "headers", "body", "at", "answered_at", "connection", "status", "whole", "tls")

    def __init__(self, head: Head, body: bytes, whole: bool, connection: int, tls: Optional[str]):
        self.method = head.method
        self.path = head.path
        self.headers = head.headers      # names in lower case
        self.body = body                 # as sent: still compressed
        self.at = time.perf_counter()    # read to its last byte
        self.answered_at: Optional[float] = None
        self.connection = connection
        self.status: Optional[int] = None   # None: never answered
        self.whole = whole
        self.tls = tls

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path} {len(self.body)} bytes -> {self.status})"


class LokiStandin:
    """`limits`: Loki's defaults without the ingestion rates.  `lazy`: answer 204 first, judge when asked for entries
    (for measurements of the client).  `prefix`: a path in front of Loki's, as behind a gateway."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1", *, tls: Optional[TlsOptions] = None,
                 limits: Optional[Limits] = None, auth_enabled: bool = False, authorization: Optional[str] = None,
                 lazy: bool = False, prefix: str = "", backlog: int = 128,
                 clock_ns: Callable[[], int] = time.time_ns, on_push: Optional[Callable[[Request], None]] = None):
        self.host = host
        self.port = port
        self.tls = tls
        self.store = Store(limits or rules.no_rates(), clock_ns)
        self.requests: List[Request] = []
        self.connections = 0             # accepted
        self.handshakes = 0              # TLS handshakes completed
        self.resumptions = 0             # of these, resumed
        self.handshake_failures: List[str] = []
        self._auth_enabled = auth_enabled
        self._authorization = authorization
        self._lazy = lazy
        self._prefix = prefix
        self._backlog = backlog
        self._on_push = on_push
        self._plan = Plan()
        self._unjudged: List[Tuple[Request, int]] = []
        self._context: Optional[ssl.SSLContext] = tls.server_context() if tls else None
        self._listener: Optional[socket.socket] = None
        self._open: Dict[int, Connection] = {}
        self._lock = threading.Lock()
        self._healed = threading.Event()

    # --- start and stop

    def start(self) -> "LokiStandin":
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(self._backlog)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="loki-standin", daemon=True).start()
        return self

    def stop(self, reset: bool = False) -> None:
        """Refuses connections from now on and ends those that are open; start() comes back on the same port."""
        listener, self._listener = self._listener, None
        if listener is not None:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()
        self.heal()
        self.kill_connections(reset)

    def __enter__(self) -> "LokiStandin":
        return self.start() if self._listener is None else self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{self._prefix}"

    @property
    def push_url(self) -> str:
        return self.url + PUSH

    def kill_connections(self, reset: bool = False) -> None:
        with self._lock:
            connections = list(self._open.values())
        for connection in connections:
            connection.reset() if reset else connection.close()

    # --- faults

    def fault(self, kind: str = "status", **details: Any) -> None:
        """See faults.KINDS.  Faults queue up; each strikes its number of `times`."""
        self._healed.clear()
        self._plan.add(Fault(kind, **details))

    def heal(self) -> None:
        """No faults from now on; whoever is held by one is let go (its connection is closed)."""
        self._plan.clear()
        self._healed.set()

    # --- what arrived

    @property
    def entries(self) -> List[Entry]:
        self._judge()
        return self.store.entries

    @property
    def duplicates(self) -> List[Entry]:
        """Repeats of stored entries (same stream, time, line and metadata): Loki swallows them."""
        self._judge()
        return self.store.duplicates

    @property
    def lines(self) -> List[str]:
        return [entry.line for entry in self.entries]

    @property
    def pushes(self) -> List[Request]:
        return [request for request in list(self.requests) if request.path.startswith((self._prefix + PUSH,
                                                                                       self._prefix + LEGACY_PUSH))]

    @property
    def discarded(self) -> Dict[Tuple[str, str], int]:
        self._judge()
        return dict(self.store.discarded)

    def select(self, logql: str) -> List[Entry]:
        test = query.compile_query(logql)
        return [entry for entry in self.entries if test(entry)]

    def wait(self, condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        return True

    def wait_for_lines(self, count: int, seconds: float = 10.0) -> bool:
        return self.wait(lambda: len(self.entries) >= count, seconds)

    def clear(self) -> None:
        """Forgets entries, requests and counters; connections stay."""
        self.store.clear()
        self._unjudged.clear()
        self.requests.clear()
        self.connections = self.handshakes = self.resumptions = 0
        self.handshake_failures.clear()

    # --- serving

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        connection = Connection(sock, number)
        with self._lock:
            self._open[number] = connection
        try:
            if self._context is not None:
                connection.sock = self._handshake(sock)
            while self._serve_one(connection):
                pass
        except (Gone, ValueError):
            pass
        finally:
            with self._lock:
                self._open.pop(number, None)
            connection.close()

    def _handshake(self, sock: socket.socket) -> ssl.SSLSocket:
        try:
            wrapped = self._context.wrap_socket(sock, server_side=True)
        except (OSError, ValueError) as error:
            self.handshake_failures.append(str(error))
            raise Gone("handshake failed") from None
        self.handshakes += 1
        self.resumptions += bool(wrapped.session_reused)
        return wrapped

    def _serve_one(self, connection: Connection) -> bool:
        """One request.  False when the connection is over."""
        head = read_head(connection)
        path = head.path.partition("?")[0]
        is_push = head.method == "POST" and path in (self._prefix + PUSH, self._prefix + LEGACY_PUSH)
        fault = self._plan.take() if is_push else None
        if fault is not None and fault.kind == "no_read":
            self._healed.wait()
            return False
        body, whole = read_body(connection, head, fault.bytes if fault and fault.kind == "reset_in_body" else None)
        tls = connection.sock.version() if isinstance(connection.sock, ssl.SSLSocket) else None
        request = Request(head, body, whole, connection.number, tls)
        with self._lock:
            self.requests.append(request)
            index = len(self.requests) - 1
        if is_push and self._on_push:
            self._on_push(request)
        keep = head.headers.get("connection", "").lower() != "close"
        if fault is None:
            status, answer = self._answer(request, path, index)
            request.status = status
            connection.send(answer)
            request.answered_at = time.perf_counter()
            return keep
        return self._strike(fault, connection, request, path, index) and keep

    def _strike(self, fault: Fault, connection: Connection, request: Request, path: str, index: int) -> bool:
        if fault.kind == "delay":
            self._healed.wait(fault.seconds)
        stores = fault.store or fault.kind in ("delay", "trickle", "answer_then_close", "half_answer")
        status, answer = self._answer(request, path, index) if stores and request.whole else (0, b"")
        if fault.kind == "status":
            status, answer = fault.status, render(fault.status, fault.body, fault.headers)
        if fault.kind in ("status", "delay", "answer_then_close"):
            request.status = status
            connection.send(answer)
            return fault.kind != "answer_then_close"
        if fault.kind == "trickle":
            for at in range(len(answer)):
                connection.send(answer[at:at + 1])
                if self._healed.wait(fault.seconds):
                    return False
            request.status = status
            return True
        if fault.kind == "half_answer":
            connection.send(answer[:10])  # "HTTP/1.1 2"
        elif fault.kind == "garbage":
            connection.send(b"\x00\x01 this is no HTTP\r\n\r\n")
        elif fault.kind in ("reset", "reset_in_body"):
            connection.reset()
        elif fault.kind == "black_hole":
            self._healed.wait()
        return False

    def _answer(self, request: Request, path: str, index: int) -> Tuple[int, bytes]:
        if not path.startswith(self._prefix):
            return 404, render(404, b"404 page not found\n")
        path = path[len(self._prefix):]
        if self._authorization and request.headers.get("authorization") != self._authorization:
            return 401, render(401, b"401 Unauthorized\n", {"WWW-Authenticate": "Basic"})
        if request.method == "POST" and path == PUSH:
            return self._push(request, index)
        if request.method == "POST" and path == LEGACY_PUSH:
            return 204, render(204)  # the v1 body is taken there and nothing is stored
        if request.method == "POST" and path == "/flush":
            self.store.flushed()
            return 204, render(204)
        return self._read(request, path)

    def _push(self, request: Request, index: int) -> Tuple[int, bytes]:
        try:
            tenant = self._tenant(request)
            if len(request.body) > self.store.limits.body_bytes:
                raise Refusal(400, "unexpected EOF")
            if self._lazy:
                self._unjudged.append((request, index))
                return 204, render(204)
            self.store.push(self._parse(request), tenant, index)
        except Refusal as refusal:
            return refusal.status, render(refusal.status, (refusal.body + "\n").encode("utf-8", "replace"), self._date())
        return 204, render(204, headers=self._date())

    def _date(self) -> Dict[str, str]:
        """As Go's server sends it: by the clock that judges."""
        return {"Date": formatdate(self.store.clock_ns() // 10**9, usegmt=True)}

    def _tenant(self, request: Request) -> str:
        if not self._auth_enabled:
            return "fake"
        tenant = request.headers.get("x-scope-orgid")
        refusal = rules.check_tenant(tenant)
        if refusal is not None:
            raise refusal
        return tenant or ""

    @staticmethod
    def _parse(request: Request) -> List[rules.Pushed]:
        return rules.parse(request.body, request.headers.get("content-type"),
                           request.headers.get("content-encoding", ""))

    def _judge(self) -> None:
        """Lazy mode: the pushes that were acknowledged unread."""
        while self._unjudged:
            request, index = self._unjudged.pop(0)
            try:
                self.store.push(self._parse(request), self._tenant(request), index)
            except Refusal as refusal:
                request.status = refusal.status

    def _read(self, request: Request, path: str) -> Tuple[int, bytes]:
        if path == PUSH:
            return 405, render(405)
        parameters = request.path.partition("?")[2]
        if request.method == "POST" and "urlencoded" in request.headers.get("content-type", ""):
            parameters = request.body.decode("latin-1")
        if path == "/ready":
            return 200, render(200, b"ready\n")
        if path == "/metrics":
            lines = [f'loki_discarded_samples_total{{format="loki",reason="{reason}",tenant="{tenant}"}} {count}'
                     for (reason, tenant), count in sorted(self.discarded.items())]
            return 200, render(200, "".join(line + "\n" for line in lines).encode())
        try:
            if path == "/loki/api/v1/query_range":
                flags = request.headers.get("x-loki-response-encoding-flags", "")
                return _json(query.query_range(self.entries, parameters, "categorize-labels" in flags))
        except query.Unsupported as error:
            return 400, render(400, (str(error) + "\n").encode())
        values = query.label_values(self.entries)
        if path == "/loki/api/v1/labels":
            return _json({"status": "success", "data": list(values)})
        if path.startswith("/loki/api/v1/label/") and path.endswith("/values"):
            return _json({"status": "success", "data": values.get(unquote(path.split("/")[-2]), [])})
        return 404, render(404, b"404 page not found\n")


def _json(value: object) -> Tuple[int, bytes]:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return 200, render(200, body, {"Content-Type": "application/json; charset=UTF-8"})
