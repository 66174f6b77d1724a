"""What the tests need of the machine beyond the build's own tools: Debian's packages, only those missing."""

from __future__ import annotations

import os
import shutil
from typing import Callable

from .command import run
from .report import Report, StageFailed

Present = Callable[[], bool]


def program(name: str) -> Present:
    return lambda: shutil.which(name) is not None


def node_headers() -> bool:
    return os.path.exists("/usr/include/node/node.h")


# Package, how to tell that it is not needed, what for. Optional ones only cost what wants them.
REQUIRED: list[tuple[str, Present, str]] = [
    ("git", program("git"), "version in the binary"),
    ("openssl", program("openssl"), "certificates of the TLS tests"),
]
OPTIONAL: list[tuple[str, Present, str]] = [
    ("ccache", program("ccache"), "reuse of compiled files in a fresh clone"),
    ("strace", program("strace"), "count of system calls"),
    ("valgrind", program("valgrind"), "count of instructions"),
    ("nginx", program("nginx"), "https in the table of holds; gateways in front of Loki"),
    ("tinyproxy", program("tinyproxy"), "test through a real proxy"),
    ("qemu-user-static", program("qemu-aarch64-static"), "arm64 smoke test"),
    ("nodejs", program("node"), "Lambda's own runtime client for Node.js"),
    ("npm", program("npm"), "Lambda's own runtime client for Node.js"),
    ("libnode-dev", node_headers, "native part of Lambda's client for Node.js"),
    ("cmake", program("cmake"), "native part of Lambda's client for Node.js"),
    ("autoconf", program("autoreconf"), "native part of Lambda's client for Node.js"),
    ("automake", program("automake"), "native part of Lambda's client for Node.js"),
    ("libtool", program("libtoolize"), "native part of Lambda's client for Node.js"),
]


def install_missing(report: Report) -> None:
    """REQUIRED must be there afterwards; for each OPTIONAL that is not, a note."""
    missing = [package for package, present, _ in REQUIRED + OPTIONAL if not present()]
    if missing:
        _install(report, missing)
    for package, present, purpose in OPTIONAL:
        if not present():
            report.remark(f"{package} is not installed: no {purpose}")
    lacking = [f"{package} ({purpose})" for package, present, purpose in REQUIRED if not present()]
    if lacking:
        raise StageFailed(f"cannot go on without: {', '.join(lacking)}")


def _install(report: Report, packages: list[str]) -> None:
    """Tries; what is missing afterwards is the caller's to judge."""
    if not shutil.which("apt-get"):
        report.remark(f"no apt-get here; install these yourself: {' '.join(packages)}")
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not run([*prefix, "true"], seconds_max=20).ok:
        report.remark(f"neither root nor sudo without a password; run: apt-get install {' '.join(packages)}")
        return
    report.say(f"   installing {' '.join(packages)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    install = [*apt, "install", "--no-install-recommends"]
    if run([*install, *packages], seconds_max=900).ok:
        return
    run([*apt, "update"], seconds_max=300)
    if run([*install, *packages], seconds_max=900).ok:
        return
    for package in packages:  # one that the archive lacks must not keep the others away
        done = run([*install, package], seconds_max=600)
        if not done.ok:
            report.say(f"   apt-get install {package}: {(done.output.strip().splitlines() or [done.ending])[-1]}")
