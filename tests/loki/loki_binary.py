"""Finds the Loki server the tests run against, or builds it once.

In this order: LOKI_BIN, the cache, a build of the Go module in this folder. The build
takes about 20 core-minutes on a cold machine, so its result is kept outside the checkout,
keyed by go.mod and go.sum. Several processes may ask at once: one builds, the others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Optional

from go_toolchain import GoUnavailable, find_go

MODULE_DIR = Path(__file__).resolve().parent
COMMAND = "github.com/grafana/loki/v3/cmd/loki"
BUILD_SECONDS_MAX = 3600  # guess: a cold build on one slow core
PROBE_SECONDS_MAX = 600  # fetching the modules, about 300 MB


class LokiUnavailable(Exception):
    """No Loki server can be had here; the text is one line that says why."""


def cache_root() -> Path:
    """Where downloads and built tools are kept."""
    return Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")


def loki_version() -> str:
    """The version of Loki that go.mod requires, such as `3.7.6`."""
    match = re.search(r"github\.com/grafana/loki/v3 v(\S+)", (MODULE_DIR / "go.mod").read_text())
    return match.group(1) if match else "unknown"


def cached_path() -> Path:
    """Where the built server lies, or would lie."""
    key = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        key.update((MODULE_DIR / name).read_bytes())
    return cache_root() / f"loki-{key.hexdigest()[:16]}" / "loki"


def find_binary() -> Optional[Path]:
    """The server if one is at hand, without building. A LOKI_BIN that does not exist raises."""
    named = os.environ.get("LOKI_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise LokiUnavailable(f"LOKI_BIN={named} is not an executable file")
        return Path(named)
    cached = cached_path()
    return cached if os.access(cached, os.X_OK) else None


def ensure_binary() -> Path:
    """The server, built now if need be. Raises LokiUnavailable with the reason otherwise."""
    found = find_binary()
    if found:
        return found
    target = cached_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed
        if not os.access(target, os.X_OK):
            _build(target)
    return target


def _build(target: Path) -> None:
    try:
        go = str(find_go(MODULE_DIR, cache_root()))
    except GoUnavailable as reason:
        raise LokiUnavailable(str(reason)) from None
    # GOFLAGS of the caller could ask for another module mode or a build with cgo's tags.
    env = dict(os.environ, GOTOOLCHAIN="local", CGO_ENABLED="0", GOFLAGS="-mod=readonly")
    print(f"building Loki {loki_version()} into {target.parent} (once, about 20 core-minutes)",
          file=sys.stderr, flush=True)
    # Fetching apart from compiling: a registry out of reach is then told from a broken build.
    _run([go, "mod", "download"], env, PROBE_SECONDS_MAX, "cannot fetch Loki's modules")
    partial = target.with_name(f"loki.{os.getpid()}")
    flags = f"-s -w -X github.com/grafana/loki/v3/pkg/util/build.Version={loki_version()}"
    try:
        _run([go, "build", "-trimpath", "-buildvcs=false", "-ldflags", flags,
              "-o", str(partial), COMMAND], env, BUILD_SECONDS_MAX, "Loki does not build")
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _run(command: list[str], env: dict[str, str], seconds_max: int, failure: str) -> None:
    """Runs at the lowest priority: whoever builds Loki has something better to do meanwhile."""
    nice = ["nice", "-n", "19"] if shutil.which("nice") else []
    try:
        done = subprocess.run(nice + command, cwd=MODULE_DIR, env=env, timeout=seconds_max,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        raise LokiUnavailable(f"{failure}: not done after {seconds_max} s") from None
    if done.returncode != 0:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise LokiUnavailable(f"{failure}: {lines[-1] if lines else 'no output'}")
