"""Lambda: the emulated execution environment as a plain object for tests.  Each method blocks until it is done.

The event loop runs in a thread of its own.  Example:

    with Lambda(extension="build/x86_64/sleipnir", env={"LOKI_URL": loki.url}) as lam:
        lam.init()
        result = lam.invoke(lines=["hello"])
        lam.shutdown("spindown")
    assert result.hold_ms < 5 and lam.extension.exit_code == 0
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import shutil
import sys
import tempfile
import threading
import time
from typing import Any, Callable, Coroutine, Dict, List, Mapping, Optional, Sequence, Union

from . import invocation as flow
from .config import Config, free_port
from .delivery import DeliveryOptions
from .invocation import InvokeResult
from .sandbox import Sandbox
from .specs import ExtensionSpec, FunctionSpec, ShutdownResult
from .synthetic import Script

# Python's default of 5 ms between switches of threads would be measured as an extension's hold.
SWITCH_INTERVAL_S = 0.0005
# Nothing an emulated sandbox does takes longer than this beyond its own limits.
GUARD_S = 30.0


class ExtensionView:
    """One extension as the tests see it: all generations' output, the newest generation's process."""

    def __init__(self, lambda_: "Lambda", name: str):
        self._lambda = lambda_
        self.name = name

    @property
    def process(self):
        return self._lambda.sandbox.extensions.get(self.name)

    @property
    def agent(self):
        api = self._lambda.sandbox.api
        return api.agents.get(self.name) if api else None

    @property
    def exit_code(self) -> Optional[int]:
        return self.process.exit_code if self.process else None

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    @property
    def state(self) -> str:
        return self.agent.state if self.agent else "none"

    @property
    def rss_kb(self) -> int:
        return self.process.rss_kb() if self.process else 0

    @property
    def peak_rss_kb(self) -> int:
        """The kernel's own high-water mark as last read (by rss_kb, at a freeze, at the end of an invocation)."""
        if self.process:
            self.process.rss_kb()
            return self.process.peak_rss_kb
        return 0

    @property
    def exec_to_next_ms(self) -> Optional[float]:
        """From exec to the first /next, of the newest generation."""
        if not self.process or not self.agent or not self.agent.next_at:
            return None
        return (self.agent.next_at[0] - self.process.spawned_at) * 1000

    @property
    def next_count(self) -> int:
        return len(self.agent.next_at) if self.agent else 0

    def _text(self, *streams: str) -> str:
        lines = [line for name, stream, line in self._lambda.sandbox.output
                 if name == self.name and stream in streams]
        return "".join(line.decode("utf-8", "replace") + "\n" for line in lines)

    @property
    def stderr(self) -> str:
        return self._text("stderr")

    @property
    def stdout(self) -> str:
        return self._text("stdout")

    @property
    def output(self) -> str:
        return self._text("stdout", "stderr")


class Lambda:
    """`extension`: a path, or several; `function`: None for the synthetic runtime, else a FunctionSpec.

    `env` goes to the function and all extensions; every field of Config may be given by keyword.  LOKI_LISTENER_PORT
    is set to a free port unless given, so that tests run side by side (`listener_port=None` leaves it alone).
    `tmp` keeps its content when it is given, and is a fresh directory otherwise.
    """

    def __init__(self, extension: Union[str, ExtensionSpec, Sequence[Union[str, ExtensionSpec]]] = (), *,
                 function: Optional[FunctionSpec] = None, env: Optional[Mapping[str, str]] = None,
                 wrapper: Sequence[str] = (), listener_port: Optional[int] = 0, tmp: Optional[str] = None,
                 on_event: Optional[Callable[..., None]] = None, **config: Any):
        variables = dict(env or {})
        if listener_port is not None:
            variables.setdefault("LOKI_LISTENER_PORT", str(listener_port or free_port()))
        self.listener_port = int(variables.get("LOKI_LISTENER_PORT", 0) or 0)
        self.config = Config(env=variables, **config)
        self.timeline: List[tuple] = []   # (perf_counter, who, what, details)
        self.tmp = tmp or tempfile.mkdtemp(prefix="lambda-tmp-")
        self._own_tmp = tmp is None
        self._on_event = on_event
        given = [extension] if isinstance(extension, (str, os.PathLike, ExtensionSpec)) else list(extension)
        specs = [item if isinstance(item, ExtensionSpec) else ExtensionSpec(os.fspath(item), wrapper=wrapper)
                 for item in given]
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lambda-emulator", daemon=True)
        self._thread.start()
        self._lock: Optional[asyncio.Lock] = None
        self.sandbox: Sandbox = self._call(self._make(specs, function))
        self.extensions = {spec.name: ExtensionView(self, spec.name) for spec in specs}
        self._closed = False

    async def _make(self, specs: List[ExtensionSpec], function: Optional[FunctionSpec]) -> Sandbox:
        self._lock = asyncio.Lock()
        sandbox = Sandbox(self.config, specs, function, self._record, self.tmp)
        await sandbox.open()
        return sandbox

    def _record(self, at: float, who: str, what: str, details: dict) -> None:
        if what != "output":
            self.timeline.append((at, who, what, details))
        if self._on_event:
            self._on_event(at, who, what, details)

    def _call(self, coroutine: Coroutine, seconds: float = GUARD_S) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    def __enter__(self) -> "Lambda":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills what still runs and forgets everything; shutdown() is the polite way."""
        if self._closed:
            return
        self._closed = True

        async def end() -> None:
            self.sandbox.close()
            await self.sandbox.until(lambda: not any(p.running for p in self.sandbox._processes()),
                                     time.perf_counter() + 2)
            rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        if self._own_tmp:
            shutil.rmtree(self.tmp, ignore_errors=True)

    @property
    def extension(self) -> ExtensionView:
        """The first extension: the one under test."""
        return next(iter(self.extensions.values()))

    # --- lifecycle

    def init(self) -> Optional[str]:
        """Cold start up to the first /next of all.  None, or the error type (the environment is reset then)."""
        return self._call(self.sandbox.init(), GUARD_S + max(130, self.config.init_timeout_s))

    def start_init(self) -> "concurrent.futures.Future[Optional[str]]":
        """As init, without waiting."""
        return asyncio.run_coroutine_threadsafe(self.sandbox.init(), self._loop)

    @property
    def api_address(self) -> str:
        """host:port of the runtime API: AWS_LAMBDA_RUNTIME_API of the processes."""
        return self.sandbox.address

    def start_invoke(self, payload: bytes = b"{}", *, request_id: Optional[str] = None, runtime_done: str = "normal",
                     report: str = "normal", **script: Any) -> "concurrent.futures.Future[InvokeResult]":
        """As invoke, without waiting; Managed Instances run several at once."""
        invocation = flow.new_invocation(self.sandbox, payload, request_id)
        invocation.runtime_done, invocation.report = runtime_done, report
        invocation.script = Script(**script)
        return asyncio.run_coroutine_threadsafe(self._run(invocation), self._loop)

    def invoke(self, payload: bytes = b"{}", **options: Any) -> InvokeResult:
        """One invocation.  Keywords: request_id, runtime_done, report, and for the synthetic runtime the fields of
        Script (lines, records, duration_ms, crash, ...)."""
        return self.start_invoke(payload, **options).result(GUARD_S * 2 + 2 * self.config.timeout_s)

    async def _run(self, invocation: flow.Invocation) -> InvokeResult:
        if self.config.managed_instances and self.sandbox.alive:
            return await flow.run(self.sandbox, invocation)
        async with self._lock:
            result = await flow.run(self.sandbox, invocation)
            if self.config.auto_freeze and not self.config.managed_instances:
                await self.sandbox.freeze()
            return result

    def freeze(self) -> None:
        self._call(self.sandbox.freeze())

    def thaw(self) -> None:
        self._call(self.sandbox.thaw())

    def restore(self) -> None:
        """SnapStart: out of the snapshot (an invoke does it by itself otherwise)."""
        self._call(self.sandbox.restore())

    def reset(self, reason: str = "failure") -> ShutdownResult:
        """As after a failed invocation: SHUTDOWN and kill; the next invoke starts everything anew in the same /tmp."""
        return self._call(self.sandbox.reset(reason))

    def shutdown(self, reason: str = "spindown") -> ShutdownResult:
        return self._call(self.sandbox.reset(reason))

    def kill(self, name: Optional[str] = None) -> None:
        """SIGKILL from outside, as the out-of-memory killer would."""
        process = self.sandbox.extensions[name or self.extension.name]
        self._loop.call_soon_threadsafe(process.signal_group, 9)

    # --- telemetry by hand

    @property
    def delivery(self) -> DeliveryOptions:
        """How batches are carried: change its fields at any time."""
        return self.sandbox.hub.options

    @property
    def subscriptions(self) -> list:
        return list(self.sandbox.hub.subscriptions.values())

    @property
    def platform_events(self) -> List[dict]:
        return self.sandbox.hub.platform_events

    def platform(self, type_: str, record: Dict[str, Any]) -> None:
        """A platform event of any kind, known or not."""
        self._loop.call_soon_threadsafe(self.sandbox.hub.platform, type_, record)

    def emit(self, **script: Any) -> None:
        """Telemetry outside an invocation: the fields of Script."""
        self._call(Script(**script).play(flow.new_invocation(self.sandbox, b""), self.sandbox.hub, self.config))

    def flush(self) -> None:
        """Lambda's buffers go out at once."""
        self._loop.call_soon_threadsafe(self.sandbox.hub.flush)

    def wait_delivered(self, seconds: float = 10.0) -> bool:
        """Until nothing waits in Lambda's buffers."""
        return self.wait(lambda: self.sandbox.hub.pending() == 0, seconds)

    @property
    def clock_offset_ms(self) -> int:
        """Added to the time of every event from now on (a frozen hour, a clock that is off)."""
        return self.sandbox.hub.clock_offset_ms

    @clock_offset_ms.setter
    def clock_offset_ms(self, value: int) -> None:
        self.sandbox.hub.clock_offset_ms = value

    def stop_api(self) -> None:
        """The runtime API goes away: every connection is reset, new ones are refused."""
        self._loop.call_soon_threadsafe(self.sandbox.stop_api)

    def answer(self, route: str, *answers: Any) -> None:
        """Scripts the next answers of `register`, `next` or `subscribe`: (status, body), "close", or None (real)."""
        self.sandbox.answers.setdefault(route, []).extend(answers)

    @staticmethod
    def wait(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Polls until the condition holds; False when it did not in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        return True
