"""A mock of AWS that was written by others (moto, from PyPI), and that verifies signatures and permissions.

    with MotoServer() as aws:         # checkers.Unavailable: it is not to be had here
        ...aws.keys as environment of who may ask: the secret aws.arn, the parameter /loki/password, the bucket logs
        assert list(aws.objects()) == [...]
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import Dict

import checkers

# So many calls moto takes from anybody; from then on it wants signatures, and permissions.
SET_UP_CALLS = 6
CLIENT = """
import base64, json, sys, boto3
def client(service, key="x", secret="x"):
    return boto3.client(service, endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key=secret)
"""
SET_UP = CLIENT + """
iam = client("iam")
iam.create_user(UserName="function")
key = iam.create_access_key(UserName="function")["AccessKey"]
iam.put_user_policy(UserName="function", PolicyName="read", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "ssm:GetParameter"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "s3:ListBucket"], "Resource": "*"}]}))
arn = client("secretsmanager").create_secret(Name="loki", SecretString='{"password": "a word"}')["ARN"]
client("ssm").put_parameter(Name="/loki/password", Value="a word", Type="SecureString")
client("s3").create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
print(key["AccessKeyId"], key["SecretAccessKey"], arn)
"""
OBJECTS = CLIENT + """
s3 = client("s3", *sys.argv[2:4])
names = [one["Key"] for one in s3.list_objects_v2(Bucket="logs").get("Contents", [])]
print(json.dumps({name: base64.b64encode(s3.get_object(Bucket="logs", Key=name)["Body"].read()).decode() for name in names}))
"""


class MotoServer:
    def __init__(self) -> None:
        self._python = str(checkers.python_programs() / "python")

    def __enter__(self) -> "MotoServer":
        self._process = subprocess.Popen([self._python, str(checkers.HERE / "aws_mock.py")], stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, text=True,
                                         env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(SET_UP_CALLS)})
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self.key_id, self.key, self.arn = self._run(SET_UP).split()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def keys(self) -> Dict[str, str]:
        return {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": self.key_id,
                "AWS_SECRET_ACCESS_KEY": self.key, "AWS_SESSION_TOKEN": ""}

    def objects(self) -> Dict[str, bytes]:
        """Of the bucket."""
        found = json.loads(self._run(OBJECTS, self.key_id, self.key))
        return {name: base64.b64decode(body) for name, body in found.items()}

    def _run(self, program: str, *arguments: str) -> str:
        return subprocess.run([self._python, "-c", program, self.url, *arguments], capture_output=True, text=True, timeout=120,
                              check=True).stdout
