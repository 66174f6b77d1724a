"""What every measurement shares: the C programs that play Lambda and a function, the programs that are measured, and running one."""

from __future__ import annotations

import gzip
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional, Sequence

import candidates
from candidates import Candidate, NotHere

# Only what Lambda gives every extension, so that nothing of the caller's shell is measured.
LAMBDA = {
    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
    "AWS_LAMBDA_RUNTIME_API": "@API@", "AWS_LAMBDA_FUNCTION_NAME": "measured",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "AWS_REGION": "eu-central-1"}


class Lab:
    """`folder` is where the C programs are built and traces lie; the caller removes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lives = 0
        self.starter = candidates.build_c(folder, "starter")
        self.player = candidates.build_c(folder, "player")
        self.burner = candidates.build_c(folder, "burner")

    def start(self, candidate: Candidate, *options: str, wrap: Sequence[str] = ()) -> tuple[dict[str, int], str]:
        """One start up to the first /next: perf/starter.c's figures, and what came on stderr. `wrap` goes in front of the
        program (a tracer)."""
        return self._run(self.starter, candidate, options, wrap)

    def play(self, candidate: Candidate, *, wrap: Sequence[str] = (), environment: Optional[dict[str, str]] = None,
             **options: Any) -> dict[str, Any]:
        """One whole life: perf/player.c's figures. Options are its own, with _ for -."""
        told = [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]
        return self._run(self.player, candidate, told, wrap, environment)[0]

    def delivered(self, candidate: Candidate, **options: Any) -> dict[str, Any]:
        """As play(), with what arrived counted: `function_lines` and `function_bytes`."""
        kept = self.folder / "pushes"
        figures = self.play(candidate, save=kept, **options)
        return {**figures, **_count(kept)}

    def _run(self, program: Path, candidate: Candidate, options: Sequence[str], wrap: Sequence[str],
             environment: Optional[dict[str, str]] = None) -> tuple[dict[str, Any], str]:
        # Each life has a disk without a spool of another one, which would be looked into at the start.
        self.lives += 1
        disk = {"LOKI_SPOOL_DIR": str(self.folder / f"spool-{self.lives:06}")}
        done = subprocess.run(
            [str(program), *options, "--", *wrap, str(candidate.program)],
            env={**LAMBDA, **disk, **candidate.environment, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        lines = [line for line in done.stdout.splitlines() if line.startswith(('{"register_ns"', '{"holds_us"'))]
        if done.returncode != 0 or not lines:
            raise NotHere(f"{candidate.name}: {program.name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        answer: dict[str, Any] = json.loads(lines[-1])
        return answer, done.stderr


def _count(kept: Path) -> dict[str, int]:
    """Lines of the function in the pushes that perf/player.c kept."""
    lines = size = 0
    with kept.open("rb") as pushes:
        while header := pushes.readline():
            body = pushes.read(int(header))
            text = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
            for stream in json.loads(text)["streams"]:
                for value in stream["values"]:
                    if "platform." not in value[1][:40] and "0b6f3c1e-5a55" in value[1]:
                        lines += 1
                        size += len(value[1])
    return {"function_lines": lines, "function_bytes": size}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
            return True
        except OSError:
            return False


def sleipnir() -> Candidate:
    return candidates.sleipnir(free_port())


def lambdawatch() -> Optional[Candidate]:
    """None, and a line on stderr, where it cannot be had."""
    try:
        if not _port_is_free(candidates.LAMBDAWATCH_PORT):
            raise NotHere(f"LambdaWatch: its port {candidates.LAMBDAWATCH_PORT} is taken")
        return candidates.lambdawatch()
    except NotHere as reason:
        print(f"left out, {reason}", file=sys.stderr)
        return None


def machine() -> str:
    """A line about where the figures come from."""
    revision = subprocess.run(["git", "-C", str(candidates.ROOT), "describe", "--always", "--dirty=-changed", "--abbrev=12", "--exclude=*"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip() or "unknown"
    return (f"{os.cpu_count()} shared {platform.machine()} CPUs, load {os.getloadavg()[0]:.1f}, kernel {platform.release()}, "
            f"commit {revision}")


def tool(name: str) -> Optional[str]:
    return shutil.which(name)
