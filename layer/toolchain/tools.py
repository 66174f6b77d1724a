"""The tools of the build: pinned ones from PyPI in a cache outside the checkout, else Debian's, said in one line.

For Python (put layer/toolchain on sys.path):

    import tools
    kit = tools.prepare({"release", "checks", "clang"})     # any subset; {} is enough for a native build
    subprocess.run([*kit.meson, "setup", ...], env=kit.environment())

For a shell: `eval "$(layer/toolchain/bootstrap release)"` sets MESON, NINJA, PYTHON, CC, CXX and, where asked for and to be
had, ZIG, CLANG, CLANGXX, CLANG_FORMAT (an empty value: not to be had).

Wishes:
    release   ziglang, the compiler of the static musl binaries. No other source: kit.zig is None without PyPI.
    checks    clang-format. No other source: kit.clang_format is None without PyPI.
    clang     clang with sanitizers and libFuzzer, from the system or apt.
Always: meson, ninja, a C++ compiler. Missing ones are installed by apt where this user may (root, or sudo without a
password). prepare() raises ToolsMissing with a sentence for the user when even a native build is impossible.

Everything lives in ${SLEIPNIR_CACHE:-~/.cache/sleipnir}/toolchain-<hash of the lock file>; a second call touches no network.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Iterator, Optional

HERE = Path(__file__).resolve().parent
MESON_MIN = (1, 0)
# Newest first: what one Debian release calls clang is another's old compiler.
CLANG_VERSIONS = ("19", "18", "17", "16", "15", "14")


class ToolsMissing(Exception):
    """A native build is impossible; the text says what to install."""


@dataclass
class Tools:
    """Where the tools are. Fields are None where the tool was not asked for or cannot be had."""

    meson: list[str]
    ninja: str
    python: str
    cc: str
    cxx: str
    zig: Optional[str] = None
    clang: Optional[str] = None
    clangxx: Optional[str] = None
    clang_format: Optional[str] = None
    notes: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """For subprocesses: Meson finds this ninja, zig keeps its caches in ours."""
        zig_cache = str(cache() / "zig")
        return {**os.environ, "NINJA": self.ninja, "ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache}


def cache() -> Path:
    return Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Several builds may start at once; one of them prepares, the others wait."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# -- PyPI


def environment_for(lock_file: Path) -> Optional[Path]:
    """The bin directory of a virtual environment with exactly the tools of lock_file; None without PyPI."""
    name = lock_file.stem.replace("requirements-", "")
    key = hashlib.sha256(lock_file.read_bytes() + sys.version.encode()).hexdigest()[:12]
    directory = cache() / f"toolchain-{name}-{key}"
    complete = directory / "complete"
    with locked(f"toolchain-{name}"):
        if not complete.exists():
            shutil.rmtree(directory, ignore_errors=True)
            if not (create_environment(directory) and install(directory, lock_file)):
                shutil.rmtree(directory, ignore_errors=True)
                return None
            complete.touch()
    return directory / "bin"


def create_environment(directory: Path) -> bool:
    make = [sys.executable, "-m", "venv", str(directory)]
    if subprocess.run(make, capture_output=True, check=False).returncode == 0:
        return True
    # Debian keeps the half of venv that brings pip in a package of its own.
    shutil.rmtree(directory, ignore_errors=True)
    if not apt_install(["python3-venv"]):
        return False
    return subprocess.run(make, capture_output=True, check=False).returncode == 0


def install(directory: Path, lock_file: Path) -> bool:
    done = subprocess.run(
        [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--retries", "1", "--timeout", "30", "--no-deps", "--only-binary", ":all:", "--require-hashes",
         "--requirement", str(lock_file)],
        capture_output=True, check=False, cwd=directory,
    )
    return done.returncode == 0


# -- Debian


def apt_install(packages: Iterable[str]) -> bool:
    """Install Debian packages, if this is a Debian and this user may."""
    if not shutil.which("apt-get"):
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        if not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
            return False
        prefix = ["sudo", "-n"]
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]

    def install_now() -> bool:
        return subprocess.run([*command, "install", "-y", "--no-install-recommends", *packages],
                              capture_output=True, check=False).returncode == 0

    with locked("apt"):
        if install_now():
            return True
        subprocess.run([*command, "update"], capture_output=True, check=False)
        return install_now()


def system_program(name: str, package: str) -> Optional[str]:
    found = shutil.which(name)
    if not found and apt_install([package]):
        found = shutil.which(name)
    return found


def system_meson() -> Optional[str]:
    found = system_program("meson", "meson")
    if not found:
        return None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    return found if version >= MESON_MIN else None


def compilers() -> tuple[str, str]:
    cxx = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    cc = os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")
    if not (cxx and cc) and apt_install(["g++"]):
        cxx, cc = shutil.which("g++"), shutil.which("gcc")
    if not (cxx and cc):
        raise ToolsMissing("no C++ compiler: install g++ (12 or newer) or clang (14 or newer)")
    return cc, cxx


def clang_with_sanitizers() -> Optional[str]:
    """A clang that can link the sanitizers and libFuzzer: its runtime comes in a package that is easily missing."""

    def works(clangxx: Optional[str]) -> bool:
        if not clangxx:
            return False
        program = 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }'
        return subprocess.run([clangxx, "-x", "c++", "-", "-fsanitize=address,fuzzer", "-o", "/dev/null"],
                              input=program, text=True, capture_output=True, check=False).returncode == 0

    names = ["clang++", *(f"clang++-{version}" for version in CLANG_VERSIONS)]
    for name in names:
        if works(shutil.which(name)):
            return shutil.which(name)
    for version in CLANG_VERSIONS:
        if apt_install([f"clang-{version}", f"libclang-rt-{version}-dev", f"llvm-{version}"]):
            found = shutil.which(f"clang++-{version}")
            if works(found):
                return found
    return None


# -- all together


def prepare(wishes: Iterable[str] = (), say: Callable[[str], None] = lambda text: print(text, file=sys.stderr)) -> Tools:
    wishes = set(wishes)
    unknown = wishes - {"release", "checks", "clang"}
    if unknown:
        raise ValueError(f"no such wish: {', '.join(sorted(unknown))}")

    notes: list[str] = []
    pinned = environment_for(HERE / "requirements-build.txt")
    if pinned:
        meson, ninja, python = [str(pinned / "meson")], str(pinned / "ninja"), str(pinned / "python")
    else:
        notes.append("PyPI is out of reach: Debian's meson and ninja instead of the pinned ones")
        found_meson, found_ninja = system_meson(), system_program("ninja", "ninja-build")
        if not (found_meson and found_ninja):
            raise ToolsMissing("no meson (1.0 or newer) and ninja: neither PyPI nor apt gave them")
        meson, ninja, python = [found_meson], found_ninja, sys.executable
    cc, cxx = compilers()
    kit = Tools(meson=meson, ninja=ninja, python=python, cc=cc, cxx=cxx, notes=notes)

    if "release" in wishes:
        found = environment_for(HERE / "requirements-release.txt") if pinned else None
        # The program itself, not `python -m ziglang`: that would start an interpreter for every file compiled.
        kit.zig = next((str(path) for path in found.parent.glob("lib/python*/site-packages/ziglang/zig")), None) if found else None
        if not kit.zig:
            notes.append("ziglang is out of reach: no static musl release")
    if "checks" in wishes:
        found = environment_for(HERE / "requirements-checks.txt") if pinned else None
        kit.clang_format = str(found / "clang-format") if found else None
        if not kit.clang_format:
            notes.append("the pinned clang-format is out of reach: layout is not checked")
    if "clang" in wishes:
        kit.clangxx = clang_with_sanitizers()
        kit.clang = kit.clangxx.replace("clang++", "clang") if kit.clangxx else None
        if not kit.clangxx:
            notes.append("no clang with sanitizers and libFuzzer: neither here nor from apt")
    for note in notes:
        say(f"toolchain: {note}")
    return kit
