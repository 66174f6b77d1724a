"""The layer's zip: extensions/sleipnir, executable, the same bytes for the same binary."""
from __future__ import annotations

import zipfile
from pathlib import Path

# The earliest time a zip can carry: with the build's own the bytes would differ each time.
EPOCH = (1980, 1, 1, 0, 0, 0)


def write_layer(binary: Path, target: Path) -> None:
    entry = zipfile.ZipInfo("extensions/sleipnir", EPOCH)
    entry.create_system = 3  # Unix, whatever this runs on: only then are the permissions read.
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    unfinished = target.with_name(target.name + ".new")
    with zipfile.ZipFile(unfinished, "w") as layer:
        layer.writestr(entry, binary.read_bytes(), compresslevel=9)
    unfinished.replace(target)
