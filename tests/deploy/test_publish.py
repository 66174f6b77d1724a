"""layer/publish: what it refuses, what it would do, what it does; with a stand-in for the program aws, and with AWS's own
against a mock of its services."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import checkers

PUBLISH = checkers.ROOT / "layer" / "publish"
sys.path.insert(0, str(checkers.ROOT / "layer"))
import pack  # noqa: E402 (the path comes first)

MACHINES = {"x86_64": 62, "arm64": 183}

# Notes its arguments, answers as AWS does; refuses in the region `forbidden`, stores other bytes in `corrupt`.
FAKE_AWS = f"""#!{sys.executable}
import base64, hashlib, json, os, sys
arguments = sys.argv[1:]
with open(os.environ["FAKE_AWS_CALLS"], "a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
option = lambda name: arguments[arguments.index(name) + 1]
if arguments[:2] == ["ec2", "describe-regions"]:
    print("eu-west-1\\tus-east-1")
elif option("--region") == "forbidden":
    sys.exit("An error occurred (AccessDeniedException)")
elif arguments[1] == "publish-layer-version":
    content = open(option("--zip-file").replace("fileb://", ""), "rb").read()
    if option("--region") == "corrupt":
        content += b"."
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    print("7", digest, f"arn:aws:lambda:{{option('--region')}}:111122223333:layer:{{option('--layer-name')}}:7", sep="\\t")
else:
    print("revision")
"""


def program(machine: int) -> bytes:
    """The beginning of an ELF file, and something behind it."""
    return b"\x7fELF" + bytes(14) + struct.pack("<H", machine) + b"the rest of a program"


class Published(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.release = self.folder / "a release"
        self.release.mkdir()
        for architecture, machine in MACHINES.items():
            binary = self.folder / architecture
            binary.write_bytes(program(machine))
            pack.write_layer(binary, self.zip(architecture))
        self.promise()
        self.calls = self.folder / "calls"
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "aws").write_text(FAKE_AWS)
        (self.bin / "aws").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "FAKE_AWS_CALLS": str(self.calls)}
        self.environment.pop("AWS_REGION", None)
        self.environment.pop("AWS_DEFAULT_REGION", None)

    def zip(self, architecture: str) -> Path:
        return self.release / f"sleipnir-{architecture}.zip"

    def promise(self) -> None:
        (self.release / "SHA256SUMS").write_text("".join(
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(self.release.glob("sleipnir*"))))

    def publish(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, str(PUBLISH), "--from", str(self.release), *arguments], env=self.environment,
                              capture_output=True, text=True, check=False)

    def called(self) -> list[list[str]]:
        return [json.loads(line) for line in self.calls.read_text().splitlines()] if self.calls.exists() else []

    def assert_refused(self, words: str, *arguments: str) -> None:
        done = self.publish("--regions", "eu-west-1", "--really", *arguments)
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertIn(words, done.stderr)
        self.assertEqual([], self.called())


class WhatIsDone(Published):
    def test_a_dry_run_calls_nothing_and_prints_what_the_real_one_calls(self) -> None:
        arguments = ["--regions", "eu-west-1,us-east-1", "--organization", "o-a1b2c3d4e5", "--account", "444455556666",
                     "--public", "--description", "Logs, it's $5 \"each\""]
        dry = self.publish(*arguments)
        self.assertEqual(0, dry.returncode, dry.stderr)
        self.assertEqual([], self.called())
        printed = subprocess.run(["sh", "-e", "-u"], input=dry.stdout, env=self.environment, capture_output=True, text=True,
                                 check=False)
        self.assertEqual(0, printed.returncode, printed.stderr)
        by_script = self.called()
        self.calls.unlink()
        real = self.publish(*arguments, "--really")
        self.assertEqual(0, real.returncode, real.stderr)
        self.assertEqual(by_script, self.called())
        self.assertEqual(2 * 2 * (1 + 3), len(by_script))
        arns = [f"arn:aws:lambda:{region}:111122223333:layer:sleipnir-{architecture}:7"
                for region in ("eu-west-1", "us-east-1") for architecture in ("x86_64", "arm64")]
        self.assertEqual(arns, real.stdout.split())
        self.assertEqual(arns, [line for line in printed.stdout.splitlines() if line.startswith("arn:")])

    def test_each_zip_is_for_its_own_architecture(self) -> None:
        self.publish("--regions", "eu-west-1", "--really")
        seen = [(call[call.index("--zip-file") + 1], call[call.index("--compatible-architectures") + 1],
                 call[call.index("--layer-name") + 1]) for call in self.called()]
        self.assertEqual([(f"fileb://{self.zip(name)}", name, f"sleipnir-{name}") for name in ("x86_64", "arm64")], seen)

    def test_the_description_tells_which_version_it_is(self) -> None:
        bill = {"metadata": {"component": {"version": "1.2.3", "properties": [{"name": "sleipnir:revision", "value": "abcdef"}]}}}
        (self.release / "sleipnir.cdx.json").write_text(json.dumps(bill))
        self.promise()
        for more, wanted in (([], "Sleipnir 1.2.3 (abcdef). Ships logs and platform events to Grafana Loki"),
                             (["--description", "ours"], "ours")):
            self.publish("--regions", "eu-west-1", "--really", *more)
            self.assertEqual({wanted}, {call[call.index("--description") + 1] for call in self.called()})
            self.calls.unlink()

    def test_without_permissions_nobody_else_may_use_it(self) -> None:
        self.publish("--regions", "eu-west-1", "--architectures", "arm64", "--really")
        self.assertEqual(["publish-layer-version"], [call[1] for call in self.called()])

    def test_each_permission_names_whom_it_is_for(self) -> None:
        self.publish("--regions", "eu-west-1", "--architectures", "arm64", "--public", "--organization", "o-a1b2c3d4e5",
                     "--account", "444455556666", "--really")
        permitted = [call for call in self.called() if call[1] == "add-layer-version-permission"]
        principals = [call[call.index("--principal") + 1] for call in permitted]
        organizations = [call[call.index("--organization-id") + 1] if "--organization-id" in call else ""
                         for call in permitted]
        self.assertEqual([("*", ""), ("*", "o-a1b2c3d4e5"), ("444455556666", "")], list(zip(principals, organizations)))
        self.assertEqual({"7"}, {call[call.index("--version-number") + 1] for call in permitted})
        self.assertEqual({"lambda:GetLayerVersion"}, {call[call.index("--action") + 1] for call in permitted})

    def test_all_regions_are_those_that_the_account_has(self) -> None:
        done = self.publish("--regions", "all", "--architectures", "x86_64", "--really")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(["eu-west-1", "us-east-1"],
                         [call[call.index("--region") + 1] for call in self.called() if call[0] == "lambda"])

    def test_a_region_that_fails_keeps_no_other_away_and_is_named_at_the_end(self) -> None:
        done = self.publish("--regions", "forbidden,us-east-1", "--architectures", "arm64", "--really")
        self.assertEqual(1, done.returncode)
        self.assertEqual("arn:aws:lambda:us-east-1:111122223333:layer:sleipnir-arm64:7", done.stdout.strip())
        self.assertIn("AccessDeniedException", done.stderr)
        self.assertTrue(done.stderr.endswith("failed: forbidden arm64\n"), done.stderr)

    def test_other_bytes_in_aws_than_sent_are_told_and_not_permitted(self) -> None:
        done = self.publish("--regions", "corrupt", "--architectures", "arm64", "--public", "--really")
        self.assertEqual(1, done.returncode)
        self.assertIn("holds other bytes", done.stderr)
        self.assertEqual(["publish-layer-version"], [call[1] for call in self.called()])


class WhatIsRefused(Published):
    def test_a_zip_that_is_not_the_one_of_the_release(self) -> None:
        self.zip("arm64").write_bytes(self.zip("arm64").read_bytes() + b" ")
        self.assert_refused("is not the file that SHA256SUMS beside it means")

    def test_a_zip_that_the_hashes_do_not_name(self) -> None:
        (self.release / "SHA256SUMS").write_text("")
        self.assert_refused("is not the file that SHA256SUMS beside it means")

    def test_a_bill_of_materials_that_is_not_the_one_of_the_release(self) -> None:
        (self.release / "sleipnir.cdx.json").write_text("{}")
        self.assert_refused("sleipnir.cdx.json is not the file that SHA256SUMS beside it means")

    def test_a_folder_without_hashes(self) -> None:
        (self.release / "SHA256SUMS").unlink()
        self.assert_refused("run layer/release")

    def test_a_folder_without_the_zip(self) -> None:
        self.zip("arm64").unlink()
        self.assert_refused("does not exist")

    def test_a_program_for_the_other_architecture(self) -> None:
        self.zip("x86_64").replace(self.zip("arm64"))
        self.promise()
        self.assert_refused("is no program for arm64", "--architectures", "arm64")

    def test_a_program_that_is_not_executable_or_not_alone(self) -> None:
        for name, mode, words in (("extensions/sleipnir", 0o644, "needs 755"), ("sleipnir", 0o755, "something else than")):
            with self.subTest(name):
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (0o100000 | mode) << 16
                with zipfile.ZipFile(self.zip("arm64"), "w") as layer:
                    layer.writestr(entry, program(MACHINES["arm64"]))
                self.promise()
                self.assert_refused(words, "--architectures", "arm64")

    def test_arguments_that_aws_would_refuse_later(self) -> None:
        for arguments in (["--account", "12345"], ["--organization", "acme"], ["--name", "a layer"], ["--architectures", "mips"],
                          ["--description", "x" * 257]):
            with self.subTest(arguments):
                done = self.publish("--regions", "eu-west-1", "--really", *arguments)
                self.assertEqual(2, done.returncode, done.stderr)
                self.assertEqual([], self.called())

    def test_no_region(self) -> None:
        self.assertEqual(2, self.publish().returncode)

    def test_no_aws(self) -> None:
        self.environment["PATH"] = "/nowhere"
        done = self.publish("--regions", "eu-west-1", "--architectures", "arm64", "--really")
        self.assertEqual(1, done.returncode)
        self.assertIn("the AWS command line cannot be started", done.stderr)


class WithTheRealCommandLine(Published):
    """AWS's own program, from PyPI, against a mock of Lambda's API: the arguments are what it takes."""

    def setUp(self) -> None:
        super().setUp()
        try:
            programs = checkers.python_programs()
        except checkers.Unavailable as reason:
            self.skipTest(str(reason))
        server = subprocess.Popen([str(programs / "python"), str(checkers.HERE / "aws_mock.py")], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.environment.update({
            "PATH": f"{programs}:{os.environ['PATH']}", "AWS_ENDPOINT_URL": server.stdout.readline().strip(),
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"})
        self.aws = str(programs / "aws")

    def test_a_layer_is_stored_with_its_bytes_and_its_policy(self) -> None:
        done = self.publish("--regions", "eu-west-1", "--architectures", "arm64", "--organization", "o-a1b2c3d4e5", "--really")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"^arn:aws:lambda:eu-west-1:\d{12}:layer:sleipnir-arm64:1\n$")
        stored = self.ask("get-layer-version")
        self.assertEqual(base64.b64encode(hashlib.sha256(self.zip("arm64").read_bytes()).digest()).decode(),
                         stored["Content"]["CodeSha256"])
        self.assertEqual(["arm64"], stored["CompatibleArchitectures"])
        self.assertEqual("Apache-2.0", stored["LicenseInfo"])
        statement, = json.loads(self.ask("get-layer-version-policy")["Policy"])["Statement"]
        self.assertEqual(("*", "o-a1b2c3d4e5", "lambda:GetLayerVersion"),
                         (statement["Principal"], statement["OrganizationId"], statement["Action"]))

    def ask(self, what: str) -> dict:
        done = subprocess.run([self.aws, "lambda", what, "--region", "eu-west-1", "--layer-name", "sleipnir-arm64",
                               "--version-number", "1"], env=self.environment, capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)


if __name__ == "__main__":
    unittest.main()
