"""What goes into a sandbox, and what comes out of its end."""

from __future__ import annotations

import dataclasses
import os
from typing import Dict, List, Mapping, Optional, Sequence


@dataclasses.dataclass
class ExtensionSpec:
    """A program of /opt/extensions.  `wrapper` is put before it (an emulator of another CPU, strace)."""

    path: str
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    wrapper: Sequence[str] = ()

    @property
    def name(self) -> str:
        return os.path.basename(self.path)


@dataclasses.dataclass
class FunctionSpec:
    """A runtime client to be run as a process: any bootstrap."""

    argv: Sequence[str]
    task_root: str = "/"
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class ShutdownResult:
    reason: str
    duration_ms: float
    exit_codes: Dict[str, Optional[int]]
    killed: List[str]
