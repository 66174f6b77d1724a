"""The programs that check what a user deploys: from PyPI, npm and Go's modules, pinned here, installed once, kept in the cache.

Each function returns where its program is. Unavailable: this machine has not got what it takes, or the registry does not
answer, and the text says so in one line; a test that needs it is skipped then. A registry that answers, but does not give
what is pinned here, is a failure, not a skip.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "loki"), str(ROOT / "layer" / "toolchain")]
from go_toolchain import GoUnavailable, find_go  # noqa: E402 (the path comes first)
from tools import create_environment  # noqa: E402

INSTALL_SECONDS_MAX = 900
PYTHON_MIN = (3, 11)
# TypeScript declarations made from the schema of Terraform's AWS provider: the nearest to it that a registry has.
PROVIDER = "@cdktf/provider-aws@21.22.1"
PROVIDER_INTEGRITY = "sha512-BuSHeaQFUL9l33pBzIMRT7cTQ69AM2mLtijjteCPhVQRmvuhuj9Lvfymf7knAMhYqAT6+Lrls9jiGVW/Us3zrQ=="


class Unavailable(Exception):
    """Not to be had on this machine; the text says why."""


class Broken(Exception):
    """The registry answers, and does not give what is pinned."""


def python_programs() -> Path:
    """The bin folder of an environment with requirements.txt: python, aws, cfn-lint."""
    if sys.version_info < PYTHON_MIN:
        raise Unavailable(f"the checkers from PyPI need Python {'.'.join(map(str, PYTHON_MIN))}")
    requirements = HERE / "requirements.txt"
    with _kept("deploy-python", requirements.read_bytes() + sys.version.encode()) as (folder, complete):
        if not complete:
            if not create_environment(folder):
                raise Unavailable("no venv of Python here, and Debian's package of it is not to be had")
            pip = [str(folder / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "1"]
            done = _run([*pip, "install", "--no-deps", "--only-binary", ":all:", "--requirement", str(requirements)])
            if done.returncode:
                _judge("PyPI", [*pip, "download", "--no-deps", "--no-cache-dir", "--dest", str(folder / "probe"), "six==1.17.0"],
                       done)
    return folder / "bin"


def node_programs() -> tuple[str, Path]:
    """node, and the node_modules of node/package-lock.json: aws-cdk-lib, osls."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Unavailable("no node and npm here")
    lock = HERE / "node" / "package-lock.json"
    with _kept("deploy-node", lock.read_bytes()) as (folder, complete):
        if not complete:
            for name in ("package.json", lock.name):
                shutil.copy(HERE / "node" / name, folder)
            done = _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1",
                         "--fetch-retry-mintimeout=1000"], cwd=folder)
            if done.returncode:
                _judge("npm", [npm, "view", "--prefer-online", "constructs@10.8.1", "version"], done)
    return node, folder / "node_modules"


def actionlint() -> Path:
    module = HERE / "actionlint"
    with _kept("deploy-actionlint", (module / "go.mod").read_bytes() + (module / "go.sum").read_bytes()) as (folder, complete):
        if not complete:
            try:
                go = str(find_go(module, _cache()))
            except GoUnavailable as reason:
                raise Unavailable(str(reason)) from None
            environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
            done = _run([go, "build", "-trimpath", "-o", str(folder / "actionlint"), "tool"], cwd=module, env=environment)
            if done.returncode:
                _judge("Go's module proxy", [go, "mod", "download", "golang.org/x/sync@v0.20.0"], done, cwd=module,
                       env=environment)
    return folder / "actionlint"


def provider_declarations(resource: str) -> str:
    """The declarations of one resource of Terraform's AWS provider, such as `lambda-layer-version`. Of a package of 400 MB
    only the wanted files are kept."""
    npm = shutil.which("npm")
    if not npm:
        raise Unavailable("no npm here")
    member = f"package/lib/{resource}/index.d.ts"
    with _kept("deploy-provider-" + resource, PROVIDER.encode()) as (folder, complete):
        if not complete:
            package = _provider_package(npm)
            with tarfile.open(package) as content:
                source = content.extractfile(member)
                if source is None:
                    raise Broken(f"{PROVIDER} has no {member}")
                (folder / "index.d.ts").write_bytes(source.read())
    return (folder / "index.d.ts").read_text(encoding="utf-8")


def _provider_package(npm: str) -> Path:
    with _kept("deploy-provider", PROVIDER.encode()) as (folder, complete):
        if not complete:
            done = _run([npm, "pack", "--json", "--loglevel=error", "--fetch-retries=1", "--fetch-retry-mintimeout=1000",
                         PROVIDER], cwd=folder)
            if done.returncode:
                _judge("npm", [npm, "view", "--prefer-online", "constructs@10.8.1", "version"], done)
            if json.loads(done.stdout)[0]["integrity"] != PROVIDER_INTEGRITY:
                raise Broken(f"{PROVIDER} is another package than the one looked at")
    return next(folder.glob("*.tgz"))


# --- the cache


def _cache() -> Path:
    return Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")


@contextmanager
def _kept(name: str, key: bytes) -> Iterator[tuple[Path, bool]]:
    """A folder of the cache and whether it was filled before. The first who wants it fills it, the others wait; if filling
    fails it is as if nobody had begun."""
    _cache().mkdir(parents=True, exist_ok=True)
    folder = _cache() / f"{name}-{hashlib.sha256(key).hexdigest()[:12]}"
    mark = folder / "complete"
    with (_cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists():
            yield folder, True
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            yield folder, False
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        mark.touch()


def _run(command: list[str], cwd: Optional[Path] = None, env: Optional[dict[str, str]] = None
         ) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=INSTALL_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} did not finish in {INSTALL_SECONDS_MAX} s") from None


def _judge(registry: str, probe: list[str], failed: "subprocess.CompletedProcess[str]", cwd: Optional[Path] = None,
           env: Optional[dict[str, str]] = None) -> None:
    """Raises: Broken if the probe, something the registry surely has, is given, else Unavailable."""
    with tempfile.TemporaryDirectory() as elsewhere:
        if _run(probe, cwd=cwd or Path(elsewhere), env=env).returncode:
            raise Unavailable(f"{registry} is out of reach")
    raise Broken(f"{registry} answers, but not with what is pinned:\n{failed.stderr}")
