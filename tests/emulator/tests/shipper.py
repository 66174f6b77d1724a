"""The emulator's own extension (selftest/shipper.py) under an emulated Lambda, for the tests."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from typing import Any, List, Optional

from emulator import Lambda

SHIPPER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "selftest", "shipper.py")


class ShipperTest(unittest.TestCase):
    """`start` makes an environment whose extension writes all it receives to a file; `events` reads that file."""

    def start(self, env: Optional[dict] = None, extension: Any = SHIPPER, **options: Any) -> Lambda:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, "events")
        open(self.out, "w", encoding="utf-8").close()
        lam = Lambda(extension, env={"SHIPPER_OUT": self.out, **(env or {})}, **options)
        self.addCleanup(lam.close)
        self.lam = lam
        return lam

    def events(self, *types: str) -> List[dict]:
        with open(self.out, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
        return [event for event in events if not types or event["type"] in types]

    def records(self, *types: str) -> list:
        return [event["record"] for event in self.events(*types)]

    def types(self) -> List[str]:
        return [event["type"] for event in self.events()]
