"""The demo function: logs as functions do (logging, print, JSON lines, standard error) and fails when asked to.

Event: {"order": 7, "fail": false}.  With the JSON log format the same calls give JSON records.
"""

import json
import logging
import sys

logger = logging.getLogger("orders")
logger.setLevel(logging.INFO)
print("loading the price list")


class OutOfStock(Exception):
    pass


def handler(event, context):
    order = event.get("order", 0)
    logger.info("order %s received", order)
    print(f"checking stock for order {order}: naïve café ☕ ok")
    print(json.dumps({"level": "info", "message": "stock checked", "order": order, "requestId": context.aws_request_id,
                      "items": [{"sku": "A-1", "count": 2}]}))
    print(f"warehouse link is slow (order {order})", file=sys.stderr, flush=True)
    try:
        reserve(order, event.get("fail", False))
    except OutOfStock:
        logger.exception("order %s could not be reserved", order)
        raise
    logger.warning("order %s reserved on the last pallet", order)
    return {"order": order, "status": "reserved"}


def reserve(order, fail):
    if fail:
        raise OutOfStock(f"nothing left for order {order}")
