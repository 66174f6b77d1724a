"""The lines of layer/examples/container/Dockerfile: what they copy, copied into an empty root, runs in the emulated Lambda as an
unprivileged user who can write to /tmp alone."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pages

sys.path[:0] = [str(pages.ROOT / "tests"), str(pages.ROOT / "tests" / "e2e")]
from emulator import ExtensionSpec, Lambda  # noqa: E402 (the path comes first)
from standin import LokiStandin  # noqa: E402
from support import binary, function_lines, stderr_of  # noqa: E402

DOCKERFILE = pages.ROOT / "layer" / "examples" / "container" / "Dockerfile"
# Whom Lambda's images run as is not ours to know: anybody who is not root.
USER, GROUP = 993, 990
# $1: the root, $2: user and group or nothing, $3: chroot, $4: the extension as it lies in the root. Lambda gives an image /proc and /tmp.
ENTER = """set -e
mount --bind "$1" "$1"
mount --rbind /proc "$1/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -o remount,bind,ro "$1"
exec "$3" ${2:+"--userspec=$2"} "$1" "${4#"$1"}"
"""


def instructions() -> list[list[str]]:
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line and not line.startswith("#")]


def is_static(path: str) -> bool:
    content = Path(path).read_bytes()
    offset, = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    return all(struct.unpack_from("<I", content, offset + size * i)[0] != 3 for i in range(count))


class Container(unittest.TestCase):
    def setUp(self) -> None:
        self.binary = binary()
        if not is_static(self.binary):
            self.skipTest("a dynamic binary needs more than an empty root: no static release here")
        self.namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
        if subprocess.run([*self.namespace, "true"], capture_output=True, check=False).returncode:
            self.skipTest("no mount namespaces here")
        folder = tempfile.mkdtemp(prefix="sleipnir-image-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        os.chmod(folder, 0o755)
        self.root = Path(folder)
        for name in ("proc", "tmp"):
            (self.root / name).mkdir()
        self.environment: dict[str, str] = {}
        for name, *words in instructions():
            if name == "COPY":
                self.copy(words)
            elif name == "ENV":
                self.environment.update(word.split("=", 1) for word in words)

    def copy(self, words: list[str]) -> None:
        mode = 0o644
        if words[0].startswith("--chmod="):
            mode = int(words.pop(0).partition("=")[2], 8)
        source, target = words
        # What layer/build leaves there; here it is the binary that is tested.
        path = Path(self.binary) if re.fullmatch(r"build/(arm64|x86_64)/sleipnir", source) else pages.ROOT / source
        copied = self.root / target.lstrip("/")
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
        copied.chmod(mode)

    def extension(self) -> ExtensionSpec:
        # The environment of an extension in Lambda has no /usr/sbin on its path.
        chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")
        if not chroot:
            self.skipTest("no chroot here")
        user = f"{USER}:{GROUP}" if os.geteuid() == 0 else ""
        unshare, *flags = self.namespace
        return ExtensionSpec(str(self.root / "opt" / "extensions" / "sleipnir"),
                             wrapper=[shutil.which(unshare) or unshare, *flags, "sh", "-c", ENTER, "sh", str(self.root), user, chroot])

    def test_it_runs_in_an_empty_read_only_root_as_nobody_in_particular(self) -> None:
        with LokiStandin() as loki, Lambda([self.extension()], env={**self.environment, "LOKI_ENDPOINT": loki.url}, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            status = Path(f"/proc/{lam.extension.pid}/status").read_text()
            self.assertEqual(str(os.geteuid() or USER), re.search(r"^Uid:\t(\d+)", status, re.MULTILINE)[1])
            self.assertIn("sleipnir", Path(f"/proc/{lam.extension.pid}/comm").read_text())
            lam.invoke(lines=["from a container"])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertEqual(["from a container"], function_lines(loki.entries))
            self.assertEqual("", stderr_of(lam))

    def test_without_its_mode_it_would_not_start(self) -> None:
        (self.root / "opt" / "extensions" / "sleipnir").chmod(0o644)
        with Lambda([self.extension()], env=self.environment, timeout_s=10) as lam:
            self.assertIsNotNone(lam.init())

    def test_what_it_spools_lies_in_tmp(self) -> None:
        with Lambda([self.extension()], env={**self.environment, "LOKI_ENDPOINT": "http://127.0.0.1:1"}, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            lam.invoke(lines=["kept"])
            lam.shutdown("failure")
            self.assertEqual(0, lam.extension.exit_code)
            self.assertNotIn("cannot write to the spool", stderr_of(lam))
            self.assertIn('"spooled":', stderr_of(lam))
            self.assertNotIn('"spooled":0', stderr_of(lam))

    def test_the_function_and_its_handler_are_there(self) -> None:
        handler, = next(words for name, *words in instructions() if name == "CMD")
        self.assertTrue((self.root / "var" / "task" / (handler.strip("[]").partition(".")[0] + ".py")).is_file())
        self.assertEqual([], [name for name in self.environment if name not in pages.own_variables()])


if __name__ == "__main__":
    unittest.main()
