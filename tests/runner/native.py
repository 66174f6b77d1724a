"""The native builds under build/tests: one by g++, one by clang with ASan and UBSan and libFuzzer,
one by clang with TSan. Warnings are errors in each, so these are also the check on two compilers."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .command import ROOT, must, run
from .kit import Kit
from .report import StageFailed, StageSkipped

BUILD_SECONDS_MAX = 1800


@dataclass(frozen=True)
class Flavour:
    """A configuration. `target` limits the build to one program; None builds all."""

    name: str
    compiler: str  # gcc or clang
    options: tuple[str, ...]
    target: Optional[str] = None

    @property
    def folder(self) -> Path:
        return ROOT / "build" / "tests" / self.name

    def program(self, name: str) -> Path:
        return self.folder / "tests" / "unit" / name

    @property
    def simulation(self) -> Path:
        return self.folder / "tests" / "simulation" / "simulation"

    def fuzz_programs(self) -> list[Path]:
        return sorted(path for path in (self.folder / "tests" / "fuzz").glob("*_fuzz") if os.access(path, os.X_OK))


# Optimised as far as each needs: g++ sees some of its warnings only at 2, sanitizers are usable from 1 on.
# Only this one has planted bugs, for the simulation to find; the others are as the release is.
GCC = Flavour("gcc", "gcc", ("-Doptimization=2", "-Ddebug=false", "-Dplanted_bugs=true"))
ASAN = Flavour("asan", "clang", ("-Doptimization=1", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzz=true"))
TSAN = Flavour("tsan", "clang", ("-Doptimization=1", "-Db_sanitize=thread", "-Db_lundef=false"), "unit_threads")

SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"suppressions={ROOT / 'tests' / 'tsan.supp'}:halt_on_error=0:second_deadlock_stack=1",
}


def cache_root() -> Path:
    return Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")


def compiler_environment(kit: Kit, compiler: str) -> dict[str, str]:
    """CC and CXX, through ccache where it is installed. Its base directory makes a fresh clone hit
    what another one compiled."""
    if compiler == "gcc":
        names = {"CC": "gcc", "CXX": "g++"}
    elif kit.clang and kit.clangxx:
        names = {"CC": kit.clang, "CXX": kit.clangxx}
    else:
        raise StageSkipped("no clang with its sanitizers' runtime library")
    if shutil.which("ccache"):
        names = {variable: f"ccache {value}" for variable, value in names.items()}
    return {**kit.environment, **names, "CCACHE_DIR": str(cache_root() / "ccache"), "CCACHE_BASEDIR": str(ROOT),
            "CCACHE_NOHASHDIR": "1", "CCACHE_MAXSIZE": "1G"}


def build(flavour: Flavour, kit: Kit) -> None:
    """Sets up (again, when sources came or went: they are found by name) and compiles."""
    environment = compiler_environment(kit, flavour.compiler)
    listing = _source_listing()
    stamp = flavour.folder / "sources.txt"
    options = " ".join(flavour.options)
    listing += "\n" + options
    configured = (flavour.folder / "build.ninja").exists()
    if not configured or not stamp.exists() or stamp.read_text() != listing:
        # An option that is new in meson_options.txt is not known to a folder that was set up before.
        known = stamp.exists() and stamp.read_text().endswith("\n" + options)
        again = [] if not configured else ["--reconfigure"] if known else ["--wipe"]
        must([*kit.meson, "setup", *again, flavour.folder,
              "-Dtests=true", "-Dwerror=true", *flavour.options],
             seconds_max=BUILD_SECONDS_MAX, env=environment, what=f"meson setup {flavour.name}")
        stamp.write_text(listing)
    must([*kit.meson, "compile", "--ninja-args=--quiet", "-C", flavour.folder, *([flavour.target] if flavour.target else [])],
         seconds_max=BUILD_SECONDS_MAX, env=environment, what=f"build {flavour.name}")
    program = flavour.program(flavour.target or "unit")
    if not program.exists():
        raise StageFailed(f"the build made no {program.relative_to(ROOT)}")


def _source_listing() -> str:
    paths = [path for folder in ("src", "tests/unit", "tests/fuzz", "tests/simulation") for path in (ROOT / folder).rglob("*.cc")]
    return "\n".join(sorted(str(path.relative_to(ROOT)) for path in paths))


def without_address_randomisation() -> list[str]:
    """Sanitizers of older compilers die at start where the kernel spreads addresses widely."""
    prefix = ["setarch", "-R"]
    return prefix if shutil.which("setarch") and run([*prefix, "true"], seconds_max=20).ok else []
