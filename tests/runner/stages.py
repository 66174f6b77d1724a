"""The stages of tests/run, in the order they run. A stage is a function over the run's context;
its first paragraph of documentation is what --list prints."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from . import kit as toolchain
from . import native, packages, testing
from . import simulation as simulating
from .command import ROOT, must, run
from .loki_build import LokiBuild, LokiUnavailable
from .report import Report, Stage, StageFailed, StageSkipped

FUZZ_RUNS = 20_000
RELEASE_SECONDS_MAX = 1800


@dataclass
class Context:
    """What the stages share."""

    report: Report
    loki: LokiBuild
    pattern: str = ""
    quick: bool = False
    ci: bool = False
    kit: Optional[toolchain.Kit] = None


@dataclass(frozen=True)
class StageInfo:
    """`fixed_needs`: stages without whose success this one has nothing to run on. `quick`: part of --quick.
    `any_binary`: runs on whatever SLEIPNIR_BIN names, then without those stages."""

    name: str
    run: Callable[[Context, Stage], None]
    fixed_needs: tuple[str, ...] = ()
    quick: bool = True
    any_binary: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        return () if self.any_binary and os.environ.get("SLEIPNIR_BIN") else self.fixed_needs

    @property
    def summary(self) -> str:
        return " ".join((self.run.__doc__ or "").split("\n\n")[0].split())


def release_binary(architecture: str) -> Path:
    return ROOT / "build" / architecture / "sleipnir"


def tested_binary() -> Path:
    """What the end-to-end tests run: SLEIPNIR_BIN, the release of this machine's architecture, or, where
    that could not be built, the native one."""
    named = os.environ.get("SLEIPNIR_BIN")
    if named:
        return Path(named)
    own = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    for path in (release_binary(own), ROOT / "build" / "native" / "sleipnir"):
        if os.access(path, os.X_OK):
            return path
    raise StageFailed("no binary to test: layer/build made none")


def tools(context: Context, stage: Stage) -> None:
    """Installs what the tests need and this machine lacks."""
    packages.install_missing(context.report)
    context.kit = toolchain.prepare(context.report)


def sources(context: Context, stage: Stage) -> None:
    """Fetches the libraries' sources and checks their hashes."""
    stage.detail(must([ROOT / "subprojects" / "fetch"], seconds_max=1200))


def checks(context: Context, stage: Stage) -> None:
    """Include layers, style, and whatever else stands in tests/checks; and that each check can fail."""
    found = [path for path in sorted((ROOT / "tests" / "checks").iterdir()) if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        stage.failed("no executable in tests/checks")
    for path in found:
        testing.program(stage, path.name, [path])
        testing.program(stage, f"{path.name} --self-test", [path, "--self-test"])


def _kit(context: Context) -> toolchain.Kit:
    if context.kit is None:
        raise StageFailed("the stage `tools` has not run")
    return context.kit


def build_gcc(context: Context, stage: Stage) -> None:
    """Native build by g++, warnings as errors."""
    native.build(native.GCC, _kit(context))


def build_asan(context: Context, stage: Stage) -> None:
    """Native build by clang with address and undefined-behaviour sanitizers and libFuzzer."""
    native.build(native.ASAN, _kit(context))


def build_tsan(context: Context, stage: Stage) -> None:
    """Native build by clang with the thread sanitizer: the tests in which threads meet."""
    native.build(native.TSAN, _kit(context))


def release(context: Context, stage: Stage) -> None:
    """The release through layer/build: static, x86_64 and arm64."""
    # What an earlier run left must not pass for this one's, should the release not be buildable today.
    for path in [*_release_files(), ROOT / "build" / "native" / "sleipnir"]:
        path.unlink(missing_ok=True)
    stage.detail(must([ROOT / "layer" / "build", "x86_64" if context.quick else "all"], seconds_max=RELEASE_SECONDS_MAX))
    if not release_binary("x86_64").exists():
        context.report.remark("no static release could be built here; tested in its place: "
                              f"{os.path.relpath(tested_binary(), ROOT)}")


def _release_files() -> list[Path]:
    return [path for architecture in ("x86_64", "arm64")
            for path in (release_binary(architecture), ROOT / "build" / f"sleipnir-{architecture}.zip")]


def unit(context: Context, stage: Stage) -> None:
    """Unit tests, built by g++."""
    testing.catch2(stage, native.GCC.program("unit"), pattern=context.pattern)
    if native.GCC.program("unit_threads").exists():
        testing.catch2(stage, native.GCC.program("unit_threads"), pattern=context.pattern)


def unit_asan(context: Context, stage: Stage) -> None:
    """The same unit tests under the address and undefined-behaviour sanitizers."""
    prefix = native.without_address_randomisation()
    for name in ("unit", "unit_threads"):
        if native.ASAN.program(name).exists():
            testing.catch2(stage, native.ASAN.program(name), pattern=context.pattern, prefix=prefix,
                           env=native.SANITIZER_ENVIRONMENT)


def simulation(context: Context, stage: Stage) -> None:
    """The whole pipeline on virtual time, 10,000 seeds; and that it finds the bugs planted for it."""
    program = native.GCC.simulation
    simulating.every_seed_keeps_its_promises(stage, program, simulating.SEEDS // (10 if context.quick else 1))
    simulating.repeats_itself(stage, program, "1..200")
    simulating.finds_planted_bugs(stage, program)
    simulating.nothing_planted(stage, program, [release_binary("x86_64"), release_binary("arm64")])


def simulation_asan(context: Context, stage: Stage) -> None:
    """The simulation's first 300 seeds under the address and undefined-behaviour sanitizers."""
    simulating.every_seed_keeps_its_promises(stage, native.ASAN.simulation, 300,
                                             prefix=native.without_address_randomisation(), env=native.SANITIZER_ENVIRONMENT)


def threads(context: Context, stage: Stage) -> None:
    """The tests in which threads meet, under the thread sanitizer; and that it still sees a race."""
    prefix = native.without_address_randomisation()
    _tsan_canary(_kit(context), stage, prefix)
    testing.catch2(stage, native.TSAN.program("unit_threads"), pattern=context.pattern, prefix=prefix,
                   env=native.SANITIZER_ENVIRONMENT)


def _tsan_canary(kit: toolchain.Kit, stage: Stage, prefix: list[str]) -> None:
    program = native.TSAN.folder / "tsan_canary"
    queue = next((ROOT / "subprojects").glob("concurrentqueue-*/concurrentqueue.h"), None)
    must([kit.clangxx or "clang++", "-std=c++20", "-g", "-fsanitize=thread", "-pthread", *([f"-I{queue.parent}"] if queue else []),
          ROOT / "tests" / "runner" / "tsan_canary.cc", "-o", program], seconds_max=120, what="the canary of a race")
    done = run([*prefix, program], seconds_max=60, env=native.SANITIZER_ENVIRONMENT)
    if "data race" in done.output:
        stage.passed()
    else:
        stage.failed("a race made on purpose was not reported", done.output or done.ending)


def fuzz(context: Context, stage: Stage) -> None:
    """Each fuzz target over its corpus, then a seeded run of libFuzzer."""
    targets = native.ASAN.fuzz_programs()
    if not targets:
        stage.failed("no fuzz target")
    prefix = native.without_address_randomisation()
    for target in targets:
        name = target.name[: -len("_fuzz")]
        if context.pattern and context.pattern not in target.name:
            continue
        corpus = ROOT / "tests" / "fuzz" / "corpus" / name
        found = native.ASAN.folder / "found" / name
        shutil.rmtree(found, ignore_errors=True)  # from the same start every time
        found.mkdir(parents=True)
        if not corpus.is_dir() or not any(corpus.iterdir()):
            stage.failed(f"{target.name}: no corpus in {corpus.relative_to(ROOT)}")
            continue
        testing.program(stage, target.name, [
            *prefix, target, "-seed=1", f"-runs={FUZZ_RUNS // (10 if context.quick else 1)}", "-max_total_time=60",
            "-max_len=65536", "-timeout=10", f"-artifact_prefix={found}/", found, corpus],
            seconds_max=180, env=native.SANITIZER_ENVIRONMENT)


def tools_tests(context: Context, stage: Stage) -> None:
    """The tests of the tests' own instruments: emulated Lambda, Loki stand-in, this runner."""
    files = [path for folder in ("emulator/tests", "standin/tests", "runner")
             for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))]
    testing.count_skips(stage, testing.unittest_files(stage, files, pattern=context.pattern, at_once=2))


def _fetch_runtime_clients(context: Context) -> None:
    """Before the tests, which measure times: Node.js's client is compiled when it is first wanted."""
    sys.path.insert(0, str(ROOT / "tests"))
    from emulator.runtime_clients import Unavailable, awslambdaric, node_client
    for fetch in (awslambdaric, node_client):
        try:
            fetch()
        except Unavailable as reason:
            context.report.remark(f"no {fetch.__name__.replace('_', ' ')}: {reason}")


def e2e(context: Context, stage: Stage) -> None:
    """End to end on the release binary: emulated Lambda on one side, Loki stand-in on the other."""
    _fetch_runtime_clients(context)
    environment = {"SLEIPNIR_BIN": str(tested_binary()), "SLEIPNIR_REAL_LOKI": "0"}
    probe = native.GCC.folder / "tests" / "tools" / "tls_probe"
    if probe.exists():
        environment["SLEIPNIR_TLS_PROBE"] = str(probe)
    testing.count_skips(stage, testing.unittest_files(
        stage, _e2e_files(real_loki=False), pattern=context.pattern, at_once=2, env=environment))


def _e2e_files(real_loki: bool) -> list[Path]:
    return [path for path in sorted((ROOT / "tests" / "e2e").glob("test_*.py"))
            if path.name.startswith("test_real_loki") == real_loki]


def real_loki(context: Context, stage: Stage) -> None:
    """End to end into a real Loki, and the tests of how it is run (tests/e2e/test_real_loki*.py)."""
    if context.loki.building:
        context.report.say("   waiting for Loki's build")
    try:
        binary = context.loki.path()
    except LokiUnavailable as reason:
        refusal = f"NO REAL LOKI HERE, nothing of this stage was tested: {reason}"
        if context.ci:
            raise StageFailed(f"{refusal} (in CI this is a failure)") from None
        raise StageSkipped(refusal) from None
    files = [ROOT / "tests" / "loki" / "test_real_loki.py", *_e2e_files(real_loki=True)]
    skips = testing.unittest_files(stage, files, pattern=context.pattern, at_once=2, env={
        "SLEIPNIR_BIN": str(tested_binary()), "SLEIPNIR_REAL_LOKI": "1", "LOKI_BIN": str(binary)})
    if context.ci:
        for test, why in skips:
            stage.failed(f"{test} skipped, which in CI is a failure: {why}")
    else:
        testing.count_skips(stage, skips)


def deploy(context: Context, stage: Stage) -> None:
    """What surrounds the binary: layer/publish, deployment examples, pages for operators, the release's papers (tests/deploy)."""
    testing.count_skips(stage, testing.unittest_files(
        stage, sorted((ROOT / "tests" / "deploy").glob("test_*.py")), pattern=context.pattern, at_once=2,
        env={"SLEIPNIR_BIN": str(tested_binary())}))


def _need_release(architecture: str) -> Path:
    path = release_binary(architecture)
    if not path.exists():
        raise StageSkipped(f"no static {architecture} release was built here")
    return path


def reproducible(context: Context, stage: Stage) -> None:
    """The release built again in another directory has the same bytes."""
    for architecture in ("x86_64", "arm64"):
        _need_release(architecture)
    with tempfile.TemporaryDirectory(prefix="sleipnir-reproducible-") as folder:
        copy = Path(folder) / "somewhere" / "else"
        # With .git, so that both name the same revision; without what was built or laid down here.
        shutil.copytree(ROOT, copy, symlinks=True, ignore=_leave_out)
        must([copy / "layer" / "build", "all"], cwd=copy, seconds_max=RELEASE_SECONDS_MAX)
        for path in _release_files():
            name = path.relative_to(ROOT)
            if _sha256(path) == _sha256(copy / name):
                stage.passed()
            else:
                stage.failed(f"{name} differs between two builds")


def _leave_out(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__" or (Path(folder) == ROOT and name == "build")}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else f"no {path}"


def arm64(context: Context, stage: Stage) -> None:
    """The arm64 release passes the end-to-end smoke test under qemu."""
    binary = _need_release("arm64")
    smoke = ROOT / "tests" / "e2e" / "test_smoke.py"
    command: Optional[str] = None
    if platform.machine() != "aarch64":
        command = shutil.which("qemu-aarch64-static")
        if not command:
            raise StageSkipped("no qemu-aarch64-static")
    with tempfile.TemporaryDirectory() as folder:
        tested = binary
        if command:
            # Of the same name: it is what the extension registers as.
            tested = Path(folder) / "sleipnir"
            tested.write_text(f'#!/bin/sh\nexec {command} {binary} "$@"\n')
            tested.chmod(0o755)
        testing.count_skips(stage, testing.unittest_files(
            stage, [smoke], pattern=context.pattern, env={"SLEIPNIR_BIN": str(tested), "SLEIPNIR_EMULATED": "1"}))


def perf_smoke(context: Context, stage: Stage) -> None:
    """The perf harness in its small size, so that it keeps working: judges no time, but counts (perf/gates) and what is
    computed (tests/perf)."""
    environment = {"SLEIPNIR_BIN": str(tested_binary()), "SLEIPNIR_NATIVE": str(native.GCC.folder / "src" / "sleipnir")}
    for bench in sorted((native.GCC.folder / "perf").glob("*_bench")):
        testing.program(stage, f"{bench.name} of the smallest size", [bench, "1"])
    testing.program(stage, "perf/run --quick", [ROOT / "perf" / "run", "--quick"], env=environment)
    # The baseline is of the release: a native build has other counts.
    if "SLEIPNIR_BIN" in os.environ or release_binary("x86_64").exists():
        testing.program(stage, "perf/gates", [ROOT / "perf" / "gates"], env=environment)
    else:
        stage.skipped("perf/gates: no static x86_64 release was built here")
    testing.count_skips(stage, testing.unittest_files(
        stage, sorted((ROOT / "tests" / "perf").glob("test_*.py")), pattern=context.pattern))


def try_it(context: Context, stage: Stage) -> None:
    """layer/try: a Python function's logs arrive in the stand-in; with a real Loki there too."""
    testing.program(stage, "layer/try", [ROOT / "layer" / "try"], seconds_max=600)
    if context.quick:
        return
    try:
        binary = context.loki.path()
    except LokiUnavailable as reason:
        if context.ci:
            stage.failed(f"layer/try --loki real: {reason}")
        else:
            stage.skipped(f"layer/try --loki real: NO REAL LOKI HERE: {reason}")
        return
    testing.program(stage, "layer/try --loki real", [ROOT / "layer" / "try", "--loki", "real"], seconds_max=600,
                    env={"LOKI_BIN": str(binary)})


ALL = [
    StageInfo("tools", tools),
    StageInfo("sources", sources, ("tools",)),
    StageInfo("checks", checks),
    StageInfo("release", release, ("tools", "sources")),
    StageInfo("build-gcc", build_gcc, ("tools", "sources")),
    StageInfo("unit", unit, ("build-gcc",)),
    StageInfo("simulation", simulation, ("build-gcc",)),
    StageInfo("instruments", tools_tests),
    StageInfo("e2e", e2e, ("release", "build-gcc"), any_binary=True),
    StageInfo("deploy", deploy, ("release",), any_binary=True),
    StageInfo("build-asan", build_asan, ("tools", "sources"), quick=False),
    StageInfo("unit-asan", unit_asan, ("build-asan",), quick=False),
    StageInfo("simulation-asan", simulation_asan, ("build-asan",), quick=False),
    StageInfo("fuzz", fuzz, ("build-asan",), quick=False),
    StageInfo("build-tsan", build_tsan, ("tools", "sources"), quick=False),
    StageInfo("threads", threads, ("build-tsan",), quick=False),
    StageInfo("reproducible", reproducible, ("release",), quick=False),
    StageInfo("arm64", arm64, ("release",), quick=False),
    StageInfo("perf", perf_smoke, ("release",), quick=False, any_binary=True),
    StageInfo("real-loki", real_loki, ("release",), quick=False, any_binary=True),
    StageInfo("try", try_it, ("release",)),
]
