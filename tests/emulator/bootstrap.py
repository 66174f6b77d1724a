#!/usr/bin/env python3
"""A small Lambda runtime for Python handlers, from the standard library alone: `bootstrap.py module.function`.

It behaves as Lambda's own Python runtime does where logs are concerned: the root logger's format, the JSON log
format, errors as one message with their stack trace, messages framed on _LAMBDA_TELEMETRY_LOG_FD when that is set.
"""

import http.client
import importlib
import json
import logging
import os
import struct
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime"
JSON_LOGS = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
# Frame types: magic, then the level (in steps of four) and whether it is text.
_LEVELS = {"DEBUG": 2, "INFO": 3, "WARNING": 4, "ERROR": 5, "CRITICAL": 6}


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.tenant_id = headers["Lambda-Runtime-Aws-Tenant-Id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - time.time_ns() // 1_000_000)


class Sink:
    """Where log messages go: frames on the descriptor Lambda gives, else standard output."""

    def __init__(self):
        fd = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
        self._fd = int(fd) if fd else None

    def write(self, message, level):
        if self._fd is None:
            # Without frames a line is a record: the lines of one message are joined.
            text = message if message.endswith("\n") else message.replace("\n", "\r") + "\n"
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        data = message.encode("utf-8", "replace")
        kind = 0xA55A0000 | _LEVELS.get(level, 0) << 2 | (2 if JSON_LOGS else 3)
        data = struct.pack(">IIQ", kind, len(data), time.time_ns() // 1000) + data
        while data:
            data = data[os.write(self._fd, data):]


class Handler(logging.Handler):
    def __init__(self, sink):
        super().__init__()
        self.sink = sink
        self.context = None

    def emit(self, record):
        try:
            self.sink.write(self.json(record) if JSON_LOGS else self.text(record), record.levelname)
        except Exception:  # a log line must not end the function
            self.handleError(record)

    def text(self, record):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        request = self.context.aws_request_id if self.context else ""
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        return "[%s]\t%s.%03dZ\t%s\t%s\n" % (record.levelname, stamp, record.msecs, request, message)

    def json(self, record):
        shown = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0]:
            shown["stackTrace"] = traceback.format_tb(record.exc_info[2])
            shown["errorType"] = record.exc_info[0].__name__
            shown["errorMessage"] = str(record.exc_info[1])
        if self.context:
            shown["requestId"] = self.context.aws_request_id
            if self.context.tenant_id:
                shown["tenantId"] = self.context.tenant_id
        return json.dumps(shown, ensure_ascii=False, default=str) + "\n"


def describe(error, request_id, skip):
    frames = traceback.extract_tb(error.__traceback__)[skip:]
    return {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": request_id,
            "stackTrace": traceback.format_list(frames)}


def log_error(sink, found):
    if JSON_LOGS:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        sink.write(json.dumps({"timestamp": stamp, "level": "ERROR", **found}), "ERROR")
        return
    lines = ["[ERROR] %s: %s" % (found["errorType"], found["errorMessage"]), "Traceback (most recent call last):"]
    for frame in found["stackTrace"]:
        for line in frame.splitlines():
            bare = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(bare)) + bare)
    sink.write("\n".join(lines), "ERROR")


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(API)
    connection.request(method, BASE + path, body, headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def load(name):
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), function)


def main(name):
    sink = Sink()
    handler = Handler(sink)
    root = logging.getLogger()
    root.addHandler(handler)
    if os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        root.setLevel(os.environ["AWS_LAMBDA_LOG_LEVEL"].replace("TRACE", "DEBUG"))
    sys.stdout.reconfigure(line_buffering=True)
    sys.path.insert(0, os.getcwd())
    try:
        function = load(name)
    except BaseException as error:
        found = describe(error, "", 1)
        log_error(sink, found)
        call("POST", "/init/error", json.dumps(found), {"Lambda-Runtime-Function-Error-Type": found["errorType"]})
        return 1
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        call("GET", "/restore/next")
    while True:
        answer, payload = call("GET", "/invocation/next")
        context = Context(answer.headers)
        handler.context = context
        trace = answer.headers["Lambda-Runtime-Trace-Id"]
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        path = "/invocation/" + context.aws_request_id
        try:
            result = json.dumps(function(json.loads(payload), context))
        except Exception as error:
            found = describe(error, context.aws_request_id, 1)
            log_error(sink, found)
            call("POST", path + "/error", json.dumps(found), {"Lambda-Runtime-Function-Error-Type": "Unhandled"})
        else:
            call("POST", path + "/response", result, {"Content-Type": "application/json"})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
