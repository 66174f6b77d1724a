"""The Extensions API answer by answer, spoken by hand; the Runtime API by real functions; the program."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid
import zipfile

from emulator import FunctionSpec, Lambda
from emulator.function import Unavailable, layer_extensions, python_function
from emulator.runtime_clients import awslambdaric

from .shipper import SHIPPER, ShipperTest

TESTS = os.path.dirname(os.path.abspath(__file__))
EMULATOR = os.path.dirname(TESTS)
DEMO = os.path.join(os.path.dirname(EMULATOR), "e2e", "function")


class ByHand(unittest.TestCase):
    """The extension is a program that only sleeps; the test speaks for it."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = os.path.join(self.folder.name, "sleeper")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexec sleep 60\n")
        os.chmod(path, 0o755)
        self.lam = Lambda(path)
        self.addCleanup(self.lam.close)
        self.init = self.lam.start_init()

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.lam.api_address, timeout=5)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def register(self, body=b'{"events":["INVOKE","SHUTDOWN"]}', name="sleeper", **headers):
        return self.call("POST", "/2020-01-01/extension/register", body, Lambda_Extension_Name=name, **headers)

    def refused(self, answered, status, error_type):
        answer, text = answered
        self.assertEqual((answer.status, json.loads(text)["errorType"]), (status, error_type))

    def test_register(self):
        self.refused(self.register(name=""), 403, "Extension.InvalidExtensionName")
        self.refused(self.register(b"{"), 403, "InvalidRequestFormat")
        self.refused(self.register(b'{"configurationKeys":["a"]}'), 403, "InvalidRequestFormat")
        self.refused(self.register(b'{"events":["RESTORE"]}'), 403, "Extension.InvalidEventType")
        self.refused(self.register(name="stranger"), 403, "Extension.InvalidEventType")
        answer, text = self.register(Lambda_Extension_Accept_Feature="other, accountId")
        self.assertEqual(json.loads(text), {"functionName": "orders", "functionVersion": "$LATEST",
                                            "handler": "app.handler", "accountId": "111122223333"})
        uuid.UUID(answer.headers["Lambda-Extension-Identifier"])
        self.refused(self.register(), 403, "Extension.InvalidExtensionState")

    def test_internal_extensions_are_limited(self):
        for index in range(9):
            self.assertEqual(self.register(b"{}", f"internal-{index}")[0].status, 200)
        self.refused(self.register(b"{}", "one too many"), 403, "Extension.TooManyExtensions")

    def test_identifiers_and_states(self):
        path = "/2020-01-01/extension/event/next"
        self.refused(self.call("GET", path), 403, "Extension.MissingExtensionIdentifier")
        self.refused(self.call("GET", path, Lambda_Extension_Identifier="x"), 403,
                     "Extension.InvalidExtensionIdentifier")
        self.refused(self.call("GET", path, Lambda_Extension_Identifier=str(uuid.uuid4())), 403,
                     "Extension.UnknownExtensionIdentifier")
        answer, text = self.register(b'{"events":["INVOKE"]}')
        self.assertNotIn("accountId", json.loads(text))
        known = {"Lambda_Extension_Identifier": answer.headers["Lambda-Extension-Identifier"]}
        self.refused(self.call("POST", "/2020-01-01/extension/init/error", **known), 403, "Extension.MissingHeader")
        answer, text = self.call("POST", "/2020-01-01/extension/exit/error", **known,
                                 Lambda_Extension_Function_Error_Type="nonsense")
        self.assertEqual((answer.status, text), (202, '{"status":"OK"}'))
        self.refused(self.call("GET", path, **known), 403, "Extension.InvalidExtensionState")
        self.assertEqual(self.init.result(10), "Extension.ExitError")

    def test_next_delivers_invoke_and_registration_and_subscription_close(self):
        answer, _ = self.register()
        known = {"Lambda_Extension_Identifier": answer.headers["Lambda-Extension-Identifier"]}
        parked = http.client.HTTPConnection(self.lam.api_address, timeout=5)
        parked.request("GET", "/2020-01-01/extension/event/next",
                       headers={name.replace("_", "-"): value for name, value in known.items()})
        self.assertIsNone(self.init.result(5))
        self.refused(self.call("GET", "/2020-01-01/extension/event/next", **known), 403,
                     "Extension.InvalidExtensionState")
        self.refused(self.register(b"{}", "late"), 403, "Extension.RegistrationClosed")
        self.refused(self.call("PUT", "/2022-07-01/telemetry", b"{}", **known), 403, "Telemetry.SubscriptionClosed")
        self.assertEqual(self.call("PUT", "/2025-01-29/telemetry", b"{}", **known)[0].status, 404)
        future = self.lam.start_invoke()
        event = json.loads(parked.getresponse().read())
        self.assertEqual(event["eventType"], "INVOKE")
        self.assertEqual(event["invokedFunctionArn"], "arn:aws:lambda:eu-west-1:111122223333:function:orders")
        self.assertRegex(event["tracing"]["value"], r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$")
        parked.request("GET", "/2020-01-01/extension/event/next",
                       headers={name.replace("_", "-"): value for name, value in known.items()})
        self.assertEqual(future.result(5).request_id, event["requestId"])
        parked.close()


class RealFunctions(ShipperTest):
    def run_demo(self, spec, log_format):
        lam = self.start(function=spec, log_format=log_format)
        self.assertIsNone(lam.init())
        good = lam.invoke(b'{"order":1}')
        self.assertEqual((good.status, good.response), ("success", b'{"order": 1, "status": "reserved"}'))
        bad = lam.invoke(b'{"order":2,"fail":true}')
        self.assertEqual(json.loads(bad.response)["errorType"], "OutOfStock")
        self.assertEqual(lam.shutdown().exit_codes, {"shipper.py": 0})
        return good, bad, self.records("function")

    def check_text(self, spec):
        good, bad, records = self.run_demo(spec, "Text")
        self.assertEqual(records[0], "loading the price list\n")
        self.assertTrue(any(record.endswith(f"{good.request_id}\torder 1 received\n") for record in records))
        trace = [record for record in records if record.startswith("[ERROR] OutOfStock: nothing left for order 2\n")]
        self.assertEqual(len(trace), 1)
        self.assertIn('raise OutOfStock', trace[0])
        self.assertIn(f"\t{bad.request_id}\torder 2 could not be reserved\nTraceback", "".join(records))

    def check_json(self, spec):
        good, _, records = self.run_demo(spec, "JSON")
        objects = [record for record in records if isinstance(record, dict)]
        self.assertIn(("INFO", "order 1 received", good.request_id),
                      [(item.get("level"), item.get("message"), item.get("requestId")) for item in objects])
        self.assertIn("OutOfStock", [item.get("errorType") for item in objects])
        self.assertIn("warehouse link is slow (order 1)", records)

    def test_our_bootstrap_in_both_formats(self):
        self.check_text(python_function(DEMO, "app.handler", own_bootstrap=True)[0])
        self.check_json(python_function(DEMO, "app.handler", own_bootstrap=True)[0])

    def test_awslambdaric_in_both_formats(self):
        try:
            awslambdaric()
        except Unavailable as problem:
            self.skipTest(f"awslambdaric cannot be had: {problem}")
        self.check_text(python_function(DEMO, "app.handler")[0])
        self.check_json(python_function(DEMO, "app.handler")[0])

    def test_a_function_that_cannot_be_loaded_fails_init(self):
        spec, _ = python_function(DEMO, "missing.handler", own_bootstrap=True)
        lam = self.start({"SHIPPER_LINGER": "0.2"}, function=spec)
        self.assertEqual(lam.init(), "Function.Unknown")
        self.assertIn("No module named", self.records("function")[0])

    def test_a_bootstrap_that_exits_in_an_invocation(self):
        script = ("import urllib.request,os,sys\n"
                  "urllib.request.urlopen('http://'+os.environ['AWS_LAMBDA_RUNTIME_API']"
                  "+'/2018-06-01/runtime/invocation/next').read()\nprint('half a line', end='')\nsys.exit(7)")
        lam = self.start({"SHIPPER_LINGER": "0.2"}, function=FunctionSpec([sys.executable, "-c", script]))
        self.assertIsNone(lam.init())
        result = lam.invoke()
        self.assertEqual((result.status, result.error_type), ("error", "Runtime.ExitError"))
        self.assertIn(b"exit status 7", result.response)
        lam.close()
        self.assertEqual(self.records("function"), ["half a line\n"])

    def test_environment_of_both_processes(self):
        script = "import os,json\nprint(json.dumps(dict(os.environ)), flush=True)\nimport time\ntime.sleep(60)"
        lam = self.start({"CUSTOM": "1", "SHIPPER_LINGER": "0.2"}, init_timeout_s=0.6,
                         function=FunctionSpec([sys.executable, "-c", script]))
        lam.init()
        seen = json.loads(self.records("function")[0])
        self.assertEqual((seen["_HANDLER"], seen["CUSTOM"], seen["AWS_LAMBDA_LOG_GROUP_NAME"]),
                         ("app.handler", "1", "/aws/lambda/orders"))
        from emulator.environment import for_extension
        mine = for_extension(lam.config, "127.0.0.1:9001", "/tmp")
        for name in ("_HANDLER", "LAMBDA_TASK_ROOT", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME"):
            self.assertNotIn(name, mine)


class Program(unittest.TestCase):
    def test_the_program_runs_a_layer(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        layer = os.path.join(folder, "layer.zip")
        with zipfile.ZipFile(layer, "w") as archive:
            archive.write(SHIPPER, "extensions/shipper.py")
        self.assertEqual([spec.name for spec in layer_extensions(layer, folder)], ["shipper.py"])
        done = subprocess.run(
            [sys.executable, os.path.join(EMULATOR, "lambda-emulator"), "--layer", layer, "--listener-port", "0",
             "--line", "hello", "-n", "2", "--freeze"], capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for word in ("platform.initStart", "SHUTDOWN reason=spindown", "success", "bye spindown"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
