"""Prints in every way Python knows. What stands behind `want:` is the level the line has to get, or `none`."""

import json
import logging
import sys
import warnings

log = logging.getLogger("shop.cart")
log.setLevel(logging.DEBUG)
log.info("at init want:info")
print("printed at init want:none")


class OutOfStock(Exception):
    pass


def handler(event, context):
    if event.get("fail"):
        raise OutOfStock("not handled want:error")
    log.debug("looking want:debug")
    log.info("an error budget is left want:info")
    log.warning("slow want:warn")
    log.error("not found want:error")
    log.critical("out of disk want:fatal")
    log.log(25, "between info and warning want:info" if event["json"] else "of a level without a name want:none")
    logging.getLogger().warning("of the root logger want:warn")
    log.info("first line want:info\nERROR in the second line of one message")
    try:
        raise OutOfStock("nothing left")
    except OutOfStock:
        log.exception("reserving want:error")
    log.info({"message": "an object want:info", "level": "of the customer's own"} if event["json"] else "plain want:info")
    print("printed want:none")
    print("printed with an info in it want:none")
    print("[ERROR] by hand want:error")
    print(json.dumps({"level": "warn", "message": "structured want:warn"}))
    print(json.dumps({"message": "structured want:none"}))
    print("to standard error want:none", file=sys.stderr, flush=True)
    warnings.simplefilter("always")
    warnings.warn("of the warnings module want:none")
