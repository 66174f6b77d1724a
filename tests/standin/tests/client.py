"""A push as a client would make it, for the stand-in's own tests."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
import time
from typing import Any, Dict, Optional, Tuple

from standin import LokiStandin

NOW = time.time_ns()


def body(*entries: Any, stream: Optional[Dict[str, Any]] = None) -> bytes:
    """Entries are lines, or full value arrays."""
    values = [[str(NOW + index), entry] if isinstance(entry, str) else entry for index, entry in enumerate(entries)]
    return json.dumps({"streams": [{"stream": {"app": "a"} if stream is None else stream, "values": values}]}).encode()


def post(loki: LokiStandin, data: bytes, *, path: str = "/loki/api/v1/push", method: str = "POST",
         headers: Optional[Dict[str, str]] = None, gzipped: bool = False, context: Optional[ssl.SSLContext] = None,
         content_type: Optional[str] = "application/json") -> Tuple[int, str]:
    if context is not None:
        connection = http.client.HTTPSConnection(loki.host, loki.port, timeout=5, context=context)
    else:
        connection = http.client.HTTPConnection(loki.host, loki.port, timeout=5)
    given = dict(headers or {})
    if content_type:
        given["Content-Type"] = content_type
    if gzipped:
        data = gzip.compress(data, 1)
        given["Content-Encoding"] = "gzip"
    try:
        connection.request(method, path, data, given)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()
