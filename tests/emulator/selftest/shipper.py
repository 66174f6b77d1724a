#!/usr/bin/env python3
"""A small well-behaved extension: registers, subscribes, writes every telemetry event to a file, one per line.

Used by the emulator's own tests.  SHIPPER_OUT names the file; SHIPPER_* variables switch habits on.
"""

import http.client
import http.server
import json
import os
import sys
import threading
import time

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
NAME = os.environ.get("SHIPPER_NAME", os.path.basename(__file__))
PORT = int(os.environ["LOKI_LISTENER_PORT"])
OUT = open(os.environ.get("SHIPPER_OUT", "/dev/null"), "a", encoding="utf-8")
EVENTS = [name for name in os.environ.get("SHIPPER_EVENTS", "INVOKE,SHUTDOWN").split(",") if name]
refusals = int(os.environ.get("SHIPPER_REFUSE", "0"))
done = {}
lock = threading.Condition()


class Listener(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # noqa: N802 (the name http.server asks for)
        global refusals
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while True:
                size = int(self.rfile.readline(), 16)
                body += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    break
        else:
            wanted = int(self.headers["Content-Length"])
            body = self.rfile.read(wanted)
            if len(body) < wanted:
                self.close_connection = True
                return
        if refusals > 0:
            refusals -= 1
            self.send_response(500)
        else:
            self.take(body)
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def take(self, body):
        try:
            events = json.loads(body)
        except ValueError:
            events = [{"type": "malformed", "record": body.decode("utf-8", "replace")}]
        with lock:
            for event in events:
                OUT.write(json.dumps(event) + "\n")
                if event["type"] == "platform.runtimeDone":
                    done[event["record"]["requestId"]] = True
            OUT.flush()
            lock.notify_all()

    def log_message(self, *_):
        pass


def call(connection, method, path, body=None, **headers):
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    if answer.status >= 300:
        print(f"shipper: {path} {answer.status} {text}", file=sys.stderr, flush=True)
    return answer, text


def main():
    server = http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = http.client.HTTPConnection(API)
    answer, _ = call(connection, "POST", "/2020-01-01/extension/register", {"events": EVENTS},
                     **{"Lambda-Extension-Name": NAME, "Lambda-Extension-Accept-Feature": "accountId"})
    if answer.status != 200:
        return 1
    identifier = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
    call(connection, "PUT", "/2022-07-01/telemetry",
         {"schemaVersion": os.environ.get("SHIPPER_SCHEMA", "2025-01-29"),
          "types": os.environ.get("SHIPPER_TYPES", "platform,function").split(","),
          "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
          "destination": {"protocol": "HTTP", "URI": f"http://sandbox.localdomain:{PORT}"}}, **identifier)
    if os.environ.get("SHIPPER_INIT_ERROR"):
        call(connection, "POST", "/2020-01-01/extension/init/error", {},
             **identifier, **{"Lambda-Extension-Function-Error-Type": os.environ["SHIPPER_INIT_ERROR"]})
        return 1
    while True:
        answer, text = call(connection, "GET", "/2020-01-01/extension/event/next", **identifier)
        if answer.status != 200:
            return 1
        event = json.loads(text)
        if event["eventType"] == "SHUTDOWN":
            print("shipper: bye " + event["shutdownReason"], flush=True)
            if os.environ.get("SHIPPER_IGNORES_SHUTDOWN"):
                threading.Event().wait()
            time.sleep(float(os.environ.get("SHIPPER_LINGER", "0")))  # telemetry comes after SHUTDOWN, too
            return 0
        if os.environ.get("SHIPPER_CRASH"):
            return 3
        if os.environ.get("SHIPPER_WEDGED"):
            threading.Event().wait()
        if not os.environ.get("SHIPPER_AT_ONCE"):
            with lock:
                lock.wait_for(lambda: done.get(event["requestId"]),
                              float(os.environ.get("SHIPPER_PATIENCE", "2")))


if __name__ == "__main__":
    sys.exit(main())
