"""Meson for the native builds: the one on the PATH, else Debian's package."""

from __future__ import annotations

import re
import shutil

from . import packages
from .command import run
from .report import Report, StageFailed

MESON_VERSION_MIN = (1, 0)


def meson_command(report: Report) -> list[str]:
    """How to call Meson. It needs ninja beside it."""
    for package, name in (("ninja-build", "ninja"), ("meson", "meson")):
        packages.ensure(report, package, packages.program(name))
    found = shutil.which("meson")
    if found and shutil.which("ninja") and _version(found) >= MESON_VERSION_MIN:
        return [found]
    raise StageFailed(f"Meson {'.'.join(map(str, MESON_VERSION_MIN))} or later and ninja are needed; "
                      f"found {found or 'no meson'}, {shutil.which('ninja') or 'no ninja'}")


def _version(program: str) -> tuple[int, ...]:
    numbers = re.findall(r"\d+", run([program, "--version"], seconds_max=60).output)
    return tuple(int(number) for number in numbers[:2])
