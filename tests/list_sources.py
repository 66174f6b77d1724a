#!/usr/bin/env python3
"""List the test sources below a directory, for meson.build; or check that a list made earlier still holds.

    list_sources.py DIR SUFFIX              prints the paths (relative to DIR) that end in SUFFIX, one a line
    list_sources.py DIR SUFFIX --expect ... exit 1 unless exactly these are there now
"""
from __future__ import annotations

import sys
from pathlib import Path


def sources(directory: Path, suffix: str) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob(f"*{suffix}"))


def main() -> int:
    directory, suffix = Path(sys.argv[1]), sys.argv[2]
    found = sources(directory, suffix)
    if sys.argv[3:4] != ["--expect"]:
        print("\n".join(found))
        return 0
    changed = sorted(set(found) ^ set(sys.argv[4:]))
    for path in changed:
        print(f"{directory / path}: came or went since the build was set up; run `meson setup --reconfigure BUILD`")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
