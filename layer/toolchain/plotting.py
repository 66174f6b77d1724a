"""An interpreter with the pinned packages of plots and reports (requirements-plotting.txt): made once, kept in the cache."""
from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "requirements-plotting.txt"


def go_on_with_it(script: str) -> None:
    """Starts `script` again, with the same arguments, in that interpreter; returns only when it is the one that runs.
    Raises OSError or CalledProcessError where the packages cannot be had."""
    cache = Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")
    folder = cache / f"plotting-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if Path(sys.prefix) == folder:
        return
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", "--requirement", REQUIREMENTS],
                       check=True)
        (folder / "complete").touch()
    os.execv(python, [str(python), script, *sys.argv[1:]])
