"""Functions and layers from the outside world: a Python handler with a runtime client, any bootstrap, a layer zip."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import zipfile
from typing import Dict, List, Optional, Tuple

from .runtime_clients import Unavailable, awslambdaric, node_client
from .specs import ExtensionSpec, FunctionSpec

__all__ = ["Unavailable", "bootstrap_function", "layer_extensions", "node_function", "python_function"]

_BOOTSTRAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.py")


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


def node_function(directory: str, handler: str, native: bool = True,
                  env: Optional[Dict[str, str]] = None) -> Tuple[FunctionSpec, str]:
    """The function, and one line that says which runtime client it runs on.  Raises Unavailable without any."""
    command, client = node_client(native)
    return FunctionSpec([*command, handler], os.path.abspath(directory), dict(env or {})), f"runtime client: {client}"


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
