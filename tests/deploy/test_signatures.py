"""What is asked of AWS is signed as a mock of it that was written by others verifies it (moto, from PyPI)."""

from __future__ import annotations

import subprocess
import sys
import unittest

import checkers
from moto_server import MotoServer

sys.path.insert(0, str(checkers.ROOT / "tests" / "e2e"))
from support import Case, binary, sleipnir, stderr_of  # noqa: E402 (the path comes first)
from standin import LokiStandin  # noqa: E402


class Signatures(Case):
    def setUp(self) -> None:
        try:
            self.aws = self.opened(MotoServer())
        except checkers.Unavailable as reason:
            self.skipTest(str(reason))

    def secrets_step(self, reference: str, key: str) -> str:
        env = {**self.aws.keys, "LOKI_ENDPOINT": "http://127.0.0.1:1", "LOKI_USERNAME": "me", "LOKI_PASSWORD": reference,
               "AWS_SECRET_ACCESS_KEY": key}
        done = subprocess.run([binary(), "check"], env=env, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.splitlines()[1]

    def test_every_kind_of_reference_is_given_out_and_a_wrong_key_is_not(self) -> None:
        for reference in (f"{self.aws.arn}#password", "secretsmanager:loki", "ssm:/loki/password"):
            with self.subTest(reference=reference):
                self.assertRegex(self.secrets_step(reference, self.aws.key), r"^ok +secrets .*fetched LOKI_PASSWORD$")
                self.assertRegex(self.secrets_step(reference, "x" * 40), r"^failed +secrets .*status 403$")

    def test_a_dead_letter_is_taken_and_one_with_a_wrong_key_or_without_a_bucket_is_not(self) -> None:
        loki = self.opened(LokiStandin())
        for change, words in (({}, ""), ({"AWS_SECRET_ACCESS_KEY": "x" * 40}, "SignatureDoesNotMatch"),
                              ({"LOKI_DEAD_LETTER_S3_URI": "s3://other"}, "NoSuchBucket")):
            with self.subTest(change=change):
                before = len(self.aws.objects())
                env = {"LOKI_ENDPOINT": loki.url, "LOKI_DEAD_LETTER_S3_URI": "s3://logs/lost, or late", **self.aws.keys, **change}
                loki.fault(status=422, times=1)
                with sleipnir(env, timeout_s=15) as lam:
                    lam.invoke(lines=["refused"])
                    lam.shutdown("spindown")
                    stderr = stderr_of(lam)
                self.assertNotIn(self.aws.key, stderr)
                self.assertEqual(not words, "cannot put" not in stderr, stderr)
                self.assertIn(words, stderr)
                self.assertEqual(before if words else before + 1, len(self.aws.objects()))
        self.assertTrue(all(name.startswith("lost, or late/") for name in self.aws.objects()))


if __name__ == "__main__":
    unittest.main()
