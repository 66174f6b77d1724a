"""The stand-in as a program."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading

from .certs import Authority
from .faults import KINDS, Fault
from .rules import Limits, no_rates
from .server import LokiStandin, Request
from .tls import TlsOptions

EPILOG = """\
endpoints: POST /loki/api/v1/push, GET /loki/api/v1/query_range, /loki/api/v1/labels,
/loki/api/v1/label/NAME/values, /ready, /metrics.  Read back with curl:

  curl -G -s http://127.0.0.1:3100/loki/api/v1/query_range --data-urlencode 'query={source="lambda"} |= "hello"'

faults (--fault KIND[:key=value,...], may be repeated; each key is a field of the fault):
"""


def _parser() -> argparse.ArgumentParser:
    faults = "".join(f"  {kind:18s}{text}\n" for kind, text in KINDS.items())
    parser = argparse.ArgumentParser(
        prog="loki-standin", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG + faults,
        description="A stand-in for Loki: strict about what Loki refuses, keeps what it takes in memory, prints it.")
    parser.add_argument("--port", type=int, default=3100, help="0 picks one (default 3100)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--tls", action="store_true", help="https, with a certificate of a private CA made for this "
                        "run unless --cert and --key are given; the CA's file is printed")
    parser.add_argument("--cert", help="certificate file (with --tls)")
    parser.add_argument("--key", help="its key file")
    parser.add_argument("--tls-min", choices=("1.2", "1.3"), default="1.2")
    parser.add_argument("--tls-max", choices=("1.2", "1.3"), default="1.3")
    parser.add_argument("--client-ca", help="demand client certificates of this CA")
    parser.add_argument("--auth-enabled", action="store_true", help="demand X-Scope-OrgID, as auth_enabled: true does")
    parser.add_argument("--authorization", metavar="VALUE", help="the Authorization header a gateway would demand")
    parser.add_argument("--rates", action="store_true",
                        help="apply Loki's ingestion rates (4 MB/s, 3 MB/s per stream)")
    parser.add_argument("--prefix", default="", help="a path in front of Loki's paths")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND[:key=value,...]")
    parser.add_argument("--lazy", action="store_true", help="acknowledge first, judge at the end (for measurements)")
    parser.add_argument("--quiet", action="store_true", help="print no entries")
    return parser


def _fault(text: str) -> dict:
    kind, _, rest = text.partition(":")
    details = {}
    for pair in filter(None, rest.split(",")):
        name, _, value = pair.partition("=")
        kinds = Fault.__dataclass_fields__
        if name not in kinds:
            raise SystemExit(f"loki-standin: a fault has no {name!r}")
        wanted = str(kinds[name].type)
        details[name] = (float(value) if "float" in wanted else value.lower() in ("1", "true", "yes")
                         if wanted == "bool" else int(value) if "int" in wanted else value)
    return {"kind": kind, **details}


def main() -> int:
    options = _parser().parse_args()
    tls = None
    if options.tls:
        if options.cert and options.key:
            cert, key = options.cert, options.key
        else:
            authority = Authority(tempfile.mkdtemp(prefix="loki-standin-"))
            pair = authority.server("localhost", [options.host])
            cert, key = pair.cert_file, pair.key_file
            print(f"CA file: {authority.cert_file}", flush=True)
        tls = TlsOptions(cert, key, options.tls_min, options.tls_max, options.client_ca)
    loki = LokiStandin(options.port, options.host, tls=tls, limits=Limits() if options.rates else no_rates(),
                       auth_enabled=options.auth_enabled, authorization=options.authorization, prefix=options.prefix,
                       lazy=options.lazy)
    for text in options.fault:
        loki.fault(**_fault(text))
    try:
        loki.start()
    except OSError as error:
        print(f"loki-standin: {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"listening: {loki.push_url}", flush=True)
    shown = asked = 0
    while not stop.wait(0.1):
        if not options.lazy:
            shown, asked = _show(loki, shown, asked, options.quiet)
    _show(loki, shown, asked, options.quiet)
    loki.stop()
    print(f"{len(loki.requests)} requests, {len(loki.entries)} entries, {len(loki.duplicates)} duplicates, "
          f"{loki.connections} connections, {sum(loki.discarded.values())} discarded")
    return 0


def _show(loki: LokiStandin, shown: int, asked: int, quiet: bool) -> tuple:
    """Prints what is new; the new counts."""
    requests, entries = list(loki.requests), list(loki.entries)
    for request in requests[asked:]:
        if not _good(request):
            print(f"! {request}", flush=True)
    if not quiet:
        for entry in entries[shown:]:
            metadata = " ".join(f"{name}={value}" for name, value in entry.metadata.items())
            print(f"{entry.ns} {entry.line}\n    {metadata}", flush=True)
    return len(entries), len(requests)


def _good(request: Request) -> bool:
    return request.status is not None and request.status < 300
