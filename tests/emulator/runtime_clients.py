"""Lambda's own runtime clients: for Python from PyPI, for Node.js from npm; pinned, fetched once, kept in the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import Callable, List, Mapping, Optional, Tuple

_HERE = os.path.dirname(os.path.abspath(__file__))
_REQUIREMENTS = os.path.join(_HERE, "requirements.txt")
_NODE = os.path.join(_HERE, "node")


class Unavailable(Exception):
    """Lambda's own runtime client cannot be had here."""


def cache_directory() -> str:
    return os.environ.get("SLEIPNIR_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "sleipnir")


def awslambdaric() -> str:
    """A directory to put on PYTHONPATH with Lambda's Python runtime client."""
    with open(_REQUIREMENTS, encoding="ascii") as file:
        pin = file.readline().strip().replace("==", "-")

    def fill(folder: str) -> None:
        _run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries",
              "0", "--timeout", "15", "--only-binary", ":all:", "--no-deps", "--target", folder, "-r", _REQUIREMENTS],
             180, "pip", "ERROR: ")

    return _kept(f"{pin}-{sys.implementation.cache_tag}-{os.uname().machine}", fill)


def node_client(native: bool = True) -> Tuple[List[str], str]:
    """The command line before the handler's name, and which client it is.

    Its transport to the Runtime API is C++, built here; where it does not build, or is not wanted, transport.cjs takes
    its place. What writes log lines is the same JavaScript either way.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Unavailable("no node and npm here")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    tag = f"aws-lambda-ric-{_lock_hash()}-{version}-{os.uname().machine}"
    entry = os.path.join("node_modules", "aws-lambda-ric", "bin", "index.mjs")
    why = "as asked for"
    if native:
        try:
            folder = _kept(tag, lambda folder: _npm_ci(npm, folder, native=True))
            return [node, os.path.join(folder, entry)], f"aws-lambda-ric (Node.js {version})"
        except Unavailable as problem:
            why = str(problem)
    folder = _kept(tag + "-javascript", lambda folder: _npm_ci(npm, folder, native=False))
    return ([node, "--require", os.path.join(_NODE, "transport.cjs"), os.path.join(folder, entry)],
            f"aws-lambda-ric (Node.js {version}), its native transport replaced ({why})")


def _npm_ci(npm: str, folder: str, native: bool) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(_NODE, name), folder)
    environment = dict(os.environ)
    if os.path.exists("/usr/include/node/node.h"):
        environment.setdefault("npm_config_nodedir", "/usr")  # Debian's headers: nothing to fetch for node-gyp
    # A registry that is not there is not there a minute later either.
    _run([npm, "ci", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--no-audit", "--no-fund", "--loglevel=error",
          *([] if native else ["--ignore-scripts"])], 600, "npm", "npm error ", cwd=folder, env=environment)


def _lock_hash() -> str:
    import hashlib
    with open(os.path.join(_NODE, "package-lock.json"), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]


def _run(command: List[str], seconds_max: float, program: str, complaint: str, cwd: Optional[str] = None,
         env: Optional[Mapping[str, str]] = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds_max, check=False, cwd=cwd, env=env)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{program} did not finish in {seconds_max:.0f} s") from None
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"{program} failed"]
        reason = next((line for line in reversed(lines) if line.startswith(complaint)), lines[-1])
        raise Unavailable(f"{program}: {reason.replace(complaint, '')}")


def _kept(tag: str, fill: Callable[[str], None]) -> str:
    """The folder of that name in the cache, filled by the first who wants it. What failed once is tried again."""
    wanted = os.path.join(cache_directory(), tag)
    if os.path.isdir(wanted):
        return wanted
    os.makedirs(cache_directory(), exist_ok=True)
    staging = tempfile.mkdtemp(prefix="client-", dir=cache_directory())
    try:
        fill(staging)
        os.chmod(staging, 0o755)
        try:
            os.rename(staging, wanted)
        except OSError:  # another run was faster
            if not os.path.isdir(wanted):
                raise
        return wanted
    finally:
        shutil.rmtree(staging, ignore_errors=True)
