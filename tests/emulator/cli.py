"""lambda-emulator: the emulated environment as a program, for any extension."""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import shutil
import tempfile
import time
from typing import List, Optional, Tuple

from .config import INIT_TYPES
from .function import bootstrap_function, layer_extensions, python_function
from .invocation import InvokeResult
from .library import Lambda
from .specs import ExtensionSpec, FunctionSpec
from .show import Printer, number

EPILOG = """\
examples:
  lambda-emulator ./my-extension                          one invocation of a function that prints nothing
  lambda-emulator ./my-extension --line hello -n 3 --freeze --pause 2000
  lambda-emulator --layer layer.zip --function src/ --handler app.handler --payload '{"a":1}' --payload '{"a":2}'
  lambda-emulator ./ext-a ./ext-b --bootstrap ./bootstrap --log-format JSON --telemetry
  lambda-emulator ./my-extension --init-type lambda-managed-instances --concurrency 8 -n 100 --line hello

The extension finds the environment Lambda gives it, AWS_LAMBDA_RUNTIME_API included; its telemetry listener is reached
at 127.0.0.1 (sandbox.localdomain and sandbox are mapped there).  Exit status: 0 when every extension got through init,
every invocation and SHUTDOWN by itself; 1 otherwise (a failing function alone is no reason); 2 for wrong usage.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lambda-emulator", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
        description="Runs Lambda extensions in an emulated execution environment: Extensions, Telemetry and Runtime "
                    "API, a real function or a synthetic one, freeze and thaw, timeouts, resets, SHUTDOWN.")
    parser.add_argument("extensions", nargs="*", metavar="EXTENSION", help="extension programs")
    parser.add_argument("--layer", action="append", default=[], metavar="ZIP|DIR",
                        help="start what lies in its extensions/ directory")
    function = parser.add_argument_group("the function (without one, a synthetic function prints the --line texts)")
    function.add_argument("--function", metavar="DIR", help="a Python function, run by awslambdaric (from pip) or, "
                          "where that cannot be had, by the emulator's own bootstrap")
    function.add_argument("--handler", default="app.handler", help="module.function (default app.handler)")
    function.add_argument("--own-bootstrap", action="store_true", help="do not look for awslambdaric")
    function.add_argument("--bootstrap", metavar="FILE|DIR", help="any program that speaks the Runtime API")
    function.add_argument("--line", action="append", default=[], help="a line the synthetic function prints")
    function.add_argument("--duration", type=float, default=0, metavar="MS", help="how long the synthetic one works")
    function.add_argument("--crash", action="store_true", help="the synthetic function's runtime exits")
    function.add_argument("--hang", action="store_true", help="the synthetic function never returns")
    run = parser.add_argument_group("invocations")
    run.add_argument("-n", "--invocations", type=int, help="how many (default: one per payload)")
    run.add_argument("--payload", action="append", default=[], metavar="JSON", help="used in turn")
    run.add_argument("--payload-file", action="append", default=[], metavar="FILE")
    run.add_argument("--concurrency", type=int, default=1, help="at once (Managed Instances only)")
    run.add_argument("--freeze", action="store_true", help="SIGSTOP everything between invocations, as Lambda does")
    run.add_argument("--pause", type=float, default=0, metavar="MS", help="between two invocations")
    run.add_argument("--shutdown", choices=("spindown", "timeout", "failure", "none"), default="spindown",
                     help="the reason in the final SHUTDOWN; none kills the processes at the end")
    config = parser.add_argument_group("configuration of the function")
    config.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="for function and extensions")
    config.add_argument("--timeout", type=float, default=3.0, metavar="S")
    config.add_argument("--memory", type=int, default=512, metavar="MB")
    config.add_argument("--log-format", choices=("Text", "JSON"), default="Text")
    config.add_argument("--init-type", choices=INIT_TYPES, default="on-demand")
    config.add_argument("--name", default="orders", help="function name")
    config.add_argument("--version", default="$LATEST", help="function version")
    config.add_argument("--region", default="eu-west-1")
    config.add_argument("--account", default="111122223333")
    config.add_argument("--tenant", help="tenant id (tenant isolation)")
    config.add_argument("--tmp", metavar="DIR", help="TMPDIR of the processes, kept (default: a fresh one)")
    config.add_argument("--private-tmp", action="store_true", help="that directory is /tmp for them (needs root)")
    config.add_argument("--listener-port", type=int, metavar="PORT",
                        help="sets LOKI_LISTENER_PORT, for extensions that read it")
    show = parser.add_argument_group("what is printed")
    show.add_argument("--telemetry", action="store_true", help="platform records in full")
    show.add_argument("--no-output", action="store_true", help="not the lines the processes print")
    show.add_argument("--quiet", action="store_true", help="the summary only")
    return parser


def _function(options: argparse.Namespace) -> Tuple[Optional[FunctionSpec], str]:
    if options.bootstrap:
        return bootstrap_function(options.bootstrap), f"function: {options.bootstrap}"
    if options.function:
        return python_function(options.function, options.handler, options.own_bootstrap)
    return None, "function: synthetic"


def _payloads(options: argparse.Namespace) -> List[bytes]:
    payloads = [text.encode() for text in options.payload]
    for path in options.payload_file:
        with open(path, "rb") as file:
            payloads.append(file.read())
    payloads = payloads or [b"{}"]
    return [payloads[index % len(payloads)] for index in range(options.invocations or len(payloads))]


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="lambda-emulator-")
    try:
        return _run(parser, options, scratch)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace, scratch: str) -> int:
    specs = [ExtensionSpec(os.path.abspath(path)) for path in options.extensions]
    for layer in options.layer:
        try:
            specs += layer_extensions(layer, scratch)
        except (OSError, ValueError) as error:
            parser.error(str(error))
    env = {}
    for pair in options.env:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            parser.error(f"--env wants NAME=VALUE, not {pair!r}")
        env[name] = value
    function, note = _function(options)
    printer = Printer(options.telemetry, not options.no_output, options.quiet)
    print(note)
    lam = Lambda(specs, function=function, env=env, listener_port=options.listener_port, tmp=options.tmp,
                 on_event=printer, timeout_s=options.timeout, memory_mb=options.memory, handler=options.handler,
                 log_format=options.log_format, init_type=options.init_type, function_name=options.name,
                 function_version=options.version, region=options.region, account_id=options.account,
                 tenant_id=options.tenant, auto_freeze=options.freeze, private_tmp=options.private_tmp)
    with lam:
        return _play(lam, options)


def _play(lam: Lambda, options: argparse.Namespace) -> int:
    good = True
    error = lam.init()
    if error:
        print(f"init failed: {error}")
        good = error.startswith(("Runtime.", "Function."))
    script = ({} if options.function or options.bootstrap else
              {"lines": options.line, "duration_ms": options.duration, "crash": options.crash, "hang": options.hang})
    results: List[InvokeResult] = []
    payloads = _payloads(options)
    step = options.concurrency if lam.config.managed_instances else 1
    for at in range(0, len(payloads), step):
        if at and options.pause:
            time.sleep(options.pause / 1000)
        futures = [lam.start_invoke(payload, **script) for payload in payloads[at:at + step]]
        concurrent.futures.wait(futures)
        results += [future.result() for future in futures]
    startup = {name: view.exec_to_next_ms for name, view in lam.extensions.items()}
    memory = {name: view.peak_rss_kb for name, view in lam.extensions.items()}
    ended = None if options.shutdown == "none" else lam.shutdown(options.shutdown)
    print("\ninvocation                             status    duration      hold        extension overhead  cold")
    for result in results:
        print(f"{result.request_id}   {result.status:8s}  {number(result.duration_ms):12s}  "
              f"{number(result.hold_ms):10s}  {number(result.hold_after_done_ms):18s}  {'yes' if result.cold else ''}")
        good &= not (result.error_type or "").startswith("Extension.")
    print("\nextension                exec to /next   peak memory   exit")
    for name, view in lam.extensions.items():
        code = ended.exit_codes.get(name) if ended else view.exit_code
        how = "killed" if ended and name in ended.killed else "running" if code is None else str(code)
        print(f"{name:24s} {number(startup[name]):15s} {memory[name]:8d} kB   {how}")
        expects_shutdown = view.agent is not None and "SHUTDOWN" in view.agent.events
        good &= how in ("0", "running") or code == -9 and how != "killed" and not expects_shutdown
    return 0 if good else 1
