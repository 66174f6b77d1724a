"""The build's tools as layer/toolchain has them, asked for once, its notes among ours."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Optional

from .command import ROOT
from .report import Report, StageFailed

sys.path.insert(0, str(ROOT / "layer" / "toolchain"))

import tools  # noqa: E402


@dataclass(frozen=True)
class Kit:
    """`clangxx` is None where no clang with its sanitizers' runtime is to be had."""

    meson: list[str]
    environment: dict[str, str]
    clang: Optional[str]
    clangxx: Optional[str]


def prepare(report: Report) -> Kit:
    try:
        found = tools.prepare({"release", "checks", "clang"}, say=report.remark)
    except tools.ToolsMissing as missing:
        raise StageFailed(str(missing)) from None
    return Kit(list(found.meson), found.environment(), found.clang, found.clangxx)
