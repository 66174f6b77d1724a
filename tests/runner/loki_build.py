"""The real Loki, built beside everything else: started first, at the lowest priority, asked for last."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Optional

from .command import ROOT

__all__ = ["LokiBuild", "LokiUnavailable"]

sys.path.insert(0, str(ROOT / "tests" / "loki"))

from loki_binary import LokiUnavailable, find_binary  # noqa: E402


class LokiBuild:
    """REQUIRES: start() before the rest, then path()."""

    def __init__(self) -> None:
        self._process: Optional["subprocess.Popen[str]"] = None
        self._said = ""

    def start(self) -> str:
        """A line about what happens now."""
        try:
            found = find_binary()
        except LokiUnavailable as reason:
            return str(reason)
        if found:
            return f"real Loki: {found}"
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "loki" / "loki-server"), "--build-only"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
        return "real Loki: being built in the background (once)"

    @property
    def building(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def path(self) -> Path:
        """Waits for the build, the first time; may be asked again. Raises LokiUnavailable with the reason."""
        if self._process:
            self._said = self._process.communicate()[1]
            self._process = None
        found = find_binary()
        if found:
            return found
        lines = [line for line in self._said.splitlines() if line.strip()]
        raise LokiUnavailable(lines[-1].replace("loki-server: ", "") if lines else "not built")

    def stop(self) -> None:
        """For an interrupted run; what Go compiled so far is kept in its own cache."""
        if self.building and self._process:
            os.killpg(self._process.pid, signal.SIGTERM)
