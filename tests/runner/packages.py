"""What the tests need of the machine, and how it gets there: Debian's packages, only those missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Callable, Optional

from .command import run
from .report import Report, StageFailed

Present = Callable[[], bool]


def program(name: str) -> Present:
    return lambda: shutil.which(name) is not None


def module(name: str) -> Present:
    return lambda: importlib.util.find_spec(name) is not None


def clang() -> Optional[str]:
    """The plain name if there is one, else the newest of the numbered ones."""
    if shutil.which("clang++"):
        return "clang"
    numbered = {match.group(1) for folder in os.get_exec_path() if os.path.isdir(folder)
                for match in map(re.compile(r"clang\+\+-(\d+)$").match, os.listdir(folder)) if match}
    return f"clang-{max(numbered, key=int)}" if numbered else None


def clang_runtime() -> bool:
    """The runtime library of the sanitizers, which Debian packages apart from clang."""
    name = clang()
    if not name:
        return False
    done = run([name, "--print-file-name=libclang_rt.fuzzer-" + platform.machine() + ".a"], seconds_max=20)
    return Path(done.output.strip()).is_file()


def clang_runtime_package() -> str:
    name = clang()
    if not name:
        return "libclang-rt-dev"
    version = run([name, "-dumpversion"], seconds_max=20).output.strip().split(".")[0]
    return f"libclang-rt-{version}-dev"


# Package, how to tell that it is not needed, what for. Optional ones only cost the stage that wants them.
REQUIRED: list[tuple[str, Present, str]] = [
    ("g++", program("g++"), "native build"),
    ("git", program("git"), "version in the binary"),
    ("pkg-config", program("pkg-config"), "Meson"),
    ("openssl", program("openssl"), "certificates of the TLS tests"),
    ("xz-utils", program("xz"), "sources"),
    ("bzip2", program("bzip2"), "sources"),
]
OPTIONAL: list[tuple[str, Present, str]] = [
    ("clang", lambda: clang() is not None, "sanitizers and fuzzing"),
    ("ccache", program("ccache"), "faster builds"),
    ("python3-pip", module("pip"), "compiler of the release, Go for Loki"),
    ("python3-venv", module("ensurepip"), "tools from PyPI"),
    ("file", program("file"), "statically linked?"),
    ("strace", program("strace"), "system calls of a start"),
    ("valgrind", program("valgrind"), "instructions of a start"),
    ("qemu-user-static", program("qemu-aarch64-static"), "the arm64 binary's smoke test"),
]


def install_missing(report: Report) -> None:
    """REQUIRED must be there afterwards; for each OPTIONAL that is not, a note."""
    missing = [entry for entry in REQUIRED + OPTIONAL if not entry[1]()]
    if missing:
        _install(report, [package for package, _, _ in missing])
    if clang() and not clang_runtime():
        _install(report, [clang_runtime_package()])
    for package, present, purpose in OPTIONAL:
        if not present():
            report.remark(f"{package} is not installed: no {purpose}")
    lacking = [package for package, present, _ in REQUIRED if not present()]
    if lacking:
        raise StageFailed(f"cannot go on without: {' '.join(lacking)}")


def ensure(report: Report, package: str, present: Present) -> bool:
    """One more package, wanted by one stage."""
    if not present():
        _install(report, [package])
    return present()


_updated = False


def _install(report: Report, packages: list[str]) -> None:
    """Tries; what is missing afterwards is the caller's to judge. One package that the archive
    does not have must not keep the others from being installed."""
    global _updated
    if not shutil.which("apt-get"):
        report.remark(f"no apt-get here: install these yourself: {' '.join(packages)}")
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and (not shutil.which("sudo") or run([*prefix, "true"], seconds_max=20).status != 0):
        report.remark(f"neither root nor sudo without a password: run `apt-get install {' '.join(packages)}`")
        return
    report.say(f"   installing {' '.join(packages)}")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    if not _updated:
        updated = run([*apt, "update"], seconds_max=300, env=environment)
        _updated = True
        if not updated.ok:
            report.say(f"   apt-get update: {updated.ending}")
    if run([*apt, "install", "--no-install-recommends", *packages], seconds_max=900).ok:
        return
    for package in packages:
        done = run([*apt, "install", "--no-install-recommends", package], seconds_max=600)
        if not done.ok:
            report.say(f"   apt-get install {package}: {done.output.strip().splitlines()[-1:] or done.ending}")
