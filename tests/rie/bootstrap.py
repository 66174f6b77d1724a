"""The function that runs in AWS's emulator: as many invocations at a time as it is told, each prints what its payload asks for.

payload: {"lines": 3, "pause_ms": 5}. A line is JSON, as Managed Instances have it, and names its request.
"""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def print_line(text: str) -> None:
    os.write(1, text.encode() + b"\n")  # one write: lines of several threads must not mix


def serve() -> None:
    while True:
        with urllib.request.urlopen(f"{API}/next") as event:
            request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
            wanted = json.loads(event.read() or b"{}")
        for number in range(wanted.get("lines", 1)):
            print_line(json.dumps({"level": "INFO", "requestId": request_id, "number": number, "of": wanted.get("name")}))
            time.sleep(wanted.get("pause_ms", 0) / 1000)
        answer = json.dumps({"requestId": request_id}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{API}/{request_id}/response", answer)).close()


print_line(json.dumps({"message": "loaded"}))
threads = [threading.Thread(target=serve) for _ in range(int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY", "1")))]
for thread in threads:
    thread.start()
