"""One execution environment: its processes, its phases (init, freeze, thaw, reset, shutdown) and what it tells.

Runs on one event loop.  The flow of a single invocation is in invocation.py.  Order of a cold start:
initStart, extensions exec'd, all registered, runtime exec'd, runtime ready, all extensions in /next, initReport.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
import time
from typing import Callable, Dict, List, Optional, Sequence, Union

from . import environment
from .agents import Agent, ExtensionsApi
from .config import RUNTIME_SHUTDOWN_SHARE, Config
from .events import line_token, message_token
from .http1 import Request, Server
from .process import Process
from .runtime_api import ProcessRuntime, SyntheticRuntime
from .specs import ExtensionSpec, FunctionSpec, ShutdownResult
from .telemetry import Hub

# A private /tmp: what lies in the machine's own /tmp is hidden then, so an extension is seen at /opt/extensions.
_NAMESPACE = ("unshare", "-m", "sh", "-c")
_FUNCTION_MOUNTS = 'mount --bind "$0" /tmp && exec "$@"'
_EXTENSION_MOUNTS = ('mount -t tmpfs none /opt && mkdir /opt/extensions && mount --bind "$1" /opt/extensions && '
                     'mount --bind "$0" /tmp && shift && exec "$@"')


class Sandbox:
    def __init__(self, config: Config, extensions: Sequence[ExtensionSpec], function: Optional[FunctionSpec],
                 on_event: Callable[..., None], tmp: Optional[str] = None):
        self.config = config
        self.tmp = tmp or tempfile.mkdtemp(prefix="lambda-tmp-")
        self.specs = list(extensions)
        self.hub = Hub(config.buffer_bytes, config.clock_offset_ms,
                       lambda type_, record: self.trace(type_, "telemetry", record=record))
        self.extensions: Dict[str, Process] = {}
        self.output: List[tuple] = []               # (process name, stream, line) of everything ever printed
        self.answers: Dict[str, list] = {}          # scripted answers by route: register, next, subscribe
        self.api: Optional[ExtensionsApi] = None
        self.runtime: Union[ProcessRuntime, SyntheticRuntime, None] = None
        self.alive = False                          # processes are up and init is over
        self.frozen = False
        self.crash: Optional[tuple] = None          # (error type, message)
        self.inits = 0
        self.fresh = False                          # no invocation since the init
        self.snapshotted = False                    # SnapStart: frozen after init, not yet restored
        self.init_ms = 0.0
        self.restore_ms = 0.0
        self.last_init_error: Optional[str] = None
        self.late_report: Optional[dict] = None
        self._function = function
        self._on_event = on_event
        self._waiters: List[asyncio.Future] = []
        self.hub.on_delivered = self.changed
        self._ending = False
        self._server = Server(self._handle)
        version = config.function_version
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/[{version}]{secrets.token_hex(16)}"

    # --- plumbing

    @property
    def address(self) -> str:
        return self._server.address

    async def open(self) -> None:
        await self._server.start()

    def stop_api(self) -> None:
        self._server.stop()

    def close(self) -> None:
        self._ending = True
        for process in self._processes():
            process.resume()
            process.kill()
        if isinstance(self.runtime, SyntheticRuntime):
            self.runtime.stop()
        self.hub.stop()
        self._server.stop()

    def trace(self, what: str, who: str = "", at: Optional[float] = None, **details) -> None:
        self._on_event(at if at is not None else time.perf_counter(), who, what, details)

    def changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], bool], end: float) -> bool:
        """Waits for the condition, at most to the perf_counter reading `end`."""
        loop = asyncio.get_running_loop()
        while not condition():
            left = end - time.perf_counter()
            if left <= 0:
                return False
            waiter = loop.create_future()
            self._waiters.append(waiter)
            timer = loop.call_later(left, lambda: waiter.done() or waiter.set_result(None))
            await waiter
            timer.cancel()
        return True

    def _processes(self) -> List[Process]:
        processes = list(self.extensions.values())
        if self.runtime is not None and self.runtime.process is not None:
            processes.append(self.runtime.process)
        return processes

    def _handle(self, request: Request) -> None:
        path = request.path.partition("?")[0]
        route = {"/2020-01-01/extension/register": "register", "/2020-01-01/extension/event/next": "next",
                 "/2022-07-01/telemetry": "subscribe"}.get(path, "")
        scripted = self.answers.get(route)
        if scripted:
            answer = scripted.pop(0)
            if answer == "close":
                return request.drop()
            if answer is not None:
                self.trace("answered", route, status=answer[0])
                return request.respond(answer[0], answer[1])
        if self.api is not None and self.api.handle(request, path):
            return None
        if self.runtime is not None and self.runtime.handle(request, path):
            return None
        if path == "/2021-04-23/credentials" and self.config.snap_start:
            return request.respond_json(200, {"AccessKeyId": "ASIAEMULATED", "SecretAccessKey": "emulated",
                                              "Token": "emulated", "Expiration": "2099-01-01T00:00:00Z"})
        return request.respond(404, b"404 page not found", content_type="text/plain")

    # --- output of the processes

    def _extension_lines(self, name: str, stream: str, lines: List[bytes]) -> None:
        self.output.extend((name, stream, line) for line in lines)
        self._on_event(time.perf_counter(), name, "output", {"stream": stream, "lines": lines})
        self.hub.lines("extension", [line_token(line, False) for line in lines])

    def _function_lines(self, stream: str, lines: List[bytes]) -> None:
        self._on_event(time.perf_counter(), "function", "output", {"stream": stream, "lines": lines})
        token = message_token if stream == "log" else line_token
        self.hub.lines("function", [token(line, self.config.json_logs) for line in lines])

    def _exited(self, process: Process) -> None:
        self.trace("exited", process.name, code=process.exit_code)
        if not self._ending and self.crash is None:
            is_extension = process.name in self.extensions
            code = process.exit_code
            status = f"exit status {code}" if code >= 0 else f"signal: {signal.Signals(-code).name}"
            self.crash = (("Extension.Crash", f"exit code {code}") if is_extension
                          else ("Runtime.ExitError", f"Runtime exited with error: {status}"))
        self.changed()

    # --- init

    def _start_processes(self) -> Optional[str]:
        """Starts the extensions; the error type when one cannot be."""
        address = self._server.address
        env = environment.for_extension(self.config, address, self.tmp)
        self.api = ExtensionsApi(self.config, self.hub, [spec.name for spec in self.specs], self.changed, self.trace)
        self.extensions = {}
        for spec in self.specs:
            process = Process(spec.name, self._program(spec), {**env, **spec.env}, "/",
                              lambda stream, lines, name=spec.name: self._extension_lines(name, stream, lines),
                              self._exited)
            try:
                process.start()
            except OSError as error:
                agent = self.api.agents[spec.name]
                agent.state = "LaunchError"
                agent.error_type = ("PermissionDenied" if isinstance(error, PermissionError)
                                    else "Extension.LaunchError")
                self.trace("launch error", spec.name, error=str(error))
                return agent.error_type
            self.extensions[spec.name] = process
            self.trace("exec", spec.name, pid=process.pid)
        return None

    def _program(self, spec: ExtensionSpec) -> List[str]:
        if self.config.private_tmp:
            return [*_NAMESPACE, _EXTENSION_MOUNTS, self.tmp, os.path.dirname(os.path.abspath(spec.path)),
                    *spec.wrapper, f"/opt/extensions/{spec.name}"]
        return [*spec.wrapper, os.path.abspath(spec.path)]

    def _make_runtime(self) -> None:
        if self._function is None:
            self.runtime = SyntheticRuntime(
                lambda invocation: invocation.script.play(invocation, self.hub, self.config), self.changed)
            return
        env = environment.for_function(self.config, self._server.address, self.tmp, self._function.task_root,
                                       self.log_stream)
        argv = list(self._function.argv)
        if self.config.private_tmp:
            argv = [*_NAMESPACE, _FUNCTION_MOUNTS, self.tmp, *argv]
        process = Process("function", argv, {**env, **self._function.env}, self._function.task_root,
                          self._function_lines, self._exited,
                          framed=self.config.framed_logs, congested=self.hub.congested)
        self.runtime = ProcessRuntime(self.config, process, self.changed)

    async def init(self, phase: str = "init", end: Optional[float] = None) -> Optional[str]:
        """Brings the environment up.  The error type when it fails; it is reset then."""
        begun = time.perf_counter()
        self.inits += 1
        self._ending, self.crash, self.runtime = False, None, None
        if end is None:
            limit = self.config.init_timeout_s
            end = begun + (max(130.0, self.config.timeout_s) if self.config.init_type != "on-demand" else limit)
        self.hub.open_backlog()
        if self.config.snap_start and phase == "init":
            self.hub.freeze()
        else:
            self.hub.thaw()
        kind = {"initializationType": self.config.init_type, "phase": phase}
        self.hub.platform("platform.initStart", {
            **kind, "runtimeVersion": self.config.runtime_version, "runtimeVersionArn": self.config.runtime_version_arn,
            "functionName": self.config.function_name, "functionVersion": self.config.function_version,
            "instanceId": self.log_stream, "instanceMaxMemory": self.config.memory_mb << 20})
        error = await self._bring_up(kind, end)
        self.init_ms = (time.perf_counter() - begun) * 1000
        self.hub.close_backlog()
        self.last_init_error = error
        for agent in self.api.agents.values():
            record = {"name": agent.name, "state": agent.state, "events": sorted(agent.events)}
            if agent.error_type:
                record["errorType"] = agent.error_type
            self.hub.platform("platform.extension", record)
        self.hub.platform("platform.initReport", {
            **kind, **_outcome(error), "metrics": {"durationMs": round(self.init_ms, 3)}})
        if error:
            await self.reset("timeout" if error == "timeout" else "failure")
            return error
        self.alive = True
        self.fresh = phase == "init"
        if self.config.snap_start and phase == "init":
            self.snapshotted = True
            await self.freeze()
        return None

    async def _bring_up(self, kind: dict, end: float) -> Optional[str]:
        error = self._start_processes()
        if error:
            return error
        api = self.api
        if not await self.until(lambda: api.all_registered() or self._init_failed(), end):
            return "timeout"
        if self._init_failed():
            return self._init_failed()
        self._make_runtime()
        try:
            self.runtime.start()
        except OSError as problem:
            self.trace("launch error", "function", error=str(problem))
            return "Runtime.InvalidEntrypoint"
        in_time = await self.until(lambda: self.runtime.snapshot_ready() or self._init_failed(), end)
        error = self._init_failed() or (None if in_time else "timeout")
        self.hub.platform("platform.initRuntimeDone", {**kind, **_outcome(error)})
        if error:
            return error
        api.registration_open = False
        if not await self.until(lambda: api.all_ready() or self._init_failed(), end):
            return "timeout"
        api.subscription_open = False
        return self._init_failed()

    def _init_failed(self) -> Optional[str]:
        failed = self.api.failed() if self.api else None
        if failed is not None:
            return failed.error_type
        if self.runtime is not None and self.runtime.init_error:
            return self.runtime.init_error
        return self.crash[0] if self.crash else None

    # --- freeze, thaw, snapshot

    async def freeze(self) -> None:
        """Stops every process where it is; telemetry stands still too."""
        if self.frozen:
            return
        self.frozen = True
        self.hub.freeze()
        for process in self._processes():
            process.rss_kb()
            process.stop()
        end = time.perf_counter() + 1
        while not all(process.stopped() for process in self._processes()) and time.perf_counter() < end:
            await asyncio.sleep(0.0002)
        self.trace("freeze")

    async def thaw(self) -> None:
        if not self.frozen:
            return
        self.frozen = False
        self.trace("thaw")
        for process in self._processes():
            process.resume()
        self.hub.thaw()

    async def restore(self) -> None:
        """SnapStart: resumes from the snapshot; the events of the original init are delivered only now."""
        begun = time.perf_counter()
        self.snapshotted = False
        self.hub.clock_offset_ms = 0
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/[{self.config.function_version}]{secrets.token_hex(16)}"
        self.hub.platform("platform.restoreStart", {
            "functionName": self.config.function_name, "functionVersion": self.config.function_version,
            "runtimeVersion": self.config.runtime_version, "runtimeVersionArn": self.config.runtime_version_arn,
            "instanceId": self.log_stream, "instanceMaxMemory": self.config.memory_mb << 20})
        await self.thaw()
        self.hub.thaw()
        self.runtime.restore()
        ready = await self.until(lambda: self.runtime.ready or bool(self.crash), begun + 10)
        outcome = _outcome(self.crash[0] if self.crash else None if ready else "timeout")
        self.hub.platform("platform.restoreRuntimeDone", dict(outcome))
        self.restore_ms = round((time.perf_counter() - begun) * 1000, 3)
        self.hub.platform("platform.restoreReport", {**outcome, "metrics": {"durationMs": self.restore_ms}})

    # --- the end

    async def reset(self, reason: str) -> ShutdownResult:
        """Ends every process; the environment stays, and its next use starts them anew in the same /tmp."""
        await self.thaw()
        for process in self._processes():
            process.rss_kb()
        self._ending = True
        begun = time.perf_counter()
        self.trace("SHUTDOWN", "", reason=reason)
        external = [agent for agent in (self.api.agents.values() if self.api else ()) if agent.external]
        budget_ms = self.config.shutdown_ms if external else 0
        end = begun + budget_ms / 1000
        deadline_ms = time.time_ns() // 1_000_000 + budget_ms
        await self._end_runtime(reason, begun, bool(external))
        self.hub.thaw()
        self.hub.flush()
        if self.config.managed_instances:  # there the buffers empty first; elsewhere SHUTDOWN overtakes them
            await self.until(lambda: self.hub.pending() == 0, begun + 1)
        if self.api is not None:
            self.api.shut_down({"eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline_ms})
        for agent in external:
            if "SHUTDOWN" not in agent.events and agent.name in self.extensions:
                self.extensions[agent.name].kill()
        await self.until(lambda: all(self._over(agent) for agent in external), end)
        codes: Dict[str, Optional[int]] = {}
        killed = []
        for name, process in self.extensions.items():
            agent = self.api.agents[name]
            if process.running and not self._over(agent):
                killed.append(name)
                self.trace("killed", name)
            process.kill()
        await self.until(lambda: not any(process.running for process in self._processes()),
                         time.perf_counter() + 5)
        for name, process in self.extensions.items():
            codes[name] = process.exit_code
        self.alive = False
        self.hub.freeze()
        return ShutdownResult(reason, (time.perf_counter() - begun) * 1000, codes, killed)

    def _over(self, agent: Agent) -> bool:
        """Exited, or asked for a further event after SHUTDOWN."""
        process = self.extensions.get(agent.name)
        return process is None or not process.running or (agent.told_shutdown and agent.state == "Ready")

    async def _end_runtime(self, reason: str, begun: float, with_extensions: bool) -> None:
        process = self.runtime.process if self.runtime is not None else None
        if isinstance(self.runtime, SyntheticRuntime):
            self.runtime.stop()
        if process is None or not process.running:
            return
        if reason == "spindown" and with_extensions:
            process.signal_group(signal.SIGTERM)
            await self.until(lambda: not process.running,
                             begun + self.config.shutdown_ms * RUNTIME_SHUTDOWN_SHARE / 1000)
        process.kill()
        await self.until(lambda: not process.running, time.perf_counter() + 1)


def _outcome(error: Optional[str]) -> dict:
    if error is None:
        return {"status": "success"}
    if error == "timeout":
        return {"status": "timeout"}
    return {"status": "failure" if error.startswith("Sandbox.") else "error", "errorType": error}
