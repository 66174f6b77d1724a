"""https: a private CA, both versions of TLS; what must not be trusted is refused, and nothing is sent to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Dict

from support import Case, binary, function_lines, sleipnir, stderr_of
from gateway import Gateway
from standin import Authority, LokiStandin, TlsOptions
from standin.aws import AwsStandin


class HttpsCase(Case):
    @classmethod
    def setUpClass(cls) -> None:
        cls.authority = Authority()
        cls.stranger = Authority(name="Somebody Else")

    def serve(self, pair, **options) -> LokiStandin:
        return self.opened(LokiStandin(tls=TlsOptions(pair.cert_file, pair.key_file, **options)))

    def run_one(self, env: dict):
        with sleipnir({"LOKI_FLUSH_BUDGET_MS": "1500", **env}, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            result = lam.invoke(lines=["over tls"])
            lam.shutdown("spindown")
            self.assertEqual("success", result.status)
            self.assertEqual(0, lam.extension.exit_code)
            return stderr_of(lam)


class Https(HttpsCase):
    def test_tls_1_2_and_1_3_with_a_private_ca(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                loki = self.serve(self.authority.server(), minimum=version, maximum=version)
                stderr = self.run_one({"LOKI_ENDPOINT": f"https://localhost:{loki.port}",
                                       "LOKI_CA_FILE": self.authority.cert_file})
                self.assertEqual("", stderr)
                self.assertEqual(["over tls"], function_lines(loki.entries))
                self.assertEqual({"TLSv" + version}, {push.tls for push in loki.pushes})

    def test_a_ca_in_the_variable(self) -> None:
        loki = self.serve(self.authority.server())
        self.run_one({"LOKI_ENDPOINT": f"https://127.0.0.1:{loki.port}", "LOKI_CA_PEM": self.authority.pem})
        self.assertEqual(["over tls"], function_lines(loki.entries))

    def test_an_unknown_ca_is_refused_and_nothing_is_sent(self) -> None:
        loki = self.serve(self.stranger.server())
        stderr = self.run_one({"LOKI_ENDPOINT": f"https://localhost:{loki.port}",
                               "LOKI_CA_FILE": self.authority.cert_file})
        self.assertEqual([], loki.pushes)
        self.assertIn("LOKI_CA_FILE", stderr)

    def test_a_wrong_host_name_is_refused_and_nothing_is_sent(self) -> None:
        loki = self.serve(self.authority.server("other.example", ips=()))
        stderr = self.run_one({"LOKI_ENDPOINT": f"https://localhost:{loki.port}",
                               "LOKI_CA_FILE": self.authority.cert_file})
        self.assertEqual([], loki.pushes)
        self.assertIn("LOKI_TLS_SERVER_NAME", stderr)
        self.assertIn("other.example", stderr)

    def test_an_expired_certificate_is_refused_and_nothing_is_sent(self) -> None:
        loki = self.serve(self.authority.server(expired=True))
        stderr = self.run_one({"LOKI_ENDPOINT": f"https://localhost:{loki.port}",
                               "LOKI_CA_FILE": self.authority.cert_file})
        self.assertEqual([], loki.pushes)
        self.assertIn("expired", stderr)

    def test_the_server_name_can_be_set(self) -> None:
        loki = self.serve(self.authority.server("loki.internal", ips=()))
        self.run_one({"LOKI_ENDPOINT": f"https://127.0.0.1:{loki.port}", "LOKI_CA_FILE": self.authority.cert_file,
                      "LOKI_TLS_SERVER_NAME": "loki.internal"})
        self.assertEqual(["over tls"], function_lines(loki.entries))

    def test_one_handshake_serves_many_invocations(self) -> None:
        loki = self.serve(self.authority.server())
        with sleipnir({"LOKI_ENDPOINT": f"https://localhost:{loki.port}",
                       "LOKI_CA_FILE": self.authority.cert_file, "LOKI_FLUSH_BUDGET_MS": "1500"}, timeout_s=10) as lam:
            for i in range(5):
                lam.invoke(lines=[str(i)])
            lam.shutdown("spindown")
        self.assertEqual(1, loki.handshakes)
        self.assertEqual([str(i) for i in range(5)], function_lines(loki.entries))

    def test_a_session_is_resumed_after_the_connection_was_lost(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                loki = self.serve(self.authority.server(), minimum=version, maximum=version)
                with sleipnir({"LOKI_ENDPOINT": f"https://localhost:{loki.port}", "LOKI_FLUSH_BUDGET_MS": "1500",
                               "LOKI_CA_FILE": self.authority.cert_file}, timeout_s=10) as lam:
                    lam.invoke(lines=["a"])
                    lam.freeze()
                    loki.kill_connections()
                    lam.thaw()
                    lam.invoke(lines=["b"])
                    lam.shutdown("spindown")
                self.assertEqual(["a", "b"], function_lines(loki.entries))
                self.assertGreaterEqual(loki.resumptions, 1)

    def test_plain_http_to_a_gateway_s_tls_port_keeps_everything_and_names_it(self) -> None:
        loki = self.opened(LokiStandin())
        gateway = self.opened(Gateway(loki.url, pair=self.authority.server()))
        spool = tempfile.mkdtemp(prefix="sleipnir-https-", dir="/var/tmp")
        self.addCleanup(shutil.rmtree, spool, True)
        env = {"LOKI_CA_FILE": self.authority.cert_file, "LOKI_SPOOL_DIR": spool}
        stderr = self.run_one({**env, "LOKI_ENDPOINT": f"http://127.0.0.1:{gateway.port}"})
        self.assertIn("Loki answered 400: ", stderr)
        self.assertIn("The plain HTTP request was sent to HTTPS port", stderr)
        self.assertIn("nothing is dropped, but nothing gets through either", stderr)
        self.assertNotIn('"rejected"', stderr)
        self.run_one({**env, "LOKI_ENDPOINT": f"https://127.0.0.1:{gateway.port}"})
        self.assertEqual(["over tls"] * 2, function_lines(loki.entries))

    def test_mutual_tls(self) -> None:
        client = self.authority.client()
        loki = self.serve(self.authority.server(), client_ca_file=self.authority.cert_file)
        env = {"LOKI_ENDPOINT": f"https://localhost:{loki.port}", "LOKI_CA_FILE": self.authority.cert_file}
        self.run_one(env)
        self.assertEqual([], loki.pushes)
        self.run_one({**env, "LOKI_CLIENT_CERT_FILE": client.cert_file, "LOKI_CLIENT_KEY_FILE": client.key_file})
        self.assertEqual(["over tls"], function_lines(loki.entries))


class Identity(HttpsCase):
    """Certificate and key in the variables, or fetched; nginx wants to see them, and a password too."""

    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())
        self.gateway = self.opened(Gateway(self.loki.url, pair=self.authority.server(), client_ca_file=self.authority.cert_file,
                                           passwords={"me": "pass-word"}))
        self.env = {"LOKI_ENDPOINT": f"https://localhost:{self.gateway.port}", "LOKI_CA_FILE": self.authority.cert_file,
                    "LOKI_USERNAME": "me", "LOKI_PASSWORD": "pass-word", "LOKI_LOG_LEVEL": "debug"}
        client = self.authority.client()
        self.certificate, self.key = (Path(path).read_text() for path in (client.cert_file, client.key_file))
        self.files = {"LOKI_CLIENT_CERT_FILE": client.cert_file, "LOKI_CLIENT_KEY_FILE": client.key_file}

    def assert_arrives(self, env: Dict[str, str]) -> None:
        before = len(self.loki.pushes)
        stderr = self.run_one({**self.env, **env})
        self.assertGreater(len(self.loki.pushes), before, stderr)
        self.assert_not_shown(stderr)
        done = subprocess.run([binary(), "config"], env={**self.env, **env}, capture_output=True, text=True, timeout=60, check=False)
        self.assert_not_shown(done.stdout + done.stderr)
        self.assertEqual(0, done.returncode, done.stdout)
        done = subprocess.run([binary(), "check"], env={**self.env, **env}, capture_output=True, text=True, timeout=60, check=False)
        self.assert_not_shown(done.stdout + done.stderr)
        self.assertEqual(0, done.returncode, done.stdout)

    def assert_not_shown(self, text: str) -> None:
        for line in [*self.key.splitlines()[1:-1], "pass-word"]:
            self.assertNotIn(line, text)

    def test_a_gateway_with_client_certificates_and_a_password(self) -> None:
        self.assert_arrives(self.files)
        stderr = self.run_one(self.env)
        self.assertIn("No required SSL certificate was sent", stderr)

    def test_certificate_and_key_in_the_variables(self) -> None:
        self.assert_arrives({"LOKI_CLIENT_CERT": self.certificate, "LOKI_CLIENT_KEY": self.key})
        self.assert_arrives({"LOKI_CLIENT_CERT": self.certificate.replace("\n", "\\n"),
                             "LOKI_CLIENT_KEY": self.key.replace("\n", "\\n")})
        self.assert_arrives({"LOKI_CLIENT_CERT_FILE": self.files["LOKI_CLIENT_CERT_FILE"], "LOKI_CLIENT_KEY": self.key})

    def test_certificate_and_key_of_a_secret(self) -> None:
        aws = self.opened(AwsStandin())
        aws.secrets["gateway"] = json.dumps({"certificate": self.certificate, "key": self.key})
        aws.parameters["/loki/key"] = self.key
        self.assert_arrives({**aws.keys, "LOKI_CLIENT_CERT": "secretsmanager:gateway#certificate",
                             "LOKI_CLIENT_KEY": "secretsmanager:gateway#key"})
        self.assert_arrives({**aws.keys, "LOKI_CLIENT_CERT_FILE": self.files["LOKI_CLIENT_CERT_FILE"],
                             "LOKI_CLIENT_KEY": "ssm:/loki/key"})

    def test_what_is_no_key_is_said_and_not_shown(self) -> None:
        stderr = self.run_one({**self.env, "LOKI_CLIENT_CERT": self.certificate, "LOKI_CLIENT_KEY": self.key[:100]})
        self.assertIn("LOKI_CLIENT_KEY: no private key in it", stderr)
        self.assert_not_shown(stderr)


if __name__ == "__main__":
    unittest.main()
