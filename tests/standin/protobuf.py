"""Just enough of snappy's block format and of protobuf to read Loki's PushRequest."""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple


class Corrupt(Exception):
    pass


def _varint(data: bytes, at: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Corrupt("snappy: corrupt input")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def snappy_block(data: bytes) -> bytes:
    size, at = _varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        kind = tag & 3
        if kind == 0:
            length = tag >> 2
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(data[at:at + extra], "little")
                at += extra
            length += 1
            if at + length > len(data):
                raise Corrupt("snappy: corrupt input")
            out += data[at:at + length]
            at += length
            continue
        width = (1, 2, 4)[kind - 1]
        if at + width > len(data):
            raise Corrupt("snappy: corrupt input")
        if kind == 1:
            length, offset = 4 + ((tag >> 2) & 7), ((tag >> 5) << 8) | data[at]
        else:
            length, offset = 1 + (tag >> 2), int.from_bytes(data[at:at + width], "little")
        at += width
        if not 0 < offset <= len(out):
            raise Corrupt("snappy: corrupt input")
        for _ in range(length):
            out.append(out[-offset])
    if len(out) != size:
        raise Corrupt("snappy: corrupt input")
    return bytes(out)


def fields(data: bytes) -> Iterator[Tuple[int, object]]:
    """(number, value): ints for varints and fixed sizes, bytes for the rest."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise Corrupt("unexpected EOF")
            yield key >> 3, data[at:at + size]
            at += size
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            yield key >> 3, int.from_bytes(data[at:at + width], "little")
            at += width
        else:
            raise Corrupt("proto: illegal wireType")


def push_request(body: bytes) -> List[Tuple[str, List[Tuple[int, str, Dict[str, str]]]]]:
    """[(labels text, [(ns, line, metadata)])]"""
    streams = []
    for number, value in fields(snappy_block(body)):
        if number != 1 or not isinstance(value, bytes):
            continue
        labels, entries = "{}", []
        for inner, item in fields(value):
            if inner == 1:
                labels = item.decode("utf-8", "replace")
            elif inner == 2:
                entries.append(_entry(item))
        streams.append((labels, entries))
    return streams


def _entry(data: bytes) -> Tuple[int, str, Dict[str, str]]:
    ns, line, metadata = 0, "", {}
    for number, value in fields(data):
        if number == 1:
            parts = dict(fields(value))
            ns = parts.get(1, 0) * 1_000_000_000 + parts.get(2, 0)
        elif number == 2:
            line = value.decode("utf-8", "replace")
        elif number == 3:
            pair = dict(fields(value))
            metadata[pair.get(1, b"").decode()] = pair.get(2, b"").decode("utf-8", "replace")
    return ns, line, metadata
