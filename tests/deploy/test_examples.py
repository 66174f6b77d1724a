"""Every example under layer/examples passes the checker of its kind, and the checker fails a broken one."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import checkers
import pages

ROOT = checkers.ROOT
EXAMPLES = ROOT / "layer" / "examples"
sys.path.insert(0, str(ROOT / "layer"))
import pack  # noqa: E402 (the path comes first)


def available(find):
    """What a function of checkers gives, or the test is skipped with its reason."""
    try:
        return find()
    except checkers.Unavailable as reason:
        raise unittest.SkipTest(str(reason)) from None


def environments(template: dict) -> list[dict[str, Any]]:
    """The variables of each function of a CloudFormation template."""
    return [resource["Properties"]["Environment"]["Variables"] for resource in template["Resources"].values()
            if resource["Type"] in ("AWS::Lambda::Function", "AWS::Serverless::Function")]


class Example(unittest.TestCase):
    """A copy of the examples below a folder that is laid out as the project is, with layers of a few bytes."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.examples = self.root / "layer" / "examples"
        shutil.copytree(EXAMPLES, self.examples)
        (self.root / "build").mkdir()
        binary = self.root / "binary"
        binary.write_bytes(b"\x7fELF" + bytes(14) + struct.pack("<H", 183))
        for architecture in ("arm64", "x86_64"):
            pack.write_layer(binary, self.root / "build" / f"sleipnir-{architecture}.zip")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.examples / path).read_text()
        self.assertIn(old, text)
        (self.examples / path).write_text(text.replace(old, new))

    def run_in(self, folder: Path, command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300, check=False)

    def lint(self, template: Path, *but: str) -> str:
        """What cfn-lint has against it; `but`: rules that do not count."""
        programs = available(checkers.python_programs)
        done = self.run_in(template.parent, [str(programs / "cfn-lint"), *(["--ignore-checks", *but] if but else []), "--",
                                             str(template)])
        return done.stdout + done.stderr

    def template(self, path: Path) -> dict:
        if path.suffix == ".json":
            return json.loads(path.read_text())
        python = available(checkers.python_programs) / "python"
        program = "import json, sys; from cfnlint import decode; print(json.dumps(decode.decode(sys.argv[1])[0]))"
        done = self.run_in(path.parent, [str(python), "-c", program, str(path)])
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def assert_configures_sleipnir(self, variables: dict[str, Any]) -> None:
        """Every variable is ours, and `sleipnir config` has nothing against what they say."""
        self.assertIn("LOKI_ENDPOINT", variables)
        self.assertEqual([], [name for name in variables if name not in pages.own_variables()])
        binary = os.environ.get("SLEIPNIR_BIN", "")
        if os.access(binary, os.X_OK):
            # What is put in when it is deployed is text; an endpoint has to look like one.
            put_in = {"LOKI_ENDPOINT": "https://loki.example.com"}
            plain = {name: value if isinstance(value, str) and "{{" not in value else put_in.get(name, "text")
                     for name, value in variables.items()}
            done = subprocess.run([binary, "config"], env=plain, capture_output=True, text=True, check=False)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class Templates(Example):
    def test_sam_and_cloudformation_are_without_complaint(self) -> None:
        for name in ("sam", "cloudformation"):
            with self.subTest(name):
                path = self.examples / name / "template.yaml"
                self.assertEqual("", self.lint(path))
                variables, = environments(self.template(path))
                self.assert_configures_sleipnir(variables)

    def test_sam_finds_the_layer_and_the_code_where_it_looks(self) -> None:
        resources = self.template(self.examples / "sam" / "template.yaml")["Resources"]
        self.assertTrue((self.examples / "sam" / resources["SleipnirLayer"]["Properties"]["ContentUri"]).is_file())
        function = resources["Orders"]["Properties"]
        module, _, handler = function["Handler"].partition(".")
        code = self.examples / "sam" / function["CodeUri"] / f"{module}.py"
        self.assertIn(f"def {handler}(", code.read_text())
        self.assertEqual([{"Ref": "SleipnirLayer"}], function["Layers"])
        self.assertEqual(resources["SleipnirLayer"]["Properties"]["CompatibleArchitectures"], function["Architectures"])

    def test_a_wrong_template_is_noticed(self) -> None:
        self.edit("sam/template.yaml", "RetentionPolicy: Retain", "RetentionPolicy: Retain\n      Retained: true")
        self.assertIn("Retained", self.lint(self.examples / "sam" / "template.yaml"))
        self.edit("cloudformation/template.yaml", "Architectures: [arm64]", "Architectures: [mips]")
        self.assertIn("mips", self.lint(self.examples / "cloudformation" / "template.yaml"))

    def test_the_arn_that_publish_prints_is_one_that_the_template_takes(self) -> None:
        template = self.template(self.examples / "cloudformation" / "template.yaml")
        pattern = template["Parameters"]["SleipnirLayerArn"]["AllowedPattern"]
        self.assertRegex("arn:aws:lambda:eu-west-1:111122223333:layer:sleipnir-arm64:7", f"^{pattern}$")
        self.assertNotRegex("arn:aws:lambda:eu-west-1:111122223333:layer:sleipnir-arm64", f"^{pattern}$")


class Cdk(Example):
    def setUp(self) -> None:
        super().setUp()
        self.node, modules = available(checkers.node_programs)
        (self.root / "node_modules").symlink_to(modules)
        self.out = self.root / "cdk.out"

    def synthesize(self) -> "subprocess.CompletedProcess[str]":
        return self.run_in(self.root, [self.node, "layer/examples/cdk/app.mjs"], CDK_OUTDIR=str(self.out))

    def test_it_synthesizes_a_function_with_the_layer(self) -> None:
        done = self.synthesize()
        self.assertEqual(0, done.returncode, done.stderr)
        path = self.out / "Orders.template.json"
        # W3005: CDK names dependencies twice, always.
        self.assertEqual("", self.lint(path, "W3005"))
        template = self.template(path)
        layer, = [name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::Lambda::LayerVersion"]
        function, = [resource["Properties"] for resource in template["Resources"].values()
                     if resource["Type"] == "AWS::Lambda::Function"]
        self.assertEqual([{"Ref": layer}], function["Layers"])
        self.assertEqual(["arm64"], template["Resources"][layer]["Properties"]["CompatibleArchitectures"])
        variables, = environments(template)
        self.assert_configures_sleipnir(variables)

    def test_a_function_of_the_other_architecture_is_refused(self) -> None:
        self.edit("cdk/app.mjs", "architecture: lambda.Architecture.ARM_64", "architecture: lambda.Architecture.X86_64")
        done = self.synthesize()
        self.assertNotEqual(0, done.returncode)
        self.assertIn("Orders/Function is not for arm64", done.stderr)


class Serverless(Example):
    def setUp(self) -> None:
        super().setUp()
        self.node, modules = available(checkers.node_programs)
        self.programs = available(checkers.python_programs)
        self.osls = str(modules / "osls" / "bin" / "serverless.js")
        self.folder = self.examples / "serverless"

    def package(self) -> "subprocess.CompletedProcess[str]":
        """osls, which goes on with version 3; it asks AWS whether the stack is there already."""
        server = subprocess.Popen([str(self.programs / "python"), str(checkers.HERE / "aws_mock.py")], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        try:
            return self.run_in(self.folder, [self.node, self.osls, "package"], AWS_ENDPOINT_URL=server.stdout.readline().strip(),
                               AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", NODE_NO_WARNINGS="1",
                               SLS_TELEMETRY_DISABLED="1", HOME=str(self.root))
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_it_is_packaged_with_the_layer_on_every_function(self) -> None:
        done = self.package()
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        path = self.folder / ".serverless" / "cloudformation-template-update-stack.json"
        self.assertEqual("", self.lint(path))
        template = self.template(path)
        function = template["Resources"]["CreateLambdaFunction"]["Properties"]
        self.assertEqual([{"Ref": "SleipnirLambdaLayer"}], function["Layers"])
        layer = template["Resources"]["SleipnirLambdaLayer"]["Properties"]
        self.assertEqual(function["Architectures"], layer["CompatibleArchitectures"])
        variables, = environments(template)
        self.assert_configures_sleipnir(variables)

    def test_what_its_schema_does_not_know_is_noticed(self) -> None:
        self.edit("serverless/serverless.yml", "licenseInfo:", "licenceInfo:")
        done = self.package()
        self.assertNotEqual(0, done.returncode)
        self.assertIn("unrecognized property 'licenceInfo'", done.stdout + done.stderr)


class Terraform(Example):
    """The provider itself is in no registry of packages; what it takes stands in the declarations made from its schema."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.examples / "terraform" / "main.tf"

    def parsed(self) -> dict:
        python = available(checkers.python_programs) / "python"
        program = "import hcl2, json, sys; print(json.dumps(hcl2.load(open(sys.argv[1]))))"
        done = self.run_in(self.path.parent, [str(python), "-c", program, str(self.path)])
        self.assertEqual(0, done.returncode, done.stderr)
        return _without_marks(json.loads(done.stdout))

    def complaints(self) -> list[str]:
        content = self.parsed()
        text = self.path.read_text()
        found = []
        declared = {"var": {name for block in content["variable"] for name in block}}
        for block in content["resource"]:
            for kind, named in block.items():
                declared.setdefault(kind, set()).update(named)
                for attributes in named.values():
                    found += _against_provider(kind, attributes)
        for kind, name in re.findall(r"\b(var|aws_\w+)\.(\w+)", text):
            if name not in declared.get(kind, set()):
                found.append(f"{kind}.{name} is not declared")
        return found + [f"var.{name} is not used" for name in declared["var"] if f"var.{name}" not in text]

    def test_every_attribute_is_the_providers_and_every_reference_is_declared(self) -> None:
        self.assertEqual([], available(self.complaints))

    def test_wrong_attributes_and_references_are_noticed(self) -> None:
        self.edit("terraform/main.tf", "memory_size ", "memory_sise ")
        self.edit("terraform/main.tf", "  role             = aws_iam_role.orders.arn\n", "")
        self.edit("terraform/main.tf", "var.loki_endpoint", "var.loki_address")
        self.assertEqual({"aws_lambda_function has no memory_sise", "aws_lambda_function needs role",
                          "var.loki_address is not declared", "var.loki_endpoint is not used"}, set(available(self.complaints)))

    def test_the_layer_is_where_it_looks_and_on_the_function(self) -> None:
        content = self.parsed()
        variables = {name: block.get("default") for each in content["variable"] for name, block in each.items()}
        self.assertTrue((self.path.parent / variables["sleipnir_zip"]).is_file())
        function, = [named["orders"] for each in content["resource"] for kind, named in each.items()
                     if kind == "aws_lambda_function"]
        self.assertEqual(["${aws_lambda_layer_version.sleipnir.arn}"], function["layers"])
        variables = function["environment"][0]["variables"]
        self.assertEqual([], [name for name in variables if name not in pages.own_variables()])
        self.assertIn("LOKI_ENDPOINT", variables)

    def test_it_is_laid_out_as_terraform_does(self) -> None:
        terraform = shutil.which("terraform") or shutil.which("tofu")
        if not terraform:
            self.skipTest("no terraform here: its layout is not checked")
        done = self.run_in(self.path.parent, [terraform, "fmt", "-check", "-diff", str(self.path)])
        self.assertEqual(0, done.returncode, done.stdout)


def _without_marks(value: Any) -> Any:
    """hcl2's values without the quotes it leaves around names and texts, and without its marks of blocks."""
    if isinstance(value, dict):
        return {name.strip('"'): _without_marks(item) for name, item in value.items() if not name.startswith("__")}
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    return value[1:-1] if isinstance(value, str) and value.startswith('"') else value


def _against_provider(kind: str, attributes: dict) -> list[str]:
    declarations = checkers.provider_declarations(kind[len("aws_"):].replace("_", "-"))
    config = re.search(r"export interface \w+Config extends .*?\n}", declarations, re.DOTALL)
    known = dict(re.findall(r"#(\w+) \w+#\1\}(?:(?!readonly).)*?readonly \w+(\??):", config[0], re.DOTALL))
    if len(known) < 3:
        raise checkers.Broken(f"the declarations of {kind} are not as they were")
    return ([f"{kind} has no {name}" for name in attributes if name not in known]
            + [f"{kind} needs {name}" for name, optional in known.items() if not optional and name not in attributes])


class Policies(Example):
    def complaints(self, policy: str) -> list[str]:
        python = available(checkers.python_programs) / "python"
        program = ("import json, sys, parliament; found = parliament.analyze_policy_string(sys.stdin.read()).findings; "
                   "print(json.dumps([f'{one.issue}: {one.detail}' for one in found]))")
        done = subprocess.run([str(python), "-W", "ignore", "-c", program], input=policy, capture_output=True, text=True,
                              check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_every_policy_names_actions_and_resources_that_belong_together(self) -> None:
        policies = sorted(EXAMPLES.glob("iam/*.json"))
        self.assertTrue(policies)
        for path in policies:
            with self.subTest(path.name):
                self.assertEqual([], self.complaints(path.read_text()))

    def test_a_wrong_policy_is_noticed(self) -> None:
        good = (EXAMPLES / "iam" / "publish.json").read_text()
        self.assertIn("UNKNOWN_ACTION", str(self.complaints(good.replace("PublishLayerVersion", "PublishLayers"))))
        self.assertIn("RESOURCE_MISMATCH", str(self.complaints(good.replace(":lambda:*:", ":s3:*:"))))

    def test_publishing_is_permitted_what_it_does(self) -> None:
        actions = (EXAMPLES / "iam" / "publish.json").read_text()
        script = (ROOT / "layer" / "publish").read_text()
        for service, command in re.findall(r'"aws", "(lambda|ec2)", "([a-z-]+)"', script):
            action = "".join(word.capitalize() for word in command.split("-"))
            self.assertIn(f'"{service}:{action}"', actions)


if __name__ == "__main__":
    unittest.main()
