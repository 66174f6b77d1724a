"""The pages for users are true of the code: tests that they name exist, links lead somewhere, variables are ours, and lines that
they quote are lines that the program can write."""

from __future__ import annotations

import errno
import importlib.machinery
import importlib.util
import os
import re
import unittest

import pages

TROUBLESHOOTING = pages.ROOT / "layer" / "docs" / "troubleshooting.md"
# Names other programs' variables in its first columns; test_migration.py looks at it.
OF_OTHERS = {"layer/docs/migration.md"}
# A value in a printf format.
VALUE = re.compile(r"%(?:\.\*|\.\d+|\d+)?(?:l|ll|z)?[sdu]")


def guarantees():
    """The check of README's guarantees: it knows where tests are."""
    path = pages.ROOT / "tests" / "checks" / "readme_guarantees"
    loader = importlib.machinery.SourceFileLoader("readme_guarantees", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def formats_of_log_lines() -> list[str]:
    """The format of every log_line() and of every complaint about the configuration in src."""
    return _formats(r"(?:log_line\((?:LogLevel::k\w+|odd \? LogLevel::kWarn : LogLevel::kInfo),|problems_?\.(?:error|warning)\()\s*")


def formats_of_texts() -> list[str]:
    """Every text of src/net, src/loki and the resolving of names: among them the reasons of failures."""
    return _formats("", ("net", "loki", "app/upstream.cc"))


def _formats(before: str, under: tuple[str, ...] = ("",)) -> list[str]:
    """The texts that follow `before`, adjacent literals put together."""
    calls = re.compile(before + r"((?:\"(?:\\.|[^\"\\\n])*\"|PRI\w+|\s)+)")
    found = []
    for path in (pages.ROOT / "src").rglob("*.cc"):
        if not str(path.relative_to(pages.ROOT / "src")).startswith(under):
            continue
        source = re.sub(r"^\s*(#|//).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for call in calls.finditer(source):
            text = re.sub(r"\"\s*PRI\w+\s*\"", "u", call[1])
            form = "".join(re.findall(r"\"((?:\\.|[^\"\\])*)\"", re.sub(r"\"\s*PRI\w+", "u\"", text))).replace('\\"', '"')
            # What is all value, such as the ledger, would match anything.
            if len(VALUE.sub("", form)) >= 10:
                found.append(form)
    return found


def pattern_of(form: str) -> "re.Pattern[str]":
    """What a printf format can give; on the pages a value is written as `<words>`, or as an example of it."""
    return re.compile(".*".join(re.escape(part) for part in VALUE.split(form)))


class Pages(unittest.TestCase):
    def setUp(self) -> None:
        self.texts = {page: page.read_text(encoding="utf-8") for page in pages.PAGES}
        self.assertGreater(len(self.texts), 5)

    def test_tests_that_are_named_exist(self) -> None:
        check = guarantees()
        files = check.tests_by_file(pages.ROOT / "tests")
        named = [(page, file, name) for page, text in self.texts.items() for file, name in check.NAMED.findall(text)]
        self.assertGreater(len(named), 20)
        self.assertEqual([], [f"{pages.name_of(page)}: {file}::{name}" for page, file, name in named
                              if not check.defined(name, files.get(file, ""), file.endswith(".py"))])

    def test_links_lead_to_files_and_headings(self) -> None:
        wrong = []
        for page, text in self.texts.items():
            for path, heading in pages.links(text):
                target = page.parent / path if path else page
                if not target.exists():
                    wrong.append(f"{pages.name_of(page)}: no {path}")
                elif heading and heading not in pages.anchors(target.read_text(encoding="utf-8")):
                    wrong.append(f"{pages.name_of(page)}: no {path}#{heading}")
        self.assertEqual([], wrong)

    def test_variables_that_are_named_are_ours(self) -> None:
        own = pages.own_variables()
        self.assertIn("LOKI_ENDPOINT", own)
        self.assertEqual([], [f"{pages.name_of(page)}: {name}" for page, text in self.texts.items()
                              if pages.name_of(page) not in OF_OTHERS
                              for name in re.findall(r"\bLOKI_[A-Z0-9_]+\b", text) if name not in own])

    def test_reasons_of_drops_are_those_of_the_ledger(self) -> None:
        page = next(text for path, text in self.texts.items() if path.name == "operations.md")
        explained = {pages.code_spans(row[0])[0] for rows in pages.tables(page) if rows[0][0] == "`dropped`" for row in rows[1:]}
        source = (pages.ROOT / "src" / "batch" / "counters.cc").read_text(encoding="utf-8")
        self.assertGreater(len(explained), 4)
        self.assertLessEqual(explained, set(re.findall(r'case DropReason::\w+: return "(\w+)"', source)))

    def test_the_changes_have_a_heading_for_what_comes_next(self) -> None:
        text = (pages.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        self.assertEqual("[Unreleased]", headings[0])
        for heading in headings[1:]:
            self.assertRegex(heading, r"^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$")
        kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
        self.assertLessEqual(kinds, {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"})


class QuotedLines(unittest.TestCase):
    """layer/docs/troubleshooting.md quotes what Sleipnir writes on stderr."""

    def setUp(self) -> None:
        self.patterns = [pattern_of(form) for form in formats_of_log_lines()]
        self.assertGreater(len(self.patterns), 20)

    def test_every_quoted_reason_is_one_that_the_program_gives(self) -> None:
        table = next(rows for rows in pages.tables(TROUBLESHOOTING.read_text(encoding="utf-8")) if rows[0][0] == "reason")
        forms = [pattern_of(form) for form in formats_of_texts()]
        reasons = [pages.code_spans(reason)[0] for reason, _ in table[1:]]
        self.assertGreater(len(reasons), 10)
        self.assertEqual([], [reason for reason in reasons if not any(form.fullmatch(reason) for form in forms)
                              and reason != os.strerror(errno.ECONNREFUSED)])

    def is_written(self, line: str) -> bool:
        return any(pattern.fullmatch(line) for pattern in self.patterns)

    def test_every_quoted_line_is_one_that_the_program_writes(self) -> None:
        spans = pages.code_spans(TROUBLESHOOTING.read_text(encoding="utf-8"))
        quoted = [span[len("sleipnir: "):] for span in spans if re.match("sleipnir: .", span)]
        self.assertGreater(len(quoted), 30)
        self.assertEqual([], [line for line in quoted if not self.is_written(line)])

    def test_a_line_that_is_not_written_is_noticed(self) -> None:
        good = "cannot push to Loki (LOKI_ENDPOINT https://h): <why>; records are kept"
        self.assertTrue(self.is_written(good))
        for wrong in (good.replace("kept", "lost"), good.replace("records", "Records"), "Error 17"):
            self.assertFalse(self.is_written(wrong), wrong)


if __name__ == "__main__":
    unittest.main()
