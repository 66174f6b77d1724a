"""The programs that perf/ measures beside Sleipnir, and how each is had on this machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

PERF_DIR = Path(__file__).resolve().parent
ROOT = PERF_DIR.parent
LAMBDAWATCH_VERSION = "v0.0.0-20260223103742-0b880209f5c1"
LAMBDAWATCH_PORT = 8080  # fixed in its code


class NotHere(Exception):
    """This program cannot be had; the text is one line that says why."""


@dataclass
class Candidate:
    """A program to start. In values of the environment @API@ is the address:port of the Lambda
    APIs and of Loki."""

    name: str
    program: Path
    environment: dict[str, str] = field(default_factory=dict)


def cache_root() -> Path:
    return Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")


def build_c(folder: Path, name: str) -> Path:
    """One of the programs that play Lambda: perf/NAME.c."""
    program = folder / name
    _run([_native_compiler(), "-O2", "-o", str(program), str(PERF_DIR / f"{name}.c")])
    return program


def noop(folder: Path, listener_port: int) -> Candidate:
    """The three exchanges and nothing else, built the way the release is where that is possible:
    static, against musl, for size."""
    program = folder / "noop"
    source = ["-static", "-Os", "-s", "-o", str(program), str(PERF_DIR / "noop.c")]
    zig = _find_zig()
    if zig:
        target = f"{platform.machine()}-linux-musl"
        caches = {"ZIG_LOCAL_CACHE_DIR": str(folder / "zig"), "ZIG_GLOBAL_CACHE_DIR": str(cache_root() / "zig-perf")}
        _run([str(zig), "cc", "-target", target, *source], caches)
    else:
        _run([shutil.which("musl-gcc") or _native_compiler(), *source])
    return Candidate("no-op client", program, {"LOKI_LISTENER_PORT": str(listener_port)})


def sleipnir(listener_port: int) -> Candidate:
    """The release binary, or whatever SLEIPNIR_BIN names."""
    program = Path(os.environ.get("SLEIPNIR_BIN") or ROOT / "build" / _architecture() / "sleipnir")
    if not os.access(program, os.X_OK):
        raise NotHere(f"Sleipnir: no {program} (layer/build makes it; SLEIPNIR_BIN names another)")
    return Candidate("Sleipnir", program.resolve(), {
        "LOKI_ENDPOINT": "http://@API@", "LOKI_LISTENER_PORT": str(listener_port)})


def lambdawatch() -> Candidate:
    """LambdaWatch, the strongest of the other extensions for Loki."""
    program = go_program("LambdaWatch", "LAMBDAWATCH_BIN", "github.com/mumzworld-tech/lambdawatch", LAMBDAWATCH_VERSION, "/cmd/extension")
    return Candidate("LambdaWatch", program, {"LOKI_URL": "http://@API@/loki/api/v1/push"})


def go_program(name: str, variable: str, module: str, version: str, package: str) -> Path:
    """A program of another project: the one that `variable` (NAME_BIN) names, the cache's, or a build from the Go module proxy."""
    named = os.environ.get(variable)
    program = Path(named) if named else cache_root() / f"{variable.removesuffix('_BIN').lower()}-{version}"
    if not os.access(program, os.X_OK):
        if named:
            raise NotHere(f"{name}: {variable}={named} is not an executable file")
        _build_go(program, name, variable, module, version, package)
    return program


def _build_go(program: Path, name: str, variable: str, module: str, version: str, package: str) -> None:
    """`go install` of the command would ask the proxy for each folder of its path as a module of its own; requiring the
    module by name asks for just that one."""
    go = shutil.which("go")
    if not go:
        raise NotHere(f"{name}: Go is not installed ({variable} names a built one)")
    folder = cache_root() / f"{program.name}-build"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "go.mod").write_text("module perf\n\ngo 1.21\n")
    environment = {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    try:
        _run([go, "get", f"{module}@{version}"], environment, folder)
        _run([go, "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(program), module + package], environment, folder)
    except subprocess.CalledProcessError as failure:
        lines = [line.strip() for line in str(failure.stdout).splitlines() if line.strip()]
        raise NotHere(f"{name}: not to be had from the Go module proxy ({variable} names a built one): "
                      f"{lines[-1] if lines else failure}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _architecture() -> str:
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def _native_compiler() -> str:
    for name in ("gcc", "clang", "cc"):
        if shutil.which(name):
            return name
    raise NotHere("a C compiler: none of gcc, clang, cc is installed")


def _find_zig() -> Optional[Path]:
    """The release's compiler, if layer/build has brought it."""
    found = sorted(cache_root().glob("**/ziglang/zig"))
    return found[-1] if found else None


def _run(command: list[str], environment: Optional[dict[str, str]] = None,
         folder: Optional[Path] = None) -> None:
    subprocess.run(command, env=dict(os.environ, **(environment or {})), cwd=folder, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
