"""Requests for secrets are signed as a mock of AWS that was written by others verifies it (moto, from PyPI)."""

from __future__ import annotations

import os
import subprocess
import sys
import unittest

import checkers

sys.path.insert(0, str(checkers.ROOT / "tests" / "e2e"))
from support import binary  # noqa: E402 (the path comes first)

# So many calls moto takes from anybody; from then on it wants signatures, and permissions.
SET_UP_CALLS = 5
SET_UP = """
import sys, boto3
client = lambda service: boto3.client(service, endpoint_url=sys.argv[1], region_name="eu-west-1",
                                      aws_access_key_id="x", aws_secret_access_key="x")
iam = client("iam")
iam.create_user(UserName="function")
key = iam.create_access_key(UserName="function")["AccessKey"]
iam.put_user_policy(UserName="function", PolicyName="read", PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": '
                    '"Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameter"], "Resource": "*"}]}')
arn = client("secretsmanager").create_secret(Name="loki", SecretString='{"password": "a word"}')["ARN"]
client("ssm").put_parameter(Name="/loki/password", Value="a word", Type="SecureString")
print(key["AccessKeyId"], key["SecretAccessKey"], arn)
"""


class Signatures(unittest.TestCase):
    def setUp(self) -> None:
        try:
            python = str(checkers.python_programs() / "python")
        except checkers.Unavailable as reason:
            self.skipTest(str(reason))
        server = subprocess.Popen([python, str(checkers.HERE / "aws_mock.py")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True, env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(SET_UP_CALLS)})
        assert server.stdout is not None
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.url = server.stdout.readline().strip()
        done = subprocess.run([python, "-c", SET_UP, self.url], capture_output=True, text=True, timeout=120, check=True)
        self.key_id, self.key, self.arn = done.stdout.split()

    def secrets_step(self, reference: str, key: str) -> str:
        env = {"LOKI_ENDPOINT": "http://127.0.0.1:1", "LOKI_USERNAME": "me", "LOKI_PASSWORD": reference, "AWS_REGION": "eu-west-1",
               "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": key}
        done = subprocess.run([binary(), "check"], env=env, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.splitlines()[1]

    def test_every_kind_of_reference_is_given_out_and_a_wrong_key_is_not(self) -> None:
        for reference in (f"{self.arn}#password", "secretsmanager:loki", "ssm:/loki/password"):
            with self.subTest(reference=reference):
                self.assertRegex(self.secrets_step(reference, self.key), r"^ok +secrets .*fetched LOKI_PASSWORD$")
                self.assertRegex(self.secrets_step(reference, "x" * 40), r"^failed +secrets .*status 403$")


if __name__ == "__main__":
    unittest.main()
