"""Functions and layers from the outside world: a Python handler with a runtime client, any bootstrap, a layer zip."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from typing import Dict, List, Optional, Tuple

from .specs import ExtensionSpec, FunctionSpec

_HERE = os.path.dirname(os.path.abspath(__file__))
_REQUIREMENTS = os.path.join(_HERE, "requirements.txt")
_BOOTSTRAP = os.path.join(_HERE, "bootstrap.py")


class Unavailable(Exception):
    """Lambda's own runtime client cannot be had here."""


def cache_directory() -> str:
    return os.environ.get("SLEIPNIR_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "sleipnir")


def awslambdaric() -> str:
    """A directory to put on PYTHONPATH with Lambda's Python runtime client, fetched by pip once and kept."""
    with open(_REQUIREMENTS, encoding="ascii") as file:
        pin = file.readline().strip().replace("==", "-")
    tag = f"{sys.implementation.cache_tag}-{os.uname().machine}"
    wanted = os.path.join(cache_directory(), f"{pin}-{tag}")
    if os.path.isdir(wanted):
        return wanted
    os.makedirs(cache_directory(), exist_ok=True)
    staging = tempfile.mkdtemp(prefix="awslambdaric-", dir=cache_directory())
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries",
             "0", "--timeout", "15", "--only-binary", ":all:", "--no-deps", "--target", staging, "-r",
             _REQUIREMENTS],
            capture_output=True, text=True, timeout=180, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["pip failed"]
            reason = next((line for line in reversed(lines) if "ERROR" in line), lines[-1])
            raise Unavailable(reason.replace("ERROR: ", "pip: "))
        os.chmod(staging, 0o755)
        try:
            os.rename(staging, wanted)
        except OSError:  # another run was faster
            if not os.path.isdir(wanted):
                raise
        return wanted
    except subprocess.TimeoutExpired:
        raise Unavailable("pip did not finish in 180 s") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def python_function(directory: str, handler: str, own_bootstrap: bool = False,
                    env: Optional[Dict[str, str]] = None) -> Tuple[FunctionSpec, str]:
    """The function, and one line that says which runtime client it runs on."""
    variables = dict(env or {})
    directory = os.path.abspath(directory)
    if not own_bootstrap:
        try:
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, (awslambdaric(), variables.get("PYTHONPATH"))))
            return (FunctionSpec([sys.executable, "-m", "awslambdaric", handler], directory, variables),
                    f"runtime client: awslambdaric (Python {sys.version_info[0]}.{sys.version_info[1]})")
        except Unavailable as problem:
            note = f"runtime client: the emulator's own bootstrap, without awslambdaric ({problem})"
    else:
        note = "runtime client: the emulator's own bootstrap"
    return FunctionSpec([sys.executable, _BOOTSTRAP, handler], directory, variables), note


def bootstrap_function(path: str, env: Optional[Dict[str, str]] = None) -> FunctionSpec:
    """Any program that speaks the Runtime API."""
    path = os.path.abspath(path)
    if os.path.isdir(path):
        path = os.path.join(path, "bootstrap")
    return FunctionSpec([path], os.path.dirname(path), dict(env or {}))


def layer_extensions(layer: str, scratch: str) -> List[ExtensionSpec]:
    """Every regular file of the layer's extensions/, executable or not, as Lambda would start them.

    `layer` is a zip, or a directory laid out like one; a zip is unpacked below `scratch` with its modes.
    """
    root = layer
    if os.path.isfile(layer):
        root = tempfile.mkdtemp(prefix="opt-", dir=scratch)
        with zipfile.ZipFile(layer) as archive:
            for info in archive.infolist():
                path = archive.extract(info, root)
                mode = info.external_attr >> 16
                if mode and not info.is_dir():
                    os.chmod(path, stat.S_IMODE(mode))
    folder = os.path.join(root, "extensions")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{layer} has no extensions/ directory")
    return [ExtensionSpec(entry.path) for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)
            if entry.is_file()]
