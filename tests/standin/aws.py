"""A stand-in for Secrets Manager, SSM's Parameter Store, a bucket of S3 and the credentials that SnapStart serves.

Every request's signature is computed anew, by the rules of Signature Version 4 and none of the code under test, and
refused as AWS does when it differs, is old, or leaves out a header that has to be signed.

    with AwsStandin() as aws:
        aws.secrets["loki"] = '{"password":"a word"}'
        ...AWS_ENDPOINT_URL=aws.url, and aws.keys as environment...
        assert aws.served == ["secretsmanager:loki"]
    assert aws.objects["lost/orders/2026/11/21/a-1-1.json.gz"] == b"..."   (of the bucket that is there, `aws.bucket`)
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Optional, Tuple

ACCESS_KEY, SECRET_KEY, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "TOKEN/EXAMPLE=="
SKEW_SECONDS_MAX = 300
# The secrets that were ever given out, for those who search for them.
given_out: List[str] = []
MUST_BE_SIGNED = {"host", "x-amz-date", "content-type"}


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
        self.bucket = "logs"
        self.objects: Dict[str, bytes] = {}
        self.put_answers: List[int] = []  # statuses of the next requests to S3, before anything is looked at; 0: silence
        self.keys_asked = 0
        self.answering = threading.Event()  # while it is not set, requests for secrets wait
        self.answering.set()
        self.asked = 0  # such requests, answered or not
        self._closing = threading.Event()
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
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    # --- one request

    def _put(self, path: str, headers: Dict[str, str], body: bytes) -> Tuple[int, str]:
        """The code of what is wrong, as S3 names it."""
        if self.put_answers:
            status = self.put_answers.pop(0)
            return status, {403: "AccessDenied", 503: "SlowDown"}.get(status, "InternalError")
        if headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
            return 400, "XAmzContentSHA256Mismatch"
        why = self._wrong("PUT", path, headers, body, "s3")
        if why:
            self.refused.append(why)
            return 403, {"UnrecognizedClientException": "InvalidAccessKeyId"}.get(why, "SignatureDoesNotMatch")
        _, bucket, key = path.split("/", 2)
        if bucket != self.bucket:
            return 404, "NoSuchBucket"
        self.objects[urllib.parse.unquote(key)] = body
        return 200, ""

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
        given_out.append(store[name])
        return 200, answer(store[name])

    def _wrong(self, method: str, path: str, headers: Dict[str, str], body: bytes, service: str = "") -> str:
        said = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})",
                            headers.get("authorization", ""))
        if said is None:
            return "MissingAuthenticationTokenException"
        key, scope, listed, signed = said.groups()
        names = listed.split(";")
        target = headers.get("x-amz-target", "").partition(".")[0]
        needed = MUST_BE_SIGNED | {"x-amz-content-sha256" if service == "s3" else "x-amz-target"}
        service = service or {"secretsmanager": "secretsmanager", "AmazonSSM": "ssm"}.get(target, "")
        if key != ACCESS_KEY or headers.get("x-amz-security-token", "") != self.session_token:
            return "UnrecognizedClientException"
        needed |= {"x-amz-security-token"} if self.session_token else set()
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
                standin.asked += 1
                standin.answering.wait(30)
                status, answer = standin._answer(self.command, self.path, headers, body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = _serve

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, code = standin._put(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                if status == 0:
                    standin._closing.wait()
                    return
                text = f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>it is {code}</Message></Error>" if code else ""
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler
