"""What the end-to-end tests share: the binary under test, an emulated Lambda around it, and how to read what arrived.

SLEIPNIR_BIN names the binary; without it the newest of build/x86_64, build/native. An arm64 binary runs under qemu by a
wrapper script that SLEIPNIR_BIN names (SLEIPNIR_EMULATED=1: no time in these tests means anything then).
"""

from __future__ import annotations

import atexit
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable, List, Mapping, Set, TypeVar

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(ROOT / "tests"), str(ROOT / "tests" / "loki")) if path not in sys.path]

from emulator import Lambda  # noqa: E402 (the path comes first)
from standin.aws import given_out  # noqa: E402

EMULATED = os.environ.get("SLEIPNIR_EMULATED") == "1"


def binary() -> str:
    named = os.environ.get("SLEIPNIR_BIN")
    if named:
        return named
    candidates = (ROOT / "build" / "x86_64" / "sleipnir", ROOT / "build" / "native" / "sleipnir",
                  ROOT / "build" / "native" / "src" / "sleipnir")
    built = [path for path in candidates if os.access(path, os.X_OK)]
    if not built:
        raise unittest.SkipTest("no binary to test: run layer/build")
    return str(max(built, key=lambda path: path.stat().st_mtime))


SECRET_VARIABLES = ("LOKI_PASSWORD", "LOKI_API_KEY", "LOKI_AUTH_TOKEN", "LOKI_BEARER_TOKEN", "LOKI_HEADERS", "LOKI_CLIENT_KEY",
                    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")
# Shorter ones stand in any text.
SECRET_BYTES_MIN = 6


def secrets_in(env: Mapping[str, str]) -> Set[str]:
    """What nobody may read anywhere: values, each line of longer ones, each text of JSON, the pair as basic authorization has
    it; and all that the stand-in for AWS has given out."""
    texts = [env.get(name, "") for name in SECRET_VARIABLES] + given_out
    for text in list(texts):
        texts += text.splitlines()[1:-1] if "-----" in text else text.splitlines()
        if text.startswith("{"):
            texts += [str(value) for value in json.loads(text).values()]
    texts = [text for text in texts if not text.startswith(("arn:", "ssm:", "secretsmanager:", "{", "-----"))]
    user = env.get("LOKI_USERNAME") or env.get("LOKI_USER") or ""
    texts += [base64.b64encode(f"{user}:{text}".encode()).decode() for text in texts if user and text]
    return {text for text in texts if len(text) >= SECRET_BYTES_MIN}


def assert_shows_no_secret(text: str, env: Mapping[str, str]) -> None:
    for secret in secrets_in(env):
        assert secret not in text, f"a secret of {len(secret)} bytes is shown"


class SearchedLambda(Lambda):
    """At its end, whatever was tested, all that the extension has said (the ledger too) is searched for secrets."""

    def close(self) -> None:
        super().close()
        assert_shows_no_secret(self.extension.output, self.searched_env)

    searched_env: Mapping[str, str] = {}


def scratch_folder() -> str:
    """Under /tmp, wherever temporary files are otherwise: a spool elsewhere outlives its environment. Goes with this process."""
    folder = tempfile.mkdtemp(prefix="sleipnir-e2e-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sleipnir(env: dict, **config: Any) -> Lambda:
    """An emulated Lambda with the binary under test as its only extension, and a spool of its own."""
    spool = env.get("LOKI_SPOOL_DIR") or os.path.join(scratch_folder(), "spool")
    made = SearchedLambda(extension=binary(), env={**env, "LOKI_SPOOL_DIR": spool}, **config)
    made.searched_env = dict(env)
    return made


def function_lines(entries: List[Any]) -> List[str]:
    """The lines the function wrote, in the order in which Loki has them."""
    ordered = sorted(entries, key=lambda entry: entry.ns)
    return [entry.line for entry in ordered if entry.metadata.get("log_type") == "function"]


def stderr_of(lam: Lambda) -> str:
    text = lam.extension.stderr
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def with_nameserver(address: str) -> list[str]:
    """A command prefix under which the nameserver is `address`, by a mount namespace of its own."""
    conf = tempfile.NamedTemporaryFile("w", prefix="resolv-", delete=False)
    conf.write(f"nameserver {address}\n")
    conf.close()
    atexit.register(os.unlink, conf.name)
    os.chmod(conf.name, 0o644)
    return ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c",
            f'mount --bind {conf.name} /etc/resolv.conf && exec "$0" "$@"']


def namespaces_work() -> bool:
    return subprocess.run([*with_nameserver("127.0.0.1"), "true"], capture_output=True, check=False).returncode == 0


Measured = TypeVar("Measured")


class Case(unittest.TestCase):
    """Closes what a test opened, last one first."""

    def opened(self, manager: Any) -> Any:
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def assert_soon(self, condition: Callable[[], bool], seconds: float = 5.0, what: str = "") -> None:
        end = time.monotonic() + seconds * (5 if EMULATED else 1)
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not within {seconds} s: {what}")
            time.sleep(0.01)

    def assert_in_time(self, run: Callable[[], Measured], in_time: Callable[[Measured], bool], attempts: int = 3) -> None:
        """Bounds of a few milliseconds, on a machine that others use too: one run of several has to keep them. What else
        `run` asserts holds in every run. Nothing is timed under an emulated processor."""
        measured = []
        for _ in range(attempts):
            measured.append(run())
            print(f"{self._testMethodName}: measured {measured[-1]}", flush=True)
            if EMULATED or in_time(measured[-1]):
                return
        self.fail(f"too slow in {attempts} runs of {attempts}: {measured}")
