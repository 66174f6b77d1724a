"""Credentials from Secrets Manager and the Parameter Store: fetched behind /next, again when Loki refuses them, never shown.

The stand-in for AWS computes every signature anew; nginx in front of Loki asks for the password.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path
from typing import Any, Callable, Dict

from support import Case, assert_shows_no_secret, binary, function_lines, sleipnir, stderr_of
from emulator.config import free_port
from gateway import Gateway
from standin import LokiStandin
from standin.aws import AwsStandin, given_out

FIRST, SECOND = "first-pass-word", "second-pass-word"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:loki-Ab12Cd"


def ledgers(stderr: str) -> list:
    return [json.loads(line[line.index("{"):]) for line in stderr.splitlines() if '"sleipnir":"ledger"' in line]


class SecretsCase(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())
        self.gateway = self.opened(Gateway(self.loki.url, passwords={"me": FIRST}))
        self.aws = self.opened(AwsStandin())
        self.aws.secrets.update({ARN: json.dumps({"user": "me", "password": FIRST}), "plain": FIRST + "\n"})
        self.aws.parameters["/loki/password"] = FIRST
        self.env = {"LOKI_ENDPOINT": f"http://127.0.0.1:{self.gateway.port}", "LOKI_USERNAME": "me",
                    "LOKI_FLUSH_BUDGET_MS": "2000", "LOKI_LOG_LEVEL": "info", **self.aws.keys}

    def run_lines(self, env: Dict[str, str], *lines: str, **config: Any) -> str:
        with sleipnir({**self.env, **env}, timeout_s=15, **config) as lam:
            self.assertIsNone(lam.init())
            for line in lines:
                self.assertEqual("success", lam.invoke(lines=[line]).status)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            stderr = stderr_of(lam)
        self.assert_not_shown(stderr)
        return stderr

    def assert_not_shown(self, text: str) -> None:
        for secret in (FIRST, SECOND, self.aws.session_token, self.aws.keys["AWS_SECRET_ACCESS_KEY"]):
            self.assertNotIn(secret, text)


class Fetched(SecretsCase):
    def test_every_form_of_reference_is_fetched_and_used(self) -> None:
        forms = [({"LOKI_PASSWORD": ARN + "#password"}, [f"secretsmanager:{ARN}"]),
                 ({"LOKI_PASSWORD": "secretsmanager:plain"}, ["secretsmanager:plain"]),
                 ({"LOKI_PASSWORD": "ssm:/loki/password"}, ["ssm:/loki/password"]),
                 ({"LOKI_USERNAME": ARN + "#user", "LOKI_PASSWORD": ARN + "#password"}, [f"secretsmanager:{ARN}"] * 2)]
        for env, served in forms:
            with self.subTest(env=env):
                del self.aws.served[:]
                before = len(function_lines(self.loki.entries))
                self.run_lines(env, "a", "b")
                self.assertEqual(["a", "b"], function_lines(self.loki.entries)[before:])
                self.assertEqual(served, self.aws.served, "each is fetched once")
                self.assertEqual([], self.aws.refused)

    def test_tokens_and_whole_headers_are_fetched_too(self) -> None:
        self.aws.secrets["token"] = "token-word"
        self.aws.secrets["headers"] = json.dumps({"Authorization": "Bearer header-word", "X-Team": "a"})
        env = {**self.env, "LOKI_ENDPOINT": self.loki.url, "LOKI_USERNAME": ""}
        for change, expected in (({"LOKI_AUTH_TOKEN": "secretsmanager:token"}, "Bearer token-word"),
                                 ({"LOKI_API_KEY": "secretsmanager:token"}, "Bearer token-word"),
                                 ({"LOKI_HEADERS": "secretsmanager:headers"}, "Bearer header-word")):
            with self.subTest(change=change):
                self.loki.clear()
                stderr = self.run_lines({**env, **change}, "a")
                self.assertEqual({expected}, {push.headers["authorization"] for push in self.loki.pushes})
                self.assertNotIn("-word", stderr)
        self.assertEqual({"a"}, {push.headers.get("x-team") for push in self.loki.pushes})

    def test_on_snapstart_nothing_is_asked_before_the_restore_and_the_served_keys_sign(self) -> None:
        env = {**self.env, **self.aws.served_keys, "LOKI_PASSWORD": "ssm:/loki/password"}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            env[name] = ""
        with sleipnir(env, timeout_s=15, init_type="snap-start") as lam:
            self.assertIsNone(lam.init())
            self.assertEqual((0, []), (self.aws.keys_asked, self.aws.served))
            lam.invoke(lines=["after the restore"])
            lam.shutdown("spindown")
            self.assert_not_shown(stderr_of(lam))
        self.assertEqual(["after the restore"], function_lines(self.loki.entries))
        self.assertEqual((1, ["ssm:/loki/password"]), (self.aws.keys_asked, self.aws.served))

    def test_a_function_without_references_asks_nobody(self) -> None:
        self.run_lines({"LOKI_PASSWORD": FIRST}, "a")
        self.assertEqual(["a"], function_lines(self.loki.entries))
        self.assertEqual((0, [], []), (self.aws.keys_asked, self.aws.served, self.aws.refused))


class Changed(SecretsCase):
    def test_a_rotated_password_is_fetched_after_one_401_and_nothing_is_lost(self) -> None:
        with sleipnir({**self.env, "LOKI_PASSWORD": "ssm:/loki/password"}, timeout_s=60) as lam:
            lam.invoke(lines=["before"])
            self.assert_soon(lambda: function_lines(self.loki.entries) == ["before"], what="the first one")
            self.aws.parameters["/loki/password"] = SECOND
            self.gateway.set_passwords({"me": SECOND})
            lam.invoke(lines=["behind the rotation 1"])
            lam.invoke(lines=["behind the rotation 2"])
            lam.shutdown("spindown")
            stderr = stderr_of(lam)
        self.assertEqual(["before", "behind the rotation 1", "behind the rotation 2"], function_lines(self.loki.entries))
        self.assertEqual(1, self.gateway.log().count('" 401 '), self.gateway.log())
        self.assertEqual(["ssm:/loki/password"] * 2, self.aws.served)
        self.assertEqual([], ledgers(stderr))
        self.assertIn("fetched again", stderr)
        self.assert_not_shown(stderr)

    def test_a_wrong_password_is_fetched_again_with_each_probe_and_not_more(self) -> None:
        self.aws.parameters["/loki/password"] = SECOND
        with sleipnir({**self.env, "LOKI_PASSWORD": "ssm:/loki/password"}, timeout_s=60) as lam:
            lam.invoke(lines=["a"])
            self.assert_soon(lambda: '" 401 ' in self.gateway.log(), what="the first refusal")
            for _ in range(5):
                lam.invoke(lines=["b"])
            self.assertLessEqual(len(self.aws.served), 2)
            self.aws.parameters["/loki/password"] = FIRST
            # The breaker's first probe comes within 5 s; each invocation is a chance for it.
            for _ in range(60):
                if self.loki.pushes:
                    break
                lam.invoke(lines=["c"], duration_ms=200)
            lam.shutdown("spindown")
            stderr = stderr_of(lam)
        self.assertEqual("a", function_lines(self.loki.entries)[0])
        self.assertEqual([], ledgers(stderr))
        self.assertEqual(self.gateway.log().count('" 401 ') + 1, len(self.aws.served))
        self.assert_not_shown(stderr)


class Frozen(SecretsCase):
    """The environment is frozen, for longer than a request may take, while the secret is fetched."""

    def frozen_while_fetching(self, meanwhile: Callable[[Any], None]) -> str:
        env = {**self.env, "LOKI_PASSWORD": "ssm:/loki/password", "LOKI_REQUEST_TIMEOUT_MS": "1000", "LOKI_FLUSH_BUDGET_MS": "50"}
        self.aws.answering.clear()
        with sleipnir(env, timeout_s=60) as lam:
            lam.invoke(lines=["before the freeze"])
            self.assert_soon(lambda: self.aws.asked == 1, what="the secret is asked for")
            lam.freeze()
            meanwhile(lam)
            lam.invoke(lines=["behind it"], duration_ms=800)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            stderr = stderr_of(lam)
        self.assertEqual(["before the freeze", "behind it"], function_lines(self.loki.entries))
        self.assertEqual([], ledgers(stderr))
        self.assert_not_shown(stderr)
        return stderr

    def test_an_answer_that_came_during_the_freeze_is_used(self) -> None:
        def meanwhile(_: Any) -> None:
            time.sleep(0.5)
            self.aws.answering.set()
            time.sleep(1.5)
        self.assertNotIn("cannot fetch", self.frozen_while_fetching(meanwhile))
        self.assertEqual(1, self.aws.asked)

    def test_an_answer_that_comes_behind_the_freeze_is_waited_for(self) -> None:
        def meanwhile(_: Any) -> None:
            time.sleep(2)
            threading.Timer(0.4, self.aws.answering.set).start()
        self.assertNotIn("cannot fetch", self.frozen_while_fetching(meanwhile))
        self.assertEqual(1, self.aws.asked)


class NotFetched(SecretsCase):
    def kept_until_mended(self, env: Dict[str, str], words: str) -> None:
        """What goes wrong is named, the invocations run on, and at the end what was not delivered is counted."""
        stderr = self.run_lines(env, "a", "b")
        self.assertEqual([], self.loki.pushes)
        self.assertIn(words, stderr)
        self.assertIn("records are kept", stderr)
        self.assertGreaterEqual(ledgers(stderr)[-1]["dropped"]["shutdown"], 2)

    def test_a_secret_that_is_not_there(self) -> None:
        self.kept_until_mended({"LOKI_PASSWORD": "secretsmanager:other"},
                               "LOKI_PASSWORD (other in eu-west-1): ResourceNotFoundException: can't find other")

    def test_a_member_that_is_not_there(self) -> None:
        self.kept_until_mended({"LOKI_PASSWORD": ARN + "#pass"}, "it is no JSON object with the member pass")

    def test_keys_that_may_not_ask(self) -> None:
        self.aws.refusal = (400, {"__type": "AccessDeniedException", "Message": "User: arn:x is not authorized"})
        self.kept_until_mended({"LOKI_PASSWORD": "ssm:/loki/password"}, "AccessDeniedException: User: arn:x is not authorized")

    def test_wrong_keys_are_refused_by_their_signature(self) -> None:
        self.kept_until_mended({"LOKI_PASSWORD": "ssm:/loki/password", "AWS_SECRET_ACCESS_KEY": "x" * 40},
                               "InvalidSignatureException")
        self.assertEqual({"InvalidSignatureException"}, set(self.aws.refused))

    def test_no_keys_at_all(self) -> None:
        self.kept_until_mended({"LOKI_PASSWORD": "ssm:/loki/password", "AWS_ACCESS_KEY_ID": ""}, "there are no AWS credentials")

    def test_an_endpoint_that_nobody_listens_at(self) -> None:
        self.kept_until_mended({"LOKI_PASSWORD": "ssm:/loki/password", "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{free_port()}"},
                               "Connection refused")

    def test_it_is_fetched_later_and_then_everything_arrives(self) -> None:
        self.aws.refusal = (400, {"__type": "ThrottlingException"})
        with sleipnir({**self.env, "LOKI_PASSWORD": "ssm:/loki/password"}, timeout_s=60) as lam:
            lam.invoke(lines=["a"])
            self.assert_soon(lambda: "ThrottlingException" in stderr_of(lam), what="the failure is said")
            self.aws.refusal = None
            # The breaker's first probe comes within 5 s; each invocation is a chance for it.
            count = 1
            while not self.loki.pushes and count < 60:
                lam.invoke(lines=[str(count)], duration_ms=200)
                count += 1
            lam.shutdown("spindown")
        self.assertEqual(["a", *(str(i) for i in range(1, count))], function_lines(self.loki.entries))


class Searched(Case):
    """What every test's extension has said is searched for secrets (support.SearchedLambda); the search finds them."""

    def test_a_secret_in_any_of_its_forms_is_found(self) -> None:
        env = {"LOKI_USERNAME": "me", "LOKI_PASSWORD": "a pass-word", "LOKI_HEADERS": '{"X-Key": "header-word"}',
               "LOKI_CLIENT_KEY": "-----BEGIN KEY-----\nMIGHAgEAMBMG\n-----END KEY-----\n", "LOKI_API_KEY": "ssm:/loki/key"}
        for said in ("is a pass-word.", "Basic bWU6YSBwYXNzLXdvcmQ=", "X-Key: header-word", "MIGHAgEAMBMG"):
            with self.subTest(said), self.assertRaises(AssertionError):
                assert_shows_no_secret(f"sleipnir: {said}\n", env)
        assert_shows_no_secret("sleipnir: LOKI_API_KEY is ssm:/loki/key of me, -----BEGIN KEY-----\n", env)

    def test_what_aws_has_given_out_is_found(self) -> None:
        given_out.append('{"password": "given-word"}')
        self.addCleanup(given_out.pop)
        with self.assertRaises(AssertionError):
            assert_shows_no_secret("sleipnir: given-word\n", {})


class Words(SecretsCase):
    def word(self, *arguments: str, **env: str) -> subprocess.CompletedProcess:
        done = subprocess.run([binary(), *arguments], env={**self.env, **env}, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assert_not_shown(done.stdout + done.stderr)
        return done

    def test_config_shows_the_reference_and_fetches_nothing(self) -> None:
        done = self.word("config", LOKI_PASSWORD=ARN + "#password")
        self.assertIn(f"secret         LOKI_PASSWORD: {ARN}#password, from {self.aws.url}/\n", done.stdout)
        self.assertIn("authorization  Basic, from LOKI_USERNAME and LOKI_PASSWORD", done.stdout)
        self.assertEqual([], self.aws.served)

    def test_config_says_what_a_reference_lacks(self) -> None:
        done = self.word("config", LOKI_PASSWORD="ssm:/loki/password", AWS_REGION="")
        self.assertEqual(1, done.returncode)
        self.assertIn("LOKI_PASSWORD", done.stdout)
        self.assertIn("set AWS_REGION", done.stdout)

    def test_check_has_a_step_for_them(self) -> None:
        done = self.word("check", LOKI_PASSWORD="ssm:/loki/password")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^ok +secrets .*LOKI_PASSWORD")
        done = self.word("check", LOKI_PASSWORD="ssm:/loki/other")
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stdout, r"(?m)^failed +secrets .*ResourceNotFoundException")
        done = self.word("check", LOKI_PASSWORD="secretsmanager:plain", LOKI_USERNAME="somebody")
        self.assertRegex(done.stdout, r"(?m)^failed +push .*401")
        self.assertIn("check LOKI_USERNAME and LOKI_PASSWORD", done.stdout)

    def test_replay_uses_them(self) -> None:
        body = '{"streams":[{"stream":{"source":"lambda"},"values":[["%d","replayed"]]}]}' % __import__("time").time_ns()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.json")
            path.write_text(body)
            done = self.word("replay", str(path), LOKI_PASSWORD="ssm:/loki/password")
        self.assertEqual((0, f"{path}: 1 records sent\n"), (done.returncode, done.stdout), done.stderr)
        self.assertEqual(["replayed"], [entry.line for entry in self.loki.entries])


if __name__ == "__main__":
    unittest.main()
