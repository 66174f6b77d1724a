"""A function whose day can be scripted: {"work_ms": 40, "lines": [["INFO", "text"]], "fail": false, "hang": false}."""

import logging
import time

logger = logging.getLogger("shop")
logger.setLevel(logging.DEBUG)
ballast = bytearray(8 << 20)  # something for the memory panel


def handler(event, context):
    for level, text in event.get("lines", []):
        logger.log(getattr(logging, level), text)
    time.sleep(event.get("work_ms", 0) / 1000)
    if event.get("hang"):
        time.sleep(60)
    if event.get("fail"):
        raise RuntimeError("no such order")
    return {"ok": True}
