"""The corpus of awkward records into the stand-in: lines come back equal, in order, none merged, none refused."""

from __future__ import annotations

import unittest
from typing import Any, List

from records import AwkwardRecords
from support import Case

from standin import LokiStandin


class Records(AwkwardRecords, Case):
    def loki_without_rates(self) -> LokiStandin:
        loki: LokiStandin = self.opened(LokiStandin())
        return loki

    def entries_of(self, loki: LokiStandin, request_id: str) -> List[Any]:
        self.assertEqual({}, loki.discarded)
        self.assertEqual([], loki.duplicates)
        found: List[Any] = loki.select(f'{{source="lambda"}} | request_id="{request_id}" | log_type="function"')
        return found


if __name__ == "__main__":
    unittest.main()
