"""The queries on the pages for users, asked of a real Loki: those of before are LogQL, those of after find what a function with the
old shipper's variables has logged."""

from __future__ import annotations

import re
import sys
import unittest

from support import Case, ROOT, sleipnir

from real_loki import LokiUnavailable, RealLoki

sys.path.append(str(ROOT / "tests" / "deploy"))
import pages  # noqa: E402 (the path comes first)
from test_migration import LINES, REQUEST_ID, SETTINGS, sections, table  # noqa: E402


def asked(query: str) -> str:
    return query.replace("<request id>", REQUEST_ID)


class Pages(Case):
    def setUp(self) -> None:
        try:
            self.loki = self.opened(RealLoki(auth_enabled=True))
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None

    def test_the_queries_of_the_migration_page(self) -> None:
        for number, (name, settings) in enumerate(SETTINGS.items()):
            tenant = f"system-{number}"
            environment = {key: value.replace("{url}", self.loki.url) for key, value in settings.items()}
            with self.subTest(name):
                with sleipnir({**environment, "LOKI_TENANT_ID": tenant}, timeout_s=10, function_name="my-function",
                              account_id="111122223333") as lam:
                    self.assertIsNone(lam.init())
                    lam.invoke(lines=LINES, request_id=REQUEST_ID)
                    lam.shutdown("spindown")
                for row in table(sections()[name], "before"):
                    before, after = (asked(pages.code_spans(cell)[0]) for cell in row)
                    self.loki.query(before, tenant=tenant)
                    self.assertTrue(self.loki.wait_for(after, 1, tenant=tenant), after)

    def test_every_other_query_is_logql(self) -> None:
        queries = [line for path in (*pages.PAGES, ROOT / "README.md")
                   for block in re.findall(r"^```\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
                   for line in block.splitlines() if re.match(r'\{\w+="', line)]
        self.assertGreater(len(queries), 3)
        for query in queries:
            # What is explained beside a query stands behind some blanks.
            self.loki.query(re.split(r"  +", query)[0], tenant="nobody")

    def test_what_is_no_logql_is_noticed(self) -> None:
        with self.assertRaisesRegex(OSError, "400 parse error"):
            self.loki.query('{function_name="my-function"} | request_id=', tenant="nobody")


if __name__ == "__main__":
    unittest.main()
