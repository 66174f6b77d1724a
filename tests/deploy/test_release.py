"""layer/release and its papers: in a project of a few files, whose layer/build makes what the test wants."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import checkers

ROOT = checkers.ROOT
sys.path[:0] = [str(ROOT / "layer"), str(ROOT / "layer" / "toolchain")]
import materials  # noqa: E402 (the path comes first)
import tools  # noqa: E402

# A stand-in for layer/build: two layers with programs of a few bytes. BUILDS counts, FAULT says what goes wrong.
FAKE_BUILD = f"""#!{sys.executable}
import os, struct, sys
from pathlib import Path
root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "layer"))
import pack
counter = Path(os.environ["BUILDS"])
counter.write_text(counter.read_text() + str(root) + "\\n")
fault = os.environ.get("FAULT", "")
if fault == "moves":
    with open(os.environ["MOVES"], "a") as file:
        file.write("\\n")
if fault == "fails":
    sys.exit("no compiler today")
(root / "build").mkdir()
for name, machine in (("x86_64", 62), ("arm64", 183)):
    if fault == "native" and name == "arm64":
        continue
    program = root / name
    program.write_bytes(b"\\x7fELF" + bytes(14) + struct.pack("<H", machine) + (root / "meson.build").read_bytes()
                        + (str(root).encode() if fault == "path" else b""))
    pack.write_layer(program, root / "build" / f"sleipnir-{{name}}.zip")
"""


def compiler() -> Path:
    kit = tools.prepare(("release",), say=lambda text: None)
    if not kit.zig:
        raise unittest.SkipTest("the release's compiler is out of reach")
    return Path(kit.zig).parent


class Project(unittest.TestCase):
    """A git repository with the release's own files, the wraps, and a licence for each library."""

    def setUp(self) -> None:
        compiler()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "project"
        self.counter = Path(folder.name) / "builds"
        self.counter.write_text("")
        shutil.copytree(ROOT / "layer", self.root / "layer", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "meson.build", self.root)
        (self.root / "subprojects").mkdir()
        for name, (_, licence_file) in materials.LIBRARIES.items():
            wrap = ROOT / "subprojects" / f"{name}.wrap"
            shutil.copy(wrap, self.root / "subprojects")
            sources = next(line.partition("=")[2].strip() for line in wrap.read_text().splitlines()
                           if line.startswith("directory"))
            (self.root / "subprojects" / sources).mkdir()
            (self.root / "subprojects" / sources / licence_file).write_text(f"The licence of {name}.\n")
        build = self.root / "layer" / "build"
        build.write_text(FAKE_BUILD)
        build.chmod(0o755)
        (self.root / ".gitignore").write_text("/build/\n__pycache__/\n")
        self.environment = {**os.environ, "BUILDS": str(self.counter), "GIT_CONFIG_GLOBAL": os.devnull,
                            **{f"GIT_{who}_{what}": "someone" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}}
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "all")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.root), *arguments], env=self.environment, check=True, capture_output=True)

    def release(self, *arguments: str, fault: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, str(self.root / "layer" / "release"), *arguments],
                              env={**self.environment, "FAULT": fault, "MOVES": str(self.root / "meson.build")},
                              capture_output=True, text=True, check=False)

    def files(self) -> dict[str, bytes]:
        folder = self.root / "build" / "release"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}

    def assert_refused(self, words: str, *arguments: str, fault: str = "") -> None:
        done = self.release(*arguments, fault=fault)
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn(words, done.stderr)
        self.assertEqual({}, self.files())


class Release(Project):
    def test_two_builds_in_different_folders_make_a_release_that_can_be_published(self) -> None:
        done = self.release()
        self.assertEqual(0, done.returncode, done.stderr)
        folders = self.counter.read_text().split()
        self.assertEqual(2, len(set(folders)))
        self.assertNotIn(str(self.root), folders)
        files = self.files()
        self.assertEqual({"sleipnir-x86_64.zip", "sleipnir-arm64.zip", "sleipnir.cdx.json", "THIRD-PARTY-NOTICES.txt",
                          "SHA256SUMS"}, set(files))
        sums = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=self.root / "build" / "release",
                              capture_output=True, text=True, check=False)
        self.assertEqual(0, sums.returncode, sums.stderr)
        self.assertEqual(4, sums.stdout.count(": OK"))
        publish = subprocess.run([sys.executable, str(self.root / "layer" / "publish"), "--regions", "eu-west-1"],
                                 capture_output=True, text=True, check=False)
        self.assertEqual(0, publish.returncode, publish.stderr)
        self.assertIn(hashlib.sha256(files["sleipnir-arm64.zip"]).hexdigest(), publish.stdout)
        revision = subprocess.run(["git", "-C", str(self.root), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True,
                                  check=True).stdout.strip()
        self.assertIn(f"({revision})", publish.stdout)

    def test_the_same_commit_gives_the_same_bytes_papers_included(self) -> None:
        self.assertEqual(0, self.release().returncode)
        first = self.files()
        self.assertEqual(0, self.release("--out", str(self.root / "build" / "release")).returncode)
        self.assertEqual(first, self.files())

    def test_builds_that_differ_are_refused(self) -> None:
        self.assert_refused("not reproducible: sleipnir-x86_64.zip is ", fault="path")

    def test_work_that_goes_on_in_the_checkout_meanwhile_is_in_neither_build(self) -> None:
        done = self.release(fault="moves")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue((self.root / "meson.build").read_text().endswith("\n\n\n"))
        self.assertNotIn("-changed", self.files()["sleipnir.cdx.json"].decode())

    def test_a_build_that_fails_or_makes_no_static_release_is_refused(self) -> None:
        self.assert_refused("no compiler today", fault="fails")
        self.assert_refused("made no sleipnir-arm64.zip", fault="native")

    def test_changes_that_are_not_committed_are_refused(self) -> None:
        (self.root / "meson.build").write_text((ROOT / "meson.build").read_text() + "\n")
        self.assert_refused("not committed")
        self.assertEqual("", self.counter.read_text())
        self.assertEqual(0, self.release("--allow-changes").returncode)
        self.assertIn("-changed", self.files()["sleipnir.cdx.json"].decode())

    def test_a_tag_of_another_version_is_refused(self) -> None:
        self.git("tag", "v99.0.0")
        self.assert_refused("the tag v99.0.0 is on this commit")

    def test_a_library_of_which_the_licence_is_not_known_is_refused(self) -> None:
        with (self.root / "meson.build").open("a") as build:
            build.write("zlib_dep = dependency('zlib', include_type: 'system')\n")
        self.assert_refused("zlib is linked", "--allow-changes")

    def test_a_library_whose_licence_is_missing_is_refused(self) -> None:
        next(self.root.glob("subprojects/libdeflate-*/COPYING")).unlink()
        self.assert_refused("no text of libdeflate's licence", "--allow-changes")


class Papers(unittest.TestCase):
    """Of this project, with the sources and the compiler as they are."""

    def setUp(self) -> None:
        package = compiler()
        try:
            self.materials = materials.all_materials(ROOT, package)
        except materials.NotKnown as problem:
            if any((ROOT / "subprojects").glob("mbedtls-*")):
                raise
            self.skipTest(f"the libraries' sources are not laid down here: {problem}")
        self.release = materials.Release("1.2.3", "0123456789ab", "2026-01-02T03:04:05+00:00",
                                         {"sleipnir-arm64.zip": "a" * 64, "sleipnir-x86_64.zip": "b" * 64})
        self.bill = materials.bill_of_materials(self.release, self.materials)

    def test_the_bill_names_every_library_of_the_build_and_none_of_the_tests(self) -> None:
        components = {component["name"]: component for component in json.loads(self.bill)["components"]}
        asked_for = (ROOT / "tests" / "meson.build").read_text()
        for wrap in (ROOT / "subprojects").glob("*.wrap"):
            with self.subTest(wrap.stem):
                of_tests = f"dependency('{wrap.stem}" in asked_for
                self.assertEqual(not of_tests, wrap.stem in components)
                if not of_tests:
                    self.assertIn(components[wrap.stem]["externalReferences"][0]["hashes"][0]["content"], wrap.read_text())

    def test_the_bill_says_where_our_changes_to_a_library_stand(self) -> None:
        for component in json.loads(self.bill)["components"]:
            if component["name"] in materials.LIBRARIES:
                folder = f"subprojects/packagefiles/{component['name']}"
                self.assertIn(folder, component["pedigree"]["notes"])
                self.assertTrue((ROOT / folder / "meson.build").is_file())

    def test_versions_are_those_that_the_binary_tells(self) -> None:
        named = os.environ.get("SLEIPNIR_BIN", "")
        if not os.access(named, os.X_OK):
            self.skipTest("no binary to ask")
        said = subprocess.run([named, "--version"], capture_output=True, text=True, check=True).stdout.lower()
        for material in self.materials:
            if material.name in materials.LIBRARIES:
                self.assertIn(f"{material.name} {material.version}", said)

    def test_the_bill_is_valid_cyclonedx(self) -> None:
        self.assertEqual("", self.judged(self.bill))

    def test_a_bill_that_is_not_is_noticed(self) -> None:
        broken = json.loads(self.bill)
        broken["components"][-1]["licenses"] = [{"license": {"id": "Free Beer"}}]
        self.assertNotEqual("", self.judged(json.dumps(broken)))

    def judged(self, bill: str) -> str:
        """What the schema has against it."""
        try:
            python = checkers.python_programs() / "python"
        except checkers.Unavailable as reason:
            self.skipTest(str(reason))
        program = ("import sys; from cyclonedx.schema import SchemaVersion; from cyclonedx.validation.json import "
                   "JsonStrictValidator; error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()); "
                   "print(error or '', end='')")
        done = subprocess.run([str(python), "-c", program], input=bill, capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_the_notices_hold_each_licence_in_full(self) -> None:
        notices = materials.notices(self.materials)
        for material in self.materials:
            if material.licence_file:
                with self.subTest(material.name):
                    self.assertIn(material.licence_file.read_text(encoding="utf-8").strip(), notices)
                    self.assertIn(f"{material.name} {material.version} ({material.licence})", notices)
        for words in ("Fedor Indutny", "Eric Biggers", "Rich Felker", "LLVM Exceptions", "Cameron Desrochers", "Zig contributors",
                      "Apache-2.0 OR GPL-2.0-or-later"):
            self.assertIn(words, notices)


class Workflows(unittest.TestCase):
    def setUp(self) -> None:
        try:
            self.actionlint = checkers.actionlint()
        except checkers.Unavailable as reason:
            self.skipTest(str(reason))

    def lint(self, *files: Path) -> "subprocess.CompletedProcess[str]":
        # Without shellcheck and pyflakes: what they say depends on whether the machine has them.
        return subprocess.run([str(self.actionlint), "-shellcheck=", "-pyflakes=", *map(str, files)], cwd=ROOT,
                              capture_output=True, text=True, check=False)

    def test_every_workflow_is_without_complaint(self) -> None:
        files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        self.assertTrue(files)
        done = self.lint(*files)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    def test_a_wrong_workflow_is_noticed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            wrong = Path(folder) / "wrong.yml"
            text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
            wrong.write_text(text.replace("runs-on:", "runs-at:"))
            self.assertEqual(1, self.lint(wrong).returncode)

    def test_foreign_actions_are_pinned_to_a_commit(self) -> None:
        for path in (ROOT / ".github" / "workflows").glob("*.yml"):
            for line in path.read_text().splitlines():
                if "uses:" in line:
                    self.assertRegex(line, r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


if __name__ == "__main__":
    unittest.main()
