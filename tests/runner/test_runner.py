"""The runner itself: what must count as a failure does, and nothing is left behind."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from runner import command, loki_build, testing  # noqa: E402
from runner.report import Report, StageFailed, StageSkipped  # noqa: E402


class RunnerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.report = Report()
        self.said = io.StringIO()

    def finish(self, passes_wanted: bool = False) -> int:
        with contextlib.redirect_stdout(self.said):
            return self.report.finish(passes_wanted=passes_wanted)

    def file(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return path

    def counts(self) -> str:
        return str(self.report.total)

    def run_files(self, *files: Path, pattern: str = "") -> None:
        with contextlib.redirect_stdout(self.said), self.report.stage("s") as stage:
            testing.count_skips(stage, testing.unittest_files(stage, files, pattern=pattern, at_once=2))

    def run_catch2(self, script: str, pattern: str = "") -> None:
        program = self.file("unit", script, 0o755)
        with contextlib.redirect_stdout(self.said), self.report.stage("s") as stage:
            testing.catch2(stage, program, pattern=pattern)


class UnittestFiles(RunnerTest):
    def test_each_test_counts_and_a_failure_is_shown_in_full(self) -> None:
        self.run_files(self.file("test_a.py", """
            import unittest
            class A(unittest.TestCase):
                def test_good(self): pass
                def test_bad(self): self.assertEqual("left side", "right side")
                @unittest.skip("no time")
                def test_skipped(self): pass
            """))
        self.assertEqual(self.counts(), "1 passed, 1 failed, 1 skipped")
        self.assertIn("'left side' != 'right side'", self.said.getvalue())
        self.assertEqual(len(self.report.skips), 1)
        self.assertIn("no time", self.report.skips[0])
        self.assertEqual(self.finish(), 1)

    def test_skips_with_one_reason_are_one_line_and_all_count(self) -> None:
        self.run_files(self.file("test_a.py", """
            import unittest
            @unittest.skip("no server")
            class A(unittest.TestCase):
                def test_one(self): pass
                def test_two(self): pass
            """))
        self.assertEqual(self.counts(), "0 passed, 0 failed, 2 skipped")
        self.assertEqual(len(self.report.skips), 1)
        self.assertRegex(self.report.skips[0], "A.test_one and 1 more: no server")

    def test_failing_sub_tests_are_one_failed_test(self) -> None:
        self.run_files(self.file("test_a.py", """
            import unittest
            class A(unittest.TestCase):
                def test_bad(self):
                    for n in range(3):
                        with self.subTest(n=n): self.assertTrue(n < 1)
            """))
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")

    def test_a_failing_class_setup_fails(self) -> None:
        self.run_files(self.file("test_a.py", """
            import unittest
            class A(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise OSError("no server")
                def test_one(self): pass
            """))
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")

    def test_a_skipped_module_is_a_skip(self) -> None:
        self.run_files(self.file("test_a.py", "import unittest\nraise unittest.SkipTest('not here')\n"))
        self.assertEqual(self.counts(), "0 passed, 0 failed, 1 skipped")

    def test_a_file_of_a_package_is_imported_as_part_of_it(self) -> None:
        (self.folder / "outer" / "tests").mkdir(parents=True)
        for name, text in (("outer/__init__.py", "VALUE = 5\n"), ("outer/tests/__init__.py", ""),
                           ("outer/tests/support.py", "from outer import VALUE\n"),
                           ("outer/tests/test_a.py", """
                               import unittest
                               from .support import VALUE
                               class A(unittest.TestCase):
                                   def test_value(self): self.assertEqual(VALUE, 5)
                               """)):
            self.file(name, text)
        self.run_files(self.folder / "outer" / "tests" / "test_a.py")
        self.assertEqual(self.counts(), "1 passed, 0 failed, 0 skipped")

    def test_a_file_that_does_not_import_fails(self) -> None:
        self.run_files(self.file("test_a.py", "import nothing_of_this_name\n"))
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")
        self.assertIn("nothing_of_this_name", self.said.getvalue())

    def test_a_file_without_tests_fails(self) -> None:
        self.run_files(self.file("test_a.py", "import unittest\n"))
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")

    def test_a_process_that_dies_fails_though_its_tests_passed(self) -> None:
        self.run_files(self.file("test_a.py", """
            import os, unittest
            class A(unittest.TestCase):
                def test_good(self): os._exit(0)
            """))
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")

    def test_a_pattern_selects_and_may_select_nothing_of_a_file(self) -> None:
        path = self.file("test_a.py", """
            import unittest
            class A(unittest.TestCase):
                def test_one(self): pass
                def test_two(self): pass
            """)
        self.run_files(path, pattern="_two")
        self.run_files(path, pattern="three")
        self.assertEqual(self.counts(), "1 passed, 0 failed, 0 skipped")

    def test_no_files_is_a_failure(self) -> None:
        self.run_files()
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")


CATCH2 = """\
    #!/bin/sh
    for argument; do case $argument in xml::out=*) out=${argument#xml::out=};; esac; done
    echo said on the console
    cat > $out <<END
    <Catch2TestRun><TestCase name="good"><OverallResult success="true"/></TestCase>
    <TestCase name="bad"><OverallResult success="%s"/></TestCase>
    <OverallResultsCases successes="%d" failures="%d" expectedFailures="0" skips="%d"/></Catch2TestRun>
    END
    exit %d
    """


class Catch2Programs(RunnerTest):
    def test_cases_are_counted(self) -> None:
        self.run_catch2(CATCH2 % ("true", 2, 0, 1, 0))
        self.assertEqual(self.counts(), "2 passed, 0 failed, 1 skipped")

    def test_a_failed_case_is_named_and_its_output_shown(self) -> None:
        self.run_catch2(CATCH2 % ("false", 1, 1, 0, 42))
        self.assertEqual(self.counts(), "1 passed, 1 failed, 0 skipped")
        self.assertIn("unit: bad", self.said.getvalue())
        self.assertIn("said on the console", self.said.getvalue())

    def test_a_bad_exit_without_a_failed_case_fails(self) -> None:
        self.run_catch2(CATCH2 % ("true", 2, 0, 0, 1))
        self.assertEqual(self.counts(), "2 passed, 1 failed, 0 skipped")

    def test_no_cases_fail_unless_a_pattern_was_given(self) -> None:
        self.run_catch2(CATCH2 % ("true", 0, 0, 0, 0))
        self.run_catch2(CATCH2 % ("true", 0, 0, 0, 0), pattern="x")
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")

    def test_a_program_that_dies_fails(self) -> None:
        self.run_catch2("#!/bin/sh\nkill -SEGV $$\n")
        self.assertEqual(self.counts(), "0 passed, 1 failed, 0 skipped")
        self.assertIn("killed by signal 11", self.said.getvalue())


class Stages(RunnerTest):
    def test_each_way_to_leave_a_stage_is_counted(self) -> None:
        for error in (StageFailed("a"), StageSkipped("b"), ValueError("c")):
            with contextlib.redirect_stdout(self.said), self.report.stage("s"):
                raise error
        self.assertEqual(self.counts(), "0 passed, 2 failed, 1 skipped")

    def test_a_run_with_nothing_failed_is_good_and_a_pattern_that_selects_nothing_is_not(self) -> None:
        self.assertEqual(self.finish(), 0)
        self.assertEqual(self.finish(passes_wanted=True), 1)


class Commands(RunnerTest):
    def test_the_time_limit_ends_the_program_and_its_children(self) -> None:
        began = time.monotonic()
        done = command.run(["sh", "-c", "echo before; sleep 60 & sleep 60"], seconds_max=0.5)
        self.assertLess(time.monotonic() - began, 10)
        self.assertTrue(done.timed_out)
        self.assertFalse(done.ok)
        self.assertEqual(done.output, "before\n")

    def test_a_child_left_behind_is_ended_and_not_waited_for(self) -> None:
        began = time.monotonic()
        done = command.run(["sh", "-c", "sleep 60 & echo $!"], seconds_max=30)
        self.assertLess(time.monotonic() - began, 10)
        self.assertTrue(done.ok)
        deadline = time.monotonic() + 5
        status = Path(f"/proc/{done.output.strip()}/status")
        while status.exists() and "zombie" not in status.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertLess(time.monotonic(), deadline)

    def test_a_missing_program_is_a_failure_with_its_name(self) -> None:
        done = command.run(["/nonexistent/program"], seconds_max=5)
        self.assertFalse(done.ok)
        self.assertIn("/nonexistent/program", done.output)

    def test_must_carries_the_output(self) -> None:
        with self.assertRaisesRegex(StageFailed, "sh: exit status 3") as failure:
            command.must(["sh", "-c", "echo the reason; exit 3"], seconds_max=5)
        self.assertEqual(failure.exception.output, "the reason\n")


class BuiltBesideTheRest(RunnerTest):
    def built(self, ending: str) -> loki_build.LokiBuild:
        """What a build in this run leaves behind: a process whose output nobody has read yet."""
        build = loki_build.LokiBuild()
        build._process = subprocess.Popen([sys.executable, "-c", ending], stderr=subprocess.PIPE, text=True)
        return build

    def test_its_binary_may_be_asked_for_again(self) -> None:
        binary = self.file("loki", "")
        with mock.patch.object(loki_build, "find_binary", lambda: binary):
            build = self.built("")
            self.assertEqual([build.path(), build.path()], [binary, binary])

    def test_its_failure_is_told_each_time_it_is_asked_for(self) -> None:
        with mock.patch.object(loki_build, "find_binary", lambda: None):
            build = self.built("import sys; sys.exit('loki-server: no Go here')")
            for _ in range(2):
                with self.assertRaisesRegex(loki_build.LokiUnavailable, "^no Go here$"):
                    build.path()


if __name__ == "__main__":
    unittest.main()
