"""AWS's own emulator of Lambda (aws-lambda-rie) around the binary under test: a second opinion beside tests/emulator.

It has the Extensions API in both of its modes, and real telemetry in its Managed Instances mode. AWS_RIE_BIN names the
program, or it lies in the PATH as in AWS's base images, or fetch.py brings it. Needs root, for a mount namespace in which /opt
and /var are its own.

    with Rie(binary, {"LOKI_ENDPOINT": loki.url}, managed_instances=True) as rie:
        rie.invoke({"lines": 3})
        rie.terminate()                     # SIGTERM: it shuts the environment down
    rie.output                              # what it, the function and the extension wrote
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional

from emulator.config import free_port
from fetch import NotFetched, fetched

HERE = Path(__file__).resolve().parent
# The user that AWS's emulator gives to everything it starts in Managed Instances mode.
UID, GID = 993, 990
READY_SECONDS_MAX = 30
INVOKE_SECONDS_MAX = 60
ENDED = "the extension ended with"

# $1: folder with what is mounted; then the command.
NAMESPACE = """set -e
mount --bind "$1/opt" /opt
mount --bind "$1/var" /var
cd /var/task
shift
exec "$@"
"""


class RieUnavailable(Exception):
    """It cannot be run here; the text is one line that says why."""


def find_rie() -> Path:
    found = os.environ.get("AWS_RIE_BIN") or shutil.which("aws-lambda-rie")
    if found and not os.access(found, os.X_OK):
        raise RieUnavailable(f"AWS_RIE_BIN={found} is not an executable file")
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise RieUnavailable("aws-lambda-rie needs root and unshare(1) here, for a /opt of its own")
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise RieUnavailable("mount namespaces are not allowed here")
    if found:
        return Path(found)
    try:
        return fetched()
    except NotFetched as reason:
        raise RieUnavailable(f"no aws-lambda-rie in the PATH, AWS_RIE_BIN names none, and it cannot be fetched: {reason}") from None


def find_python() -> str:
    """An interpreter that the emulator's user may run: a home directory's is out of its reach."""
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            done = subprocess.run([candidate, "-c", "import urllib.request"], user=UID, group=GID, extra_groups=[], cwd="/",
                                  stderr=subprocess.DEVNULL, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    raise RieUnavailable("no python3 that another user may run")


class Rie:
    """One emulator. REQUIRES: used in a `with`; `binary` is what is put into /opt/extensions."""

    def __init__(self, binary: str, env: Dict[str, str], *, managed_instances: bool = False, concurrency: int = 16) -> None:
        self.program = find_rie()
        self.python = find_python()
        self.managed_instances = managed_instances
        self._folder = Path(tempfile.mkdtemp(prefix="sleipnir-rie-"))
        self._lay_out(binary)
        self.listener_port = free_port()
        self._invoke_port = free_port()
        self._api_port = free_port()
        spool = self._folder / "spool"
        spool.mkdir()
        spool.chmod(0o777)
        self._env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LOKI_LISTENER_PORT": str(self.listener_port),
                     "LOKI_SPOOL_DIR": str(spool / "sleipnir"), "AWS_LAMBDA_FUNCTION_NAME": "orders",
                     "AWS_LAMBDA_FUNCTION_TIMEOUT": "30", **env}
        if managed_instances:
            self._env["AWS_LAMBDA_MAX_CONCURRENCY"] = str(concurrency)  # its presence chooses the mode
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._lines: List[str] = []
        self._reader: Optional[threading.Thread] = None

    def _lay_out(self, binary: str) -> None:
        self._folder.chmod(0o755)
        program = self._folder / "opt" / "program" / "sleipnir"
        extension = self._folder / "opt" / "extensions" / "sleipnir"
        for path in (program, extension):
            path.parent.mkdir(parents=True)
        shutil.copy(binary, program)
        # Nobody else would tell how it ended.
        extension.write_text(f"#!/bin/sh\n/opt/program/sleipnir\necho \"{ENDED} $?\" >&2\n")
        task = self._folder / "var" / "task"
        task.mkdir(parents=True)
        (self._folder / "var" / "runtime").mkdir()
        bootstrap = task / "bootstrap"
        bootstrap.write_text(f"#!{self.python}\n" + (HERE / "bootstrap.py").read_text())
        for path in (program, extension, bootstrap):
            path.chmod(0o755)

    def __enter__(self) -> "Rie":
        arguments = ["--runtime-api-address", f"127.0.0.1:{self._api_port}",
                     "--runtime-interface-emulator-address", f"127.0.0.1:{self._invoke_port}"]
        if not self.managed_instances:
            arguments += ["/var/task/bootstrap", "app.handler"]
        self._process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", NAMESPACE, "sh", str(self._folder), str(self.program), *arguments],
            env=self._env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        end = time.monotonic() + READY_SECONDS_MAX
        while not self._listening():
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"aws-lambda-rie did not start:\n{self.output}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process is not None:
            try:
                self.terminate()  # or what it started would be nobody's
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.decode(errors="replace"))

    def _listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._invoke_port)) == 0

    @property
    def exit_code(self) -> Optional[int]:
        """The extension's; None while it runs, and when it was killed together with its shell."""
        found = re.search(rf"^{ENDED} (\d+)$", self.output, re.MULTILINE)
        return int(found.group(1)) if found else None

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def invoke(self, payload: Any, request_id: str = "") -> Any:
        """The function's answer. `request_id`: asked for; only the Managed Instances mode goes by it. Asks again while all
        of the function's threads are busy, for which this emulator has no queue."""
        headers = {"X-Amzn-RequestId": request_id} if request_id else {}
        url = f"http://127.0.0.1:{self._invoke_port}/2015-03-31/functions/function/invocations"
        end = time.monotonic() + INVOKE_SECONDS_MAX
        while True:
            request = urllib.request.Request(url, json.dumps(payload).encode(), headers)
            try:
                with urllib.request.urlopen(request, timeout=INVOKE_SECONDS_MAX) as answer:
                    return json.loads(answer.read())
            except urllib.error.HTTPError as refusal:
                with refusal:
                    words = refusal.read()
                if b"Runtime.Unavailable" not in words or time.monotonic() > end:
                    raise AssertionError(f"{refusal.code} {words!r}\n{self.output}") from None
            time.sleep(0.01)

    def terminate(self, seconds_max: float = 10) -> float:
        """SIGTERM, which ends the environment by SHUTDOWN; the seconds until all was over."""
        assert self._process is not None and self._reader is not None
        begin = time.monotonic()
        self._process.terminate()
        self._process.wait(seconds_max)
        self._reader.join(seconds_max)
        return time.monotonic() - begin
