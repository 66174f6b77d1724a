"""What a push turns into: parsed streams, or Loki's refusal."""

from __future__ import annotations

import dataclasses
from typing import Dict, List, Tuple


@dataclasses.dataclass
class Refusal(Exception):
    status: int
    body: str
    reason: str = "parse"


@dataclasses.dataclass
class Pushed:
    """One stream of a request, parsed: entries are (ns, line, metadata)."""

    labels: Dict[str, str]
    entries: List[Tuple[int, str, Dict[str, str]]]
