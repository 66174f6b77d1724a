"""What one emulated function is: its names, limits and habits.  Plain data, read by every other module."""

from __future__ import annotations

import dataclasses
import random
import socket
from typing import Mapping, Optional

INIT_TYPES = ("on-demand", "provisioned-concurrency", "snap-start", "lambda-managed-instances")

# Source of the numbers: Lambda's published quotas, unless a comment says otherwise.
EXTENSIONS_MAX = 10
# The runtime's share of the shutdown budget when it ignores SIGTERM.
RUNTIME_SHUTDOWN_SHARE = 0.3
TELEMETRY_BUFFER_BYTES = 64 << 20  # guess: Lambda does not publish the size of a subscription's buffer


@dataclasses.dataclass
class Config:
    """The function's configuration, with defaults that suit most tests."""

    function_name: str = "orders"
    function_version: str = "$LATEST"
    alias: Optional[str] = None
    handler: str = "app.handler"
    account_id: str = "111122223333"
    region: str = "eu-west-1"
    memory_mb: int = 512
    timeout_s: float = 3.0
    log_format: str = "Text"  # or "JSON"
    init_type: str = "on-demand"
    init_timeout_s: float = 10.0
    shutdown_ms: int = 2000  # from SHUTDOWN to SIGKILL
    runtime_version: str = "python:3.13.v61"
    tenant_id: Optional[str] = None
    xray_sampled: bool = False
    # Environment variables the customer configured: seen by the function and by every extension.
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    # Freeze all processes between invocations without being asked.
    auto_freeze: bool = False
    # What platform.runtimeDone says when the handler raised: Lambda's own code says success as long as the
    # runtime survives and asks for the next invocation.
    handler_error_status: str = "success"
    buffer_bytes: int = TELEMETRY_BUFFER_BYTES
    # Added to the time of every event: a clock that is off, or an environment that sits in the past.
    clock_offset_ms: int = 0
    # Read the function's log frames (_LAMBDA_TELEMETRY_LOG_FD): one record per message, as managed runtimes do.
    framed_logs: bool = True
    # A private /tmp for the processes by a mount namespace (needs root); otherwise they share the machine's.
    # What they need must not lie in the machine's /tmp then (the extension itself may: it appears in /opt/extensions).
    private_tmp: bool = False

    @property
    def managed_instances(self) -> bool:
        return self.init_type == "lambda-managed-instances"

    @property
    def snap_start(self) -> bool:
        return self.init_type == "snap-start"

    @property
    def json_logs(self) -> bool:
        return self.managed_instances or self.log_format.upper() == "JSON"

    @property
    def function_arn(self) -> str:
        qualifier = self.alias or (None if self.function_version == "$LATEST" else self.function_version)
        arn = f"arn:aws:lambda:{self.region}:{self.account_id}:function:{self.function_name}"
        return f"{arn}:{qualifier}" if qualifier else arn

    @property
    def runtime_version_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}::runtime:0c6e1a5d"


_given: set = set()


def free_port() -> int:
    """A TCP port nobody listens on just now, below the range the kernel takes for outgoing connections."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
        _given.add(port)
        return port
