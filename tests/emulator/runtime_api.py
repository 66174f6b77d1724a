"""Runtime API 2018-06-01, and the two runtimes behind it: a process that speaks it, or a script played in here."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import json
import re
import time
from typing import Callable, Deque, Dict, List, Optional

from .config import Config
from .events import Mark
from .http1 import Request
from .process import Process

_BASE = "/2018-06-01/runtime"
_ERROR_TYPE = re.compile(r"(Runtime|Function)\.[A-Z][a-zA-Z]+\Z")


@dataclasses.dataclass
class Invocation:
    """One invocation on its way through the sandbox.  Times are perf_counter readings."""

    request_id: str
    payload: bytes
    arn: str
    trace_id: str
    deadline_ms: int = 0
    script: Optional[object] = None             # synthetic.Script, for the runtime that is not a process
    runtime_done: str = "normal"                # normal | before_invoke | twice | never
    report: str = "normal"                      # normal | late | never
    started_at: float = 0.0
    response: Optional[bytes] = None
    error_type: Optional[str] = None            # the handler failed, or the runtime did
    response_at: Optional[float] = None
    done_at: Optional[float] = None             # the runtime asked for its next invocation
    status: str = "success"
    done_mark: Optional[Mark] = None            # of platform.runtimeDone
    report_record: Optional[dict] = None

    def fail(self, error_type: str, message: str, status: str = "error") -> None:
        self.status = status
        self.error_type = error_type
        if self.response_at is None:
            self.response = json.dumps({"errorType": error_type, "errorMessage": message}).encode()


class ProcessRuntime:
    """A runtime client in a process of its own (awslambdaric, a custom bootstrap, ...)."""

    def __init__(self, config: Config, process: Process, changed: Callable[[], None]):
        self.process = process
        self.ready = False
        self.init_error: Optional[str] = None
        self.restoring: Optional[Request] = None
        self._config = config
        self._changed = changed
        self._parked: List[Request] = []
        self._waiting: Deque[Invocation] = collections.deque()
        self._open: Dict[str, Invocation] = {}

    def start(self) -> None:
        self.process.start()

    @property
    def exited(self) -> bool:
        return self.process.exit_code is not None

    def give(self, invocation: Invocation) -> None:
        self._waiting.append(invocation)
        self._match()

    def restore(self) -> None:
        """Lets a runtime go that waits for the end of its snapshot."""
        if self.restoring is not None:
            request, self.restoring = self.restoring, None
            self.ready = False
            request.respond(200)

    def snapshot_ready(self) -> bool:
        return self.ready or self.restoring is not None

    def handle(self, request: Request, path: str) -> bool:
        if not path.startswith(_BASE):
            return False
        parts = path[len(_BASE):].strip("/").split("/")
        if request.method == "GET" and parts == ["invocation", "next"]:
            self._next(request)
        elif request.method == "GET" and parts == ["restore", "next"] and self._config.snap_start:
            self.restoring = request
            self._changed()
        elif request.method == "POST" and parts in (["init", "error"], ["restore", "error"]):
            self.init_error = _valid_type(request)
            request.respond_json(202, {"status": "OK"})
            self._changed()
        elif request.method == "POST" and len(parts) == 3 and parts[0] == "invocation":
            self._finish(request, parts[1], parts[2])
        else:
            return False
        return True

    def _next(self, request: Request) -> None:
        if not self._config.managed_instances:
            for invocation in self._open.values():
                if invocation.response_at is not None:
                    invocation.done_at = request.received_at
            self._open = {key: value for key, value in self._open.items() if value.done_at is None}
        self._parked.append(request)
        request.on_abandoned = lambda: request in self._parked and self._parked.remove(request)
        self.ready = True
        self._match()
        self._changed()

    def _match(self) -> None:
        while self._parked and self._waiting:
            request, invocation = self._parked.pop(0), self._waiting.popleft()
            self._open[invocation.request_id] = invocation
            headers = [("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
                       ("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)),
                       ("Lambda-Runtime-Invoked-Function-Arn", invocation.arn),
                       ("Lambda-Runtime-Trace-Id", invocation.trace_id)]
            if self._config.tenant_id:
                headers.append(("Lambda-Runtime-Aws-Tenant-Id", self._config.tenant_id))
            request.respond(200, invocation.payload, headers)

    def _finish(self, request: Request, request_id: str, kind: str) -> None:
        invocation = self._open.get(request_id)
        if invocation is None or invocation.response_at is not None or kind not in ("response", "error"):
            return request.error(400, "InvalidRequestID", "Invalid request ID")
        invocation.response_at = request.received_at
        invocation.response = request.body
        if kind == "error":
            invocation.error_type = _valid_type(request)
            invocation.status = self._config.handler_error_status
        if self._config.managed_instances:
            invocation.done_at = request.received_at
            del self._open[request_id]
        request.respond_json(202, {"status": "OK"})
        self._changed()
        return None


class SyntheticRuntime:
    """A runtime that is not a process: plays each invocation's script inside the emulator."""

    process = None
    restoring = None

    def __init__(self, play: Callable[[Invocation], "asyncio.Future"], changed: Callable[[], None]):
        self.ready = False
        self.exited = False
        self.init_error: Optional[str] = None
        self._play = play
        self._changed = changed
        self._tasks: set = set()

    def start(self) -> None:
        asyncio.get_running_loop().call_soon(self._become_ready)

    def _become_ready(self) -> None:
        self.ready = True
        self._changed()

    def give(self, invocation: Invocation) -> None:
        task = asyncio.get_running_loop().create_task(self._run(invocation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, invocation: Invocation) -> None:
        crashed = await self._play(invocation)
        if crashed:
            self.exited = True
        else:
            invocation.done_at = time.perf_counter()
        self._changed()

    def restore(self) -> None:
        pass

    def snapshot_ready(self) -> bool:
        return self.ready

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def handle(self, request: Request, path: str) -> bool:
        return False


def _valid_type(request: Request) -> str:
    error_type = request.headers.get("lambda-runtime-function-error-type", "")
    return error_type if _ERROR_TYPE.match(error_type) else "Function.Unknown"
