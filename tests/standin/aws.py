"""A stand-in for Secrets Manager, SSM's Parameter Store and the credentials that SnapStart serves.

Every request's signature is computed anew, by the rules of Signature Version 4 and none of the code under test, and
refused as AWS does when it differs, is old, or leaves out a header that has to be signed.

    with AwsStandin() as aws:
        aws.secrets["loki"] = '{"password":"a word"}'
        ...AWS_ENDPOINT_URL=aws.url, and aws.keys as environment...
        assert aws.served == ["secretsmanager:loki"]
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Optional, Tuple

ACCESS_KEY, SECRET_KEY, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOKEN/EXAMPLE=="
SKEW_SECONDS_MAX = 300
MUST_BE_SIGNED = {"host", "x-amz-date", "content-type", "x-amz-target"}


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(secret: str, method: str, path: str, headers: Dict[str, str], names: List[str], body: bytes, scope: str) -> str:
    """`headers` by lower-case name; `scope`: date/region/service/aws4_request."""
    canonical = "\n".join([method, path, "", *(f"{name}:{headers[name].strip()}" for name in names), "", ";".join(names),
                           hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return _hmac(key, to_sign).hex()


class AwsStandin:
    """REQUIRES: `secrets`, `parameters` and `refusal` are set between requests."""

    def __init__(self, region: str = "eu-west-1") -> None:
        self.region = region
        self.secrets: Dict[str, str] = {}
        self.parameters: Dict[str, str] = {}
        self.refusal: Optional[Tuple[int, Dict[str, str]]] = None  # answered to everything, signed or not
        self.session_token = TOKEN
        self.served: List[str] = []   # what was given out, in order
        self.refused: List[str] = []  # why not
        self.keys_asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def keys(self) -> Dict[str, str]:
        """An environment that may ask."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": self.session_token,
                "AWS_REGION": self.region, "AWS_ENDPOINT_URL": self.url}

    @property
    def served_keys(self) -> Dict[str, str]:
        """The same on SnapStart."""
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "may-ask",
                "AWS_REGION": self.region, "AWS_ENDPOINT_URL": self.url}

    def __enter__(self) -> "AwsStandin":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- one request

    def _answer(self, method: str, path: str, headers: Dict[str, str], body: bytes) -> Tuple[int, Dict[str, Any]]:
        if method == "GET" and path == "/credentials":
            self.keys_asked += 1
            if headers.get("authorization") != "may-ask":
                return 403, {}
            return 200, {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": self.session_token,
                         "Expiration": "2099-01-01T00:00:00Z"}
        if self.refusal is not None:
            return self.refusal
        why = self._wrong(method, path, headers, body)
        if why:
            self.refused.append(why)
            return 400, {"__type": "com.amazon.coral.service#" + why, "message": f"it is {why}"}
        asked = json.loads(body)
        if headers["x-amz-target"] == "secretsmanager.GetSecretValue":
            return self._give("secretsmanager", asked["SecretId"], self.secrets,
                              lambda value: {"Name": asked["SecretId"], "SecretString": value})
        if headers["x-amz-target"] == "AmazonSSM.GetParameter" and asked["WithDecryption"] is True:
            return self._give("ssm", asked["Name"], self.parameters,
                              lambda value: {"Parameter": {"Name": asked["Name"], "Type": "SecureString", "Value": value}})
        return 400, {"__type": "UnknownOperationException"}

    def _give(self, service: str, name: str, store: Dict[str, str], answer: Any) -> Tuple[int, Dict[str, Any]]:
        if name not in store:
            return 400, {"__type": "ResourceNotFoundException", "Message": f"can't find {name}"}
        self.served.append(f"{service}:{name}")
        return 200, answer(store[name])

    def _wrong(self, method: str, path: str, headers: Dict[str, str], body: bytes) -> str:
        said = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
                            headers.get("authorization", ""))
        if said is None:
            return "MissingAuthenticationTokenException"
        key, scope, listed, signed = said.groups()
        names = listed.split(";")
        service = headers.get("x-amz-target", "").partition(".")[0]
        service = {"secretsmanager": "secretsmanager", "AmazonSSM": "ssm"}.get(service, "")
        if key != ACCESS_KEY or headers.get("x-amz-security-token", "") != self.session_token:
            return "UnrecognizedClientException"
        needed = MUST_BE_SIGNED | ({"x-amz-security-token"} if self.session_token else set())
        if names != sorted(names) or not needed <= set(names) or not set(names) <= set(headers):
            return "InvalidSignatureException"
        date = headers["x-amz-date"]
        when = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
        if scope != f"{date[:8]}/{self.region}/{service}/aws4_request" or abs(when - time.time()) > SKEW_SECONDS_MAX:
            return "InvalidSignatureException"
        if signed != signature(SECRET_KEY, method, path, headers, names, body, scope):
            return "InvalidSignatureException"
        return ""

    def _handler(self) -> Any:
        standin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = standin._answer(self.command, self.path, headers, body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = _serve

            def log_message(self, *_: object) -> None:
                pass

        return Handler
