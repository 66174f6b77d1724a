"""Runs programs: output captured, a time limit, and nothing left behind when one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Mapping, Optional, Sequence, Union

from .report import StageFailed

ROOT = Path(__file__).resolve().parents[2]
Argument = Union[str, Path]

_running: set["subprocess.Popen[str]"] = set()
_lock = threading.Lock()


@dataclass
class Done:
    """How a program ended. `status` is its exit code, negative for a signal; timed_out says that we ended it."""

    status: int
    output: str
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 0 and not self.timed_out

    @property
    def ending(self) -> str:
        if self.timed_out:
            return "ran out of time"
        return f"killed by signal {-self.status}" if self.status < 0 else f"exit status {self.status}"


def run(command: Sequence[Argument], *, seconds_max: float, env: Optional[Mapping[str, str]] = None,
        cwd: Path = ROOT) -> Done:
    """Runs to the end. `env` is added to ours. The program leads a process group; what is left of
    the group when it ends (a server that a test forgot) is killed with it."""
    try:
        process = subprocess.Popen(
            [str(argument) for argument in command], cwd=cwd, env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True)
    except OSError as error:
        return Done(127, str(error))
    with _lock:
        _running.add(process)
    timed_out = False
    try:
        output = _output_until_exit(process, seconds_max)
    except subprocess.TimeoutExpired:
        timed_out = True
        _end_group(process)
        output = process.communicate()[0]
    finally:
        _end_group(process)
        with _lock:
            _running.discard(process)
    return Done(process.returncode, output, timed_out)


def _output_until_exit(process: "subprocess.Popen[str]", seconds_max: float) -> str:
    """communicate() alone would wait for a left-over child that holds the pipe: the group is
    ended as soon as its leader has gone."""
    def end_group_after_leader() -> None:
        process.wait()
        _end_group(process)

    threading.Thread(target=end_group_after_leader, daemon=True).start()
    return process.communicate(timeout=seconds_max)[0]


def _end_group(process: "subprocess.Popen[str]") -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def must(command: Sequence[Argument], *, seconds_max: float, env: Optional[Mapping[str, str]] = None,
         cwd: Path = ROOT, what: str = "") -> str:
    """As run(), but anything but success ends the stage, with the output in full."""
    done = run(command, seconds_max=seconds_max, env=env, cwd=cwd)
    if not done.ok:
        raise StageFailed(f"{what or Path(str(command[0])).name}: {done.ending}", done.output)
    return done.output


def end_all() -> None:
    """For an interrupted run."""
    with _lock:
        for process in _running:
            _end_group(process)
