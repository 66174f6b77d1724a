"""The other extensions that are measured with --peers: what each wants to be told, and how it is had.

Had as candidates.go_program() says. Their listeners are reached by names that Lambda's sandbox has in its DNS, so that
--peers runs in a mount namespace whose hosts file has them: as root.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Mapping

import candidates
from candidates import Candidate, NotHere

PUSH = "http://@API@/loki/api/v1/push"
NAMES = "sandbox sandbox.localdomain sandbox.local.domain"


@dataclass(frozen=True)
class Peer:
    name: str
    binary_variable: str
    module: str
    version: str
    package: str
    environment: Mapping[str, str]


PEERS = (
    Peer("loafoe/aws-lambda-loki-extension (Go)", "LOAFOE_BIN", "github.com/loafoe/aws-lambda-loki-extension",
         "83afc42", "", {"LOKI_PUSH_ENDPOINT": PUSH}),
    Peer("megaproaktiv/Lambda-Telemetry-API-Loki (Go)", "MEGAPROAKTIV_BIN", "github.com/megaproaktiv/Lambda-Telemetry-API-Loki",
         "67e578a", "/loki_extension", {"LOKI_IP": "127.0.0.1"}),
    Peer("New Relic's extension (Go)", "NEW_RELIC_BIN", "github.com/newrelic/newrelic-lambda-extension", "eb23d8e", "", {
        "NEW_RELIC_LICENSE_KEY": "0123456789abcdef0123456789abcdef01234567", "NEW_RELIC_TELEMETRY_ENDPOINT": "http://@API@/",
        "NEW_RELIC_LOG_ENDPOINT": "http://@API@/", "_HANDLER": "a.b", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}),
)


def here() -> list[Candidate]:
    """Those that can be had; a line on stderr for each that cannot."""
    found = []
    for peer in PEERS:
        try:
            program = candidates.go_program(peer.name, peer.binary_variable, peer.module, peer.version, peer.package)
            found.append(Candidate(peer.name, program, dict(peer.environment)))
        except NotHere as reason:
            print(f"left out, {reason}", file=sys.stderr)
    return found


def enter_namespace(script: str) -> None:
    """Starts `script` again, with the same arguments, where the sandbox's names are known; returns only there."""
    if os.environ.get("SLEIPNIR_PERF_NAMES"):
        return
    hosts = tempfile.NamedTemporaryFile("w", prefix="sleipnir-hosts-", delete=False)
    hosts.write(f"127.0.0.1 localhost {NAMES}\n")
    hosts.close()
    os.chmod(hosts.name, 0o644)
    os.environ["SLEIPNIR_PERF_NAMES"] = hosts.name
    os.execvp("unshare", ["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/hosts && rm "$1" && shift && exec "$@"', "sh", hosts.name,
                          sys.executable, script, *sys.argv[1:]])
