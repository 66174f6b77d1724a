"""layer/docs/migration.md is true: what it calls the same is an alias, what it names instead is ours, and the queries it gives
find what a function with the old variables has logged."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest

import pages

sys.path[:0] = [str(pages.ROOT / "tests"), str(pages.ROOT / "tests" / "e2e")]
from standin import LokiStandin  # noqa: E402 (the path comes first)
from support import sleipnir, stderr_of  # noqa: E402

PAGE = (pages.ROOT / "layer" / "docs" / "migration.md").read_text(encoding="utf-8")
REQUEST_ID = "0b6f3c1e-5a55-4c0e-9d5b-2f7f3b0b9a11"
LINES = ["payment failed for order 17", "2026-11-20T08:00:00.529Z\t" + REQUEST_ID + "\tERROR\tno route to the bank"]
# What a user of each had set, in its own words; {url} is the base address of Loki.
SETTINGS = {
    "LambdaWatch": {"LOKI_URL": "{url}/loki/api/v1/push", "LOKI_USERNAME": "u", "LOKI_PASSWORD": "p",
                    "SERVICE_NAME": "orders-api", "LOKI_LABELS": '{"env":"prod"}', "BUFFER_SIZE": "10000"},
    "railflow/loki-lambda-extension": {"LOKI_HOST": "{url}", "LOKI_USER": "1", "LOKI_API_KEY": "k",
                                       "SESSION_UUID": "s", "DISPATCH_MIN_BATCH_SIZE": "1"},
    "loafoe/aws-lambda-loki-extension": {"LOKI_PUSH_ENDPOINT": "{url}/loki/api/v1/push", "LOKI_LOG_LABELS": "team=shop",
                                         "LOKI_EXTENSION_ENABLED": "true"},
    "Jaeminst/aws-lambda-loki-extension": {"LOKI_PUSH_URL": "{url}", "LOKI_AUTH_TOKEN": "t", "LOKI_CUSTOM_LEVEL": "20=INFO"},
    "megaproaktiv/Lambda-Telemetry-API-Loki": {"LOKI_IP": "{url}/loki", "OTEL_LABEL_STAGE": "dev", "AWS_SAM_LOCAL": "false"},
    "Danalock/Loki-Lambda-Extension": {"LOKI_ENDPOINT_URL": "{url}", "LOKI_APPLICATION_LABEL": "locks", "LOKI_ENV_LABEL": "prod",
                                       "LOKI_BEARER_TOKEN": "t"},
    # Not its own names: what the page says to set instead.
    "lambda-promtail": {"LOKI_ENDPOINT": "{url}/loki/api/v1/push", "LOKI_USERNAME": "u", "LOKI_PASSWORD": "p",
                        "LOKI_EXTRA_LABELS": "team,shop"},
}


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def table(section: str, heading: str) -> list[list[str]]:
    return next(rows for rows in pages.tables(section) if rows[0][0] == heading)[1:]


class Variables(unittest.TestCase):
    def setUp(self) -> None:
        self.own = pages.own_variables()
        self.rows = [(name, *row) for name, section in sections().items() for row in table(section, "their variable")]
        self.assertGreater(len(self.rows), 50)

    def test_every_system_has_a_section_and_settings(self) -> None:
        self.assertEqual(set(SETTINGS), set(sections()))

    def test_what_is_called_the_same_is_a_name_of_ours(self) -> None:
        self.assertEqual([], [row for row in self.rows if row[2] == "the same" and pages.code_spans(row[1])[0] not in self.own])

    def test_what_is_called_nothing_is_none_of_ours(self) -> None:
        self.assertEqual([], [row for row in self.rows if row[2] == "nothing" and pages.code_spans(row[1])[0] in self.own])

    def test_what_is_named_instead_is_ours(self) -> None:
        for row in self.rows:
            if row[2] not in ("the same", "nothing"):
                self.assertIn(pages.code_spans(row[2])[0], self.own, row)
            for name in re.findall(r"\b(?:LOKI|OTEL|DISPATCH)_[A-Z_]+\b", row[3]):
                self.assertIn(name, self.own, row)

    def test_the_program_knows_every_alias(self) -> None:
        named = os.environ.get("SLEIPNIR_BIN", "")
        if not os.access(named, os.X_OK):
            self.skipTest("no binary to ask")
        said = subprocess.run([named, "--help"], capture_output=True, text=True, check=True).stdout
        words = set(re.findall(r"[A-Z][A-Z0-9_]+\*?", said))
        self.assertEqual([], [row for row in self.rows if row[2] == "the same" and pages.code_spans(row[1])[0] not in words])

    def test_the_settings_used_here_stand_on_the_page(self) -> None:
        for name, settings in SETTINGS.items():
            if name != "lambda-promtail":
                theirs = {pages.code_spans(row[1])[0] for row in self.rows if row[0] == name}
                unknown = {key for key in settings if key not in theirs and not key.startswith("OTEL_LABEL_")}
                self.assertEqual(set(), unknown, name)


class Queries(unittest.TestCase):
    """A function with the settings of before, and Sleipnir's layer."""

    def logged(self, settings: dict[str, str], more: dict[str, str]) -> LokiStandin:
        loki = LokiStandin()
        loki.__enter__()
        self.addCleanup(loki.__exit__, None, None, None)
        environment = {name: value.replace("{url}", loki.url) for name, value in settings.items()}
        with sleipnir({**environment, **more}, timeout_s=10, function_name="my-function", account_id="111122223333") as lam:
            self.assertIsNone(lam.init())
            lam.invoke(lines=LINES, request_id=REQUEST_ID)
            lam.shutdown("spindown")
            self.stderr = stderr_of(lam)
        return loki

    def assert_found(self, loki: LokiStandin, queries: list[str]) -> None:
        self.assertEqual([], [query for query in queries if not loki.select(query.replace("<request id>", REQUEST_ID))])

    def test_the_queries_of_after_find_what_was_logged(self) -> None:
        for name, section in sections().items():
            with self.subTest(name):
                loki = self.logged(SETTINGS[name], {})
                self.assert_found(loki, [pages.code_spans(after)[0] for _, after in table(section, "before")])
                self.assertEqual(LINES, [entry.line for entry in loki.select('{source="lambda"} | log_type="function"')])

    def test_lambdawatchs_queries_work_with_two_variables_set(self) -> None:
        loki = self.logged(SETTINGS["LambdaWatch"], {"LOKI_REQUEST_ID_AS": "line", "LOKI_PLATFORM_FORMAT": "text"})
        before = [pages.code_spans(row[0])[0] for row in table(sections()["LambdaWatch"], "before")]
        self.assert_found(loki, before[:2])

    def test_a_variable_without_meaning_is_named_where_the_page_says_so(self) -> None:
        self.logged(SETTINGS["Jaeminst/aws-lambda-loki-extension"], {})
        self.assertIn("sleipnir: LOKI_CUSTOM_LEVEL is no variable of Sleipnir", self.stderr)
        self.logged(SETTINGS["megaproaktiv/Lambda-Telemetry-API-Loki"], {})
        self.assertNotIn("is no variable", self.stderr)


if __name__ == "__main__":
    unittest.main()
