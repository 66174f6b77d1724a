"""What lies in a spool directory, read by the format's description (src/app/spool_format.h) and by none of its code."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

SEGMENT_HEADER, FRAME_HEADER = 24, 40


@dataclass
class Spooled:
    lines: List[str] = field(default_factory=list)  # of entries that wait, oldest first
    records: int = 0                                # that begin in them
    frames: int = 0
    torn_bytes: int = 0                             # behind the last whole frame of a segment


def read_spool(folder: Path) -> Spooled:
    found = Spooled()
    for path in sorted(folder.glob("*.spool")) if folder.is_dir() else []:
        with suppress(FileNotFoundError):  # delivered, and removed by its owner since it was listed
            _read_segment(path.read_bytes(), found)
    return found


def spooled_bytes(folder: Path) -> int:
    total = 0
    for path in folder.glob("*") if folder.is_dir() else []:
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _read_segment(data: bytes, found: Spooled) -> None:
    if len(data) < SEGMENT_HEADER:
        found.torn_bytes += len(data)
        return
    prefix_bytes, = struct.unpack_from("<I", data, 12)
    at = SEGMENT_HEADER + prefix_bytes
    while at + FRAME_HEADER <= len(data):
        head = data[at:at + FRAME_HEADER]
        payload, stored, entries, records, checksum, id_bytes = struct.unpack_from("<6I", head, 8)
        front = (entries + 7) // 8 + id_bytes
        end = at + FRAME_HEADER + front + stored
        if head[:4] != b"SlFr" or zlib.crc32(head[5:36]) != struct.unpack_from("<I", head, 36)[0] or end > len(data):
            break
        body = data[at + FRAME_HEADER:end]
        if head[4:5] != b"D" and zlib.crc32(body) == checksum:
            text = body[front:]
            text = gzip.decompress(text) if head[5:6] == b"G" else text
            assert len(text) == payload, (len(text), payload)
            values = json.loads(b"[" + text.rstrip(b",") + b"]")
            assert len(values) == entries, (len(values), entries)
            found.lines += [value[1] for value in values]
            found.records += records
            found.frames += 1
        at = end
    found.torn_bytes += max(0, len(data) - at)
