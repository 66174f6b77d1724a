"""The flow of one invocation through a sandbox, from platform.start to platform.report.

start -> INVOKE to extensions and runtime -> the runtime's next -> runtimeDone -> every extension's /next -> report.
A function timeout, a runtime that exits or an extension that exits resets the sandbox instead.
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
import secrets
import time
import uuid
from typing import Dict, Optional

from .events import Mark, timestamp
from .runtime_api import Invocation
from .sandbox import Sandbox
from .specs import ShutdownResult

# How long the "runtimeDone before INVOKE" case waits for the listener to have taken runtimeDone.
EARLY_DONE_S = 2.0


@dataclasses.dataclass
class InvokeResult:
    """What an invocation did.  Holds are read when asked for: runtimeDone may still be in Lambda's buffer."""

    request_id: str
    status: str                                  # success | error | failure | timeout
    error_type: Optional[str]
    response: Optional[bytes]
    duration_ms: float                           # start to the last extension's /next
    report: Optional[dict]
    cold: bool
    reset: Optional[ShutdownResult]              # when the environment had to be reset
    next_at: Dict[str, Optional[float]]          # perf_counter per extension; None: it did not ask again
    done_at: Optional[float]
    done_mark: Optional[Mark]
    peak_rss_kb: Dict[str, int]

    def hold_of(self, extension: str) -> Optional[float]:
        """Milliseconds from the POST that carried runtimeDone (its last byte written) to the extension's /next.

        0 when /next came first; None when there was no /next or no POST yet.
        """
        posted = self.done_mark.posted.get(extension) if self.done_mark else None
        asked = self.next_at.get(extension)
        if asked is None or posted is None:
            return 0.0 if asked is not None and self.done_at is not None and asked <= self.done_at else None
        return max(0.0, (asked - posted) * 1000)

    @property
    def hold_ms(self) -> Optional[float]:
        """The first extension's hold."""
        return next((self.hold_of(name) for name in self.next_at), None)

    @property
    def hold_after_done_ms(self) -> Optional[float]:
        """From the end of the runtime's work to the last /next, with the telemetry buffer's delay in it."""
        asked = [at for at in self.next_at.values() if at is not None]
        if not asked or self.done_at is None:
            return None
        return max(0.0, (max(asked) - self.done_at) * 1000)


async def run(sandbox: Sandbox, invocation: Invocation) -> InvokeResult:
    """Runs one invocation; brings the environment up first when it is down."""
    config = sandbox.config
    if not sandbox.snapshotted:
        await sandbox.thaw()
    begun = time.perf_counter()
    end = begun + config.timeout_s
    phase = "init"
    if not sandbox.alive:
        phase = "invoke" if sandbox.inits else "init"
        error = await sandbox.init(phase, end if phase == "invoke" else None)
        if error and phase == "init":  # suppressed: once more, as part of the invocation
            phase, begun = "invoke", time.perf_counter()
            end = begun + config.timeout_s
            error = await sandbox.init(phase, end)
        if error:
            invocation.fail(error, f"RequestId: {invocation.request_id} Error: init failed", _status(error))
            return _result(sandbox, invocation, begun, True, None)
        if phase == "init":
            begun = time.perf_counter()
            end = begun + config.timeout_s
    if sandbox.snapshotted:
        await sandbox.restore()
        begun = time.perf_counter()
        end = begun + config.timeout_s
    cold = sandbox.fresh or phase == "invoke"
    invocation.started_at = time.perf_counter()
    invocation.deadline_ms = time.time_ns() // 1_000_000 + int((end - time.perf_counter()) * 1000)
    _start(sandbox, invocation)
    return await _play(sandbox, invocation, begun, end, cold)


def _start(sandbox: Sandbox, invocation: Invocation) -> None:
    config = sandbox.config
    record = {"requestId": invocation.request_id, "version": config.function_version, "functionArn": invocation.arn}
    if config.tenant_id:
        record["tenantId"] = config.tenant_id
    record["tracing"] = {"spanId": secrets.token_hex(8), "type": "X-Amzn-Trace-Id", "value": invocation.trace_id}
    sandbox.hub.platform("platform.start", record)


async def _play(sandbox: Sandbox, invocation: Invocation, begun: float, end: float, cold: bool) -> InvokeResult:
    early = invocation.runtime_done == "before_invoke"
    if not early:
        _invoke_extensions(sandbox, invocation)
    sandbox.runtime.give(invocation)
    if sandbox.late_report is not None:
        report, sandbox.late_report = sandbox.late_report, None
        sandbox.hub.platform("platform.report", report)
    finished = await sandbox.until(lambda: invocation.done_at is not None or _broken(sandbox), end)
    if invocation.done_at is None:
        return await _reset(sandbox, invocation, begun, cold, timed_out=not finished)
    if not sandbox.config.managed_instances:
        _runtime_done(sandbox, invocation)
    if early:
        sandbox.hub.flush()
        limit = time.perf_counter() + EARLY_DONE_S
        while not invocation.done_mark.answered and time.perf_counter() < limit:
            await asyncio.sleep(0.001)
        _invoke_extensions(sandbox, invocation)
    if not sandbox.config.managed_instances:
        waiting = sandbox.api.invoked()
        ready = await sandbox.until(
            lambda: all(agent.state == "Ready" for agent in waiting) or _broken(sandbox), end)
        if not ready or _broken(sandbox):
            return await _reset(sandbox, invocation, begun, cold, timed_out=not ready)
    _report(sandbox, invocation, begun, cold)
    return _result(sandbox, invocation, begun, cold, None)


def _invoke_extensions(sandbox: Sandbox, invocation: Invocation) -> None:
    for agent in sandbox.api.invoked():
        agent.send({"eventType": "INVOKE", "deadlineMs": invocation.deadline_ms, "requestId": invocation.request_id,
                    "invokedFunctionArn": invocation.arn,
                    "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id}})
    sandbox.trace("INVOKE", "", request_id=invocation.request_id)


def _broken(sandbox: Sandbox) -> bool:
    return bool(sandbox.crash) or sandbox.runtime.exited or sandbox.api.failed() is not None


def _runtime_done(sandbox: Sandbox, invocation: Invocation) -> None:
    """platform.runtimeDone, once, twice or not at all; after all the function wrote."""
    if sandbox.runtime.process is not None:
        sandbox.runtime.process.drain()
    now = time.perf_counter()
    started = invocation.started_at
    response_at = invocation.response_at or now
    produced = len(invocation.response or b"") if invocation.response_at else 0
    record = {"requestId": invocation.request_id, "status": invocation.status}
    if invocation.status in ("error", "failure") and invocation.error_type:
        record["errorType"] = invocation.error_type
    record["metrics"] = {"durationMs": _ms(now - started), "producedBytes": produced}
    if sandbox.config.tenant_id:
        record["tenantId"] = sandbox.config.tenant_id
    if invocation.response_at:
        record["spans"] = _spans(sandbox, started, response_at, now)
    times = {"never": 0, "twice": 2}.get(invocation.runtime_done, 1)
    mark = Mark()
    for _ in range(times):
        sandbox.hub.platform("platform.runtimeDone", record, mark)
    invocation.done_mark = mark


def _spans(sandbox: Sandbox, started: float, response_at: float, now: float) -> list:
    at = sandbox.hub.now_ms() - int((time.perf_counter() - started) * 1000)
    spans = [("responseLatency", 0.0, response_at - started), ("responseDuration", response_at - started, 0.00005),
             ("runtimeOverhead", response_at - started, now - response_at)]
    if sandbox.config.managed_instances:
        spans = spans[:2]
    return [{"name": name, "start": timestamp(at + int(offset * 1000)), "durationMs": _ms(length)}
            for name, offset, length in spans]


def _report(sandbox: Sandbox, invocation: Invocation, begun: float, cold: bool) -> None:
    config = sandbox.config
    now = time.perf_counter()
    duration_ms = (now - begun) * 1000
    metrics = {"durationMs": round(duration_ms, 3)}
    record = {"requestId": invocation.request_id, "status": invocation.status}
    if invocation.status in ("error", "failure") and invocation.error_type:
        record["errorType"] = invocation.error_type
    if config.managed_instances:
        spans = _spans(sandbox, begun, invocation.response_at or now, now)
    else:
        init_ms = sandbox.init_ms if sandbox.fresh and not config.snap_start else 0.0
        peak_kb = sum(process.rss_kb() for process in sandbox._processes())
        metrics.update(billedDurationMs=math.ceil(duration_ms + init_ms), memorySizeMB=config.memory_mb,
                       maxMemoryUsedMB=max(1, peak_kb // 1024))
        if init_ms:
            metrics["initDurationMs"] = round(init_ms, 3)
        if sandbox.fresh and config.snap_start:
            metrics.update(restoreDurationMs=sandbox.restore_ms, billedRestoreDurationMs=math.ceil(sandbox.restore_ms))
        done_at = invocation.done_at or now
        spans = [{"name": "extensionOverhead",
                  "start": timestamp(sandbox.hub.now_ms() - int((now - done_at) * 1000)),
                  "durationMs": _ms(now - done_at)}]
    record["metrics"] = metrics
    if config.tenant_id:
        record["tenantId"] = config.tenant_id
    record["spans"] = spans
    sandbox.fresh = False
    invocation.report_record = record
    if invocation.report == "late":
        sandbox.late_report = record
    elif invocation.report == "normal":
        sandbox.hub.platform("platform.report", record)


async def _reset(sandbox: Sandbox, invocation: Invocation, begun: float, cold: bool, timed_out: bool) -> InvokeResult:
    """The invocation failed with its environment: runtimeDone, SHUTDOWN, and the report after it."""
    if timed_out:
        stamp = timestamp(sandbox.hub.now_ms())
        invocation.status = "timeout"
        invocation.fail("Sandbox.Timedout", f"{stamp} {invocation.request_id} Task timed out after "
                        f"{sandbox.config.timeout_s:.2f} seconds", "timeout")
        reason = "timeout"
    else:
        failed = sandbox.api.failed()
        error_type, message = sandbox.crash or (
            (failed.error_type, failed.state) if failed else ("Runtime.ExitError", "Runtime exited"))
        invocation.fail(error_type, f"RequestId: {invocation.request_id} Error: {message}", _status(error_type))
        reason = "failure"
    if invocation.done_at is None and not sandbox.config.managed_instances:
        _runtime_done(sandbox, invocation)
    ended = await sandbox.reset(reason)
    _report(sandbox, invocation, begun, cold)
    return _result(sandbox, invocation, begun, cold, ended)


def _result(sandbox: Sandbox, invocation: Invocation, begun: float, cold: bool,
            reset: Optional[ShutdownResult]) -> InvokeResult:
    asked: Dict[str, Optional[float]] = {}
    for agent in sandbox.api.agents.values() if sandbox.api else ():
        if "INVOKE" in agent.events:
            asked[agent.name] = next((at for at in agent.next_at if at > invocation.started_at), None)
    sandbox.trace("invocation over", "", request_id=invocation.request_id, status=invocation.status)
    return InvokeResult(
        request_id=invocation.request_id, status=invocation.status, error_type=invocation.error_type,
        response=invocation.response, duration_ms=(time.perf_counter() - begun) * 1000,
        report=invocation.report_record, cold=cold, reset=reset, next_at=asked, done_at=invocation.done_at,
        done_mark=invocation.done_mark,
        peak_rss_kb={name: process.peak_rss_kb for name, process in sandbox.extensions.items()})


def _status(error_type: str) -> str:
    return "timeout" if error_type == "timeout" else "failure" if error_type.startswith("Sandbox.") else "error"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def new_invocation(sandbox: Sandbox, payload: bytes, request_id: Optional[str] = None) -> Invocation:
    config = sandbox.config
    trace_id = (f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};"
                f"Sampled={int(config.xray_sampled)}")
    return Invocation(request_id or str(uuid.uuid4()), payload, config.function_arn, trace_id)
