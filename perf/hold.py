"""How long an invocation is held: from the POST with platform.runtimeDone, written, to the next /next, for each flush strategy,
round trip, and kind of connection. nginx stands in front for https."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import time
from pathlib import Path
from typing import Iterator, Optional

import lab
from report import Line, Plot, Section, percentile, table

DELAYS_MS = [0, 5, 20, 50, 100]
RECORDS = 200  # of 150 bytes: 30 kB pending at the end of each invocation


@contextlib.contextmanager
def gateway(folder: Path, upstream: int, kept: bool, tickets: bool) -> Iterator[Optional[dict[str, str]]]:
    """TLS in front of the player; None where nginx or openssl is missing."""
    nginx, openssl = lab.tool("nginx") or lab.tool("/usr/sbin/nginx"), lab.tool("openssl")
    if not nginx or not openssl:
        yield None
        return
    port, certificate, key = lab.free_port(), folder / "cert.pem", folder / "key.pem"
    if not certificate.exists():
        subprocess.run([openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
                        str(certificate)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "nginx.conf").write_text(f"""
pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; daemon off;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 16m; client_body_buffer_size 4m;
  upstream player {{ server 127.0.0.1:{upstream}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
    ssl_session_tickets {"on" if tickets else "off"}; keepalive_timeout {"60s" if kept else "0"};
    location / {{ proxy_pass http://player; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
""")
    process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None and not (folder / "nginx.pid").exists():
            time.sleep(0.01)
        yield {"LOKI_ENDPOINT": f"https://localhost:{port}", "LOKI_CA_FILE": str(certificate)}
    finally:
        process.terminate()
        process.wait()
        (folder / "nginx.pid").unlink(missing_ok=True)


def measure(place: lab.Lab, quick: bool) -> Section:
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    lines: list[Line] = []
    delays = [0, 20] if quick else DELAYS_MS
    for strategy in ("end", "adaptive", "background"):
        excess = [_one(place, figures, f"http, kept, {strategy}", delay, quick, {"LOKI_FLUSH_STRATEGY": strategy}) for delay in delays]
        rows.append([f"http, kept connection, `{strategy}`", *[text for text, _ in excess]])
        lines.append(Line(strategy, [(float(delay), hold) for delay, (_, hold) in zip(delays, excess)]))
    notes = ["Cells: median hold (p99), over the invocations but the first two. Behind the push lies Loki's answer time of the column, so "
             "with `end` the hold less the column is Sleipnir's own.",
             f"{RECORDS} records of 150 bytes wait at the end of each invocation."]
    for name, kept, tickets in (("https, kept", True, True), ("https, resumed", False, True), ("https, new", False, False)):
        upstream = lab.free_port()
        with gateway(place.folder, upstream, kept, tickets) as tls:
            if tls is None:
                notes.append("Without https: nginx or openssl is not installed.")
                break
            cells = [_one(place, figures, f"{name}, end", delay, quick, {**tls, "LOKI_FLUSH_STRATEGY": "end"}, port=upstream)[0]
                     for delay in delays]
            rows.append([f"{name} connection, `end`", *cells])
    return Section("Hold after runtimeDone", "perf/run --only hold", table(["", *[f"Loki answers after {delay} ms" for delay in delays]], rows),
                   notes, figures, [Plot("Hold by Loki's answer time", "Loki's answer time, ms", "median hold, ms", lines)])


def _one(place: lab.Lab, figures: dict[str, float], name: str, delay: int, quick: bool, environment: dict[str, str],
         **options: int) -> tuple[str, float]:
    run = place.play(lab.sleipnir(), environment=environment, invocations=12 if quick else 60 if delay >= 50 else 200, records=RECORDS,
                     loki_delay_ms=delay, **options)
    # Below zero: /next had come before the POST with runtimeDone was written.
    holds = [max(0.0, hold / 1000) for hold in run["holds_us"][2:]]
    median = statistics.median(holds)
    figures[f"{name}, {delay} ms"] = median
    return f"{median:.2f} ({percentile(holds, 0.99):.2f})" if holds != [0.0] * len(holds) else "not held", median
