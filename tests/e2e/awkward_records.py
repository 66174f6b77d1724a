"""Awkward records: what functions really or perversely print, each with the lines that have to arrive for it.

    for record in awkward_records(seed=1, count=2000): record.token, record.line

A token is the JSON value that Lambda puts behind "record":, byte for byte. What must arrive is worked out here from the
rules users are told, and from nothing of the program's: a JSON string arrives as the text that it stands for, less one
trailing newline; any other value as its own text; bytes that JSON cannot carry as U+FFFD. Everything is drawn from the
seed; SLEIPNIR_SEED names another.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
from typing import Callable, Iterator, List

LINE_BYTES_MAX = 262144  # Loki's limit for a line, and ours: longer ones come in parts
UNICODE_PER_LINE = 4096
REPLACEMENT = "\ufffd"


def seed_of_run() -> int:
    return int(os.environ.get("SLEIPNIR_SEED", "1"))


@dataclasses.dataclass(frozen=True)
class Awkward:
    kind: str
    token: bytes

    @property
    def line(self) -> str:
        """The line that has to arrive; in parts where it is too long."""
        text = self.token.decode("utf-8", "replace")
        if not text.startswith('"'):
            return text
        value: str = json.loads(text, strict=False)
        if value.endswith("\n"):
            value = value[:-1]
        return re.sub("[\ud800-\udfff]", REPLACEMENT, value)

    @property
    def may_come_in_parts(self) -> bool:
        """Longer than Loki takes, or, escaped, nearly as long as the largest push (1 MiB)."""
        line = self.line
        return len(line.encode()) > LINE_BYTES_MAX or len(json.dumps(line, ensure_ascii=False).encode()) > 900_000

    def __repr__(self) -> str:
        return f"{self.kind}: {self.token[:200]!r} ({len(self.token)} bytes)"


class Generator:
    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def token(self, text: str) -> bytes:
        """A JSON string, now with escapes for all that is not ASCII, now without."""
        return json.dumps(text, ensure_ascii=self.random.random() < 0.5).encode("utf-8", "replace")

    def character(self) -> str:
        """Of any plane, the small ones as likely as the large."""
        high = self.random.choice((0x7f, 0x7ff, 0xffff, 0x10ffff))
        while True:
            code = self.random.randint(0, high)
            if not 0xd800 <= code <= 0xdfff:
                return chr(code)

    def word(self, longest: int = 12) -> str:
        return "".join(self.random.choice("abcdefghijklmnopqrstuvwxyz0123456789_-.") for _ in
                       range(self.random.randint(1, longest)))

    def sentence(self) -> str:
        return " ".join(self.word() for _ in range(self.random.randint(1, 12)))

    # Each of these gives one token.

    def unicode(self) -> bytes:
        return self.token("".join(self.character() for _ in range(self.random.randint(1, 200))))

    def control(self) -> bytes:
        codes = [*range(0x20), 0x7f, *range(0x80, 0xa0)]
        self.random.shuffle(codes)
        text = "".join(chr(code) for code in codes[:self.random.randint(1, len(codes))])
        return self.token(self.sentence() + text + self.random.choice(("", "\0", "end", "\x1b[0m")))

    def surrogates(self) -> bytes:
        """Halves of pairs alone, in the wrong order, beside whole pairs, at both ends, before a last newline."""
        units = ["\\ud83d", "\\ude00", "\\uD800", "\\uDFFF", "\\udbff", "\\udc00", "\\ud83d\\ude00", "x", "\\n", "\\\\",
                 "\\\\ud83d", "é", "\\u0041"]
        text = "".join(self.random.choice(units) for _ in range(self.random.randint(1, 10)))
        return f'"{text}{self.random.choice(("", self.word(), chr(92) + "n"))}"'.encode()

    def broken_utf8(self) -> bytes:
        pieces = [b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xe2\x82", b"\xe0\x80\x80", b"\xed\xa0\x80",
                  b"\xed\xbf\xbf", b"\xef\xbf", b"\xf0\x9f\x98", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf5", b"\xff",
                  b"\xfe\xff", b"\xf8\x88\x80\x80\x80", "é".encode(), "\U0001f40e".encode(), b"text", b"\\n", b"\\u0000",
                  b"\\ud83d", b"\\\"", b" "]
        return b'"' + b"".join(self.random.choice(pieces) for _ in range(self.random.randint(1, 30))) + b'"'

    def newlines(self) -> bytes:
        end = self.random.choice(("\n", "\n\n", "\n\n\n", "\r\n", "\n\r", "\r", "\\n", " \n", "\t\n", "\u2028", "\u2029\n",
                                  "\x0b\n", "\x85\n"))
        text = self.token(self.random.choice(("", self.sentence(), "\n", "a\nb")) + end)
        # The newline of the end as another spelling of itself.
        return text[:-3] + rb'\u000a"' if self.random.random() < 0.3 and text.endswith(rb'\n"') \
            and not text.endswith(rb'\\n"') else text

    def carriage_returns(self) -> bytes:
        return self.token(self.random.choice(("\r", "\r\n", "\n\r")).join(
            self.sentence() for _ in range(self.random.randint(2, 5))))

    def empty(self) -> bytes:
        return self.random.choice((b'""', rb'"\n"', b'" "', rb'"\u000A"', rb'"\t"', rb'"\u0000"', rb'"\ufeff"'))

    def like_json(self) -> bytes:
        """Texts that are JSON, or nearly."""
        return self.token(self.random.choice((
            "{", "}", "{}", "[]", "[", "null", "true", '""', '"', "{\"a\":", '{"level":"error"', '{"a":1}}', "{'a':1}",
            '{"a":1} {"b":2}', '{"a":1}\n{"b":2}', '[1,2,', '{"msg":"\\ud800"}', '{"a":"\\u000a"}', "\\", '\\"', "\\u0041",
            "{\"" + self.word() + "\":" + str(self.random.random()) + "}", json.dumps({"text": self.sentence()}, indent=2),
            json.dumps(json.dumps(json.dumps({"deep": self.sentence()}))))) + self.random.choice(("", "\n")))

    def like_loki(self) -> bytes:
        """Texts that would end the line, the entry or the push, were they not escaped; and LogQL."""
        return self.token(self.random.choice((
            '"],["1700000000000000000","forged"', ']}]}', '"]]}],"streams":[{', '{"streams":[{"stream":{},"values":[]}]}',
            '["1700000000000000000","x",{"level":"error"}],', '",{"request_id":"forged"}],', '{app="x"} |= `y`',
            '{job=~".+"} | json | line_format "{{.msg}}"', "{{ __line__ }}", "`backticks`", "level=error msg=\"x\"",
            'rate({a="b"}[5m])', "%s%d%n", "${LOKI_URL}", "\\\",\\\"")) + self.word())

    def long_word(self) -> bytes:
        return self.token(self.word(1)[0] * self.random.randint(5_000, 40_000))

    def number_token(self) -> str:
        return self.random.choice((
            "0", "-0", "-0.0", "1.50e3", "1E+2", "1e-7", "0.10", "12345678901234567890", "-9223372036854775809", "1.0",
            "3.141592653589793238462643383279", "1e999", str(self.random.randint(-10**6, 10**6)),
            repr(self.random.random())))

    def json_value(self, depth: int) -> str:
        choice = self.random.random()
        if depth <= 0 or choice < 0.5:
            return self.random.choice((self.number_token(), "true", "false", "null", '""',
                                       self.token(self.sentence()).decode(), self.surrogates().decode(),
                                       json.dumps(self.character())))
        space = self.random.choice(("", "", " ", "\n  ", "\t"))
        count = self.random.randint(0, 4)
        if choice < 0.7:
            return "[" + ("," + space).join(self.json_value(depth - 1) for _ in range(count)) + space + "]"
        return self.json_object(depth, count, space)

    def json_object(self, depth: int, count: int, space: str) -> str:
        # Keys repeat, come in no order, and are never one that names an id: which request a record belongs to is
        # another test's question.
        keys = [self.random.choice(("z", "a", "message", "z", "\\u0061", "", "é", "level", "x" + self.word())) for _ in range(count)]
        return "{" + space + ("," + space).join(
            f'"{key}"{self.random.choice(("", space))}:{space}{self.json_value(depth - 1)}' for key in keys) + space + "}"

    def json_record(self) -> bytes:
        space = self.random.choice(("", "", " ", "\r\n", "\t"))
        return self.json_object(self.random.randint(1, 5), self.random.randint(0, 8), space).encode()

    def json_nested(self) -> bytes:
        depth = self.random.randint(10, 500)
        if self.random.random() < 0.5:
            return ('{"a":' * depth + "1" + "}" * depth).encode()
        return ('{"a":' + "[" * depth + "]" * depth + "}").encode()

    def json_broken_utf8(self) -> bytes:
        return b'{"message":' + self.broken_utf8() + b',"n":' + self.number_token().encode() + b"}"

    def other_value(self) -> bytes:
        return self.random.choice((b"null", b"true", b"false", b"[]", b"[1, 2]", b'["a\\n"]', b"{}", b"{ }",
                                   self.number_token().encode(), self.json_value(3).encode()))

    def ordinary(self) -> bytes:
        return self.token(self.sentence() + "\n")

    def largest(self) -> Iterator[Awkward]:
        """Around the longest line Loki takes: a byte less and more, a character across the edge, escapes all over."""
        for size in (LINE_BYTES_MAX - 1, LINE_BYTES_MAX, LINE_BYTES_MAX + 1):
            yield Awkward("largest", json.dumps("x" * size).encode())
            yield Awkward("largest", json.dumps("x" * size + "\n").encode())
        for text in ("é" * (LINE_BYTES_MAX // 2), "x" + "é" * (LINE_BYTES_MAX // 2),
                     "xx" + "\U0001f40e" * (LINE_BYTES_MAX // 4), "\x01" * 150_000, "\x01" * 200_000, '"' * LINE_BYTES_MAX):
            yield Awkward("largest", self.token(text))
        yield Awkward("largest", b'"' + b"\xff" * LINE_BYTES_MAX + b'"')
        yield Awkward("largest", b'{"message":"' + b"y" * (LINE_BYTES_MAX - 14) + b'"}')
        yield Awkward("largest", b'{"message":"' + "\u65e5".encode() * 100_000 + b'"}')

    def all_of_unicode(self) -> Iterator[Awkward]:
        """Every code point there is, in its order."""
        codes = [code for code in range(0x110000) if not 0xd800 <= code <= 0xdfff]
        for first in range(0, len(codes), UNICODE_PER_LINE):
            yield Awkward("all of Unicode", self.token("".join(map(chr, codes[first:first + UNICODE_PER_LINE]))))

    def records(self, count: int) -> List[Awkward]:
        kinds: List[Callable[[], bytes]] = [
            self.unicode, self.control, self.surrogates, self.broken_utf8, self.newlines, self.carriage_returns, self.empty,
            self.like_json, self.like_loki, self.json_record, self.json_record, self.json_nested, self.json_broken_utf8,
            self.other_value, self.ordinary]
        found = [*self.all_of_unicode(), *self.largest(), *(Awkward("long word", self.long_word()) for _ in range(20))]
        while len(found) < count:
            make = self.random.choice(kinds)
            record = Awkward(make.__name__.replace("_", " "), make())
            found.append(record)
        self.random.shuffle(found)
        # Repeats side by side, of one millisecond most likely.
        for at in range(1, count):
            if found[at].kind == "ordinary" and self.random.random() < 0.5:
                found[at] = found[at - 1]
        return found


def awkward_records(seed: int, count: int) -> List[Awkward]:
    return Generator(seed).records(count)
