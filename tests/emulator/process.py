"""Processes of the sandbox: started in a session of their own, output read line by line, stopped and continued.

Everything runs on the event loop's thread; exits are noticed through a pidfd, so no thread waits for a child.
"""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import time
from typing import Callable, List, Mapping, Optional, Sequence

# A line longer than this is cut: Lambda's text records end near 256 KiB.
LINE_BYTES_MAX = 262144
_FRAME = struct.Struct(">IIQ")  # type, length, microseconds: how managed runtimes frame their log messages
_FRAME_MAGIC = 0xA55A


class Process:
    """One child.  `on_lines(stream, lines)` gets its output, `on_exit()` runs once, after all output was read."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: str,
                 on_lines: Callable[[str, List[bytes]], None], on_exit: Callable[["Process"], None],
                 framed: bool = False, congested: Callable[[], bool] = lambda: False):
        self.name = name
        self.argv = list(argv)
        self.exit_code: Optional[int] = None
        self.killed = False              # by us, with SIGKILL
        self.spawned_at = 0.0            # exec done (perf_counter)
        self.exited_at: Optional[float] = None
        self.peak_rss_kb = 0
        self._env = dict(env)
        self._cwd = cwd
        self._on_lines = on_lines
        self._on_exit = on_exit
        self._framed = framed
        self._congested = congested
        self._popen: Optional[subprocess.Popen] = None
        self._pidfd = -1
        self._readers: List[_Reader] = []

    @property
    def pid(self) -> int:
        return self._popen.pid if self._popen else 0

    @property
    def running(self) -> bool:
        return self._popen is not None and self.exit_code is None

    def start(self) -> None:
        """Raises OSError when the file cannot be executed."""
        frames = None
        pass_fds: tuple = ()
        if self._framed:
            frames = os.pipe()
            self._env["_LAMBDA_TELEMETRY_LOG_FD"] = str(frames[1])
            pass_fds = (frames[1],)
        try:
            self._popen = subprocess.Popen(
                self.argv, env=self._env, cwd=self._cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0, start_new_session=True, pass_fds=pass_fds)
        finally:
            if frames:
                os.close(frames[1])
        self.spawned_at = time.perf_counter()
        for stream, pipe in (("stdout", self._popen.stdout), ("stderr", self._popen.stderr)):
            self._readers.append(_Reader(os.dup(pipe.fileno()), stream, self._on_lines, self._congested))
            pipe.close()
        if frames:
            self._readers.append(_FrameReader(frames[0], "log", self._on_lines, self._congested))
        self._pidfd = os.pidfd_open(self._popen.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._exited)

    def signal_group(self, number: int) -> None:
        if self.running:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        if self.running:
            self.killed = True
            self.signal_group(signal.SIGKILL)

    def stop(self) -> None:
        self.signal_group(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal_group(signal.SIGCONT)

    def stopped(self) -> bool:
        return not self.running or _stat_state(self.pid) in ("T", "t", "Z")

    def drain(self) -> None:
        """Reads what was written so far: lines written before a request must not follow what the request causes."""
        for reader in self._readers:
            reader.drain()

    def rss_kb(self) -> int:
        """Resident memory now; 0 when it has gone."""
        rss = _status_kb(self.pid, "VmRSS:") if self.running else 0
        self.peak_rss_kb = max(self.peak_rss_kb, _status_kb(self.pid, "VmHWM:") if self.running else 0)
        return rss

    def cpu_s(self) -> float:
        """User and system time so far."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            return 0.0

    def _exited(self) -> None:
        self._popen.poll()
        if self._popen.returncode is None:
            return
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.exit_code = self._popen.returncode
        self.exited_at = time.perf_counter()
        for reader in self._readers:
            reader.finish()
        self._on_exit(self)


class _Reader:
    """Splits a pipe into lines, without their newlines."""

    def __init__(self, fd: int, stream: str, on_lines: Callable[[str, List[bytes]], None],
                 congested: Callable[[], bool]):
        self._fd = fd
        self._stream = stream
        self._on_lines = on_lines
        self._congested = congested
        self._rest = b""
        os.set_blocking(fd, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(fd, self._readable)

    def _readable(self) -> None:
        if self._congested():  # the pipe fills up and holds the writer back
            self._loop.remove_reader(self._fd)
            self._loop.call_later(0.001, self._again)
            return
        self._read_once()

    def _again(self) -> None:
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._readable)

    def _read_once(self) -> bool:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return False
        if not data:
            self._close()
            return False
        self._feed(data)
        return True

    def drain(self) -> None:
        while self._fd >= 0 and self._read_once():
            pass

    def finish(self) -> None:
        """The process is gone: what is left in the pipe, and a last line without newline."""
        self.drain()
        self._close()

    def _close(self) -> None:
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1
        if self._rest:
            rest, self._rest = self._rest, b""
            self._on_lines(self._stream, [rest])

    def _feed(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        while len(self._rest) > LINE_BYTES_MAX:
            lines.append(self._rest[:LINE_BYTES_MAX])
            self._rest = self._rest[LINE_BYTES_MAX:]
        if lines:
            self._on_lines(self._stream, lines)


class _FrameReader(_Reader):
    """Messages framed by a managed runtime: one record each, newlines inside included."""

    def _feed(self, data: bytes) -> None:
        self._rest += data
        messages = []
        while len(self._rest) >= _FRAME.size:
            type_, length, _micros = _FRAME.unpack_from(self._rest)
            if type_ >> 16 != _FRAME_MAGIC:
                messages.append(self._rest)  # no frame: shown as it is rather than lost
                self._rest = b""
                break
            end = _FRAME.size + length
            if len(self._rest) < end:
                break
            messages.append(self._rest[_FRAME.size:end])
            self._rest = self._rest[end:]
        if messages:
            self._on_lines(self._stream, messages)


def _stat_state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _status_kb(pid: int, field: str) -> int:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(field):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
