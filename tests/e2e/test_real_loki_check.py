"""`sleipnir check` against Loki itself and whatever stands in its way: each step says ok, or what to change."""

from __future__ import annotations

import json
import re
import subprocess
import unittest
from pathlib import Path
from typing import Any, Dict

from support import ROOT, Case, binary
from emulator.config import free_port
from gateway import Gateway
from standin import Authority, LokiStandin

from real_loki import LokiUnavailable, RealLoki

# Goes past no proxy and reaches the loopback listeners all the same.
UNSPECIFIC = "0.0.0.0"
STEPS = ["configuration", "secrets", "name", "connection", "proxy", "tls", "push", "metadata"]


class Checked:
    """What `sleipnir check --json` said."""

    def __init__(self, env: Dict[str, str]) -> None:
        done = subprocess.run([binary(), "check", "--json"], env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)
        self.exit_code = done.returncode
        self.stderr = done.stderr
        self.text = done.stdout
        self.report: Dict[str, Any] = json.loads(done.stdout)
        self.steps: Dict[str, Dict[str, Any]] = {step["step"]: step for step in self.report["steps"]}

    def results(self) -> Dict[str, str]:
        return {name: step["result"] for name, step in self.steps.items()}


class CheckCase(Case):
    loki: RealLoki

    @classmethod
    def setUpClass(cls) -> None:
        try:
            cls.loki = RealLoki().start()
        except LokiUnavailable as reason:
            raise unittest.SkipTest(f"REAL LOKI NOT AVAILABLE: {reason}") from None
        cls.addClassCleanup(cls.loki.stop)
        cls.authority = Authority()

    def passes(self, env: Dict[str, str]) -> Checked:
        checked = Checked(env)
        self.assertEqual((0, True, ""), (checked.exit_code, checked.report["ok"], checked.stderr), checked.text)
        self.assertEqual(STEPS, list(checked.steps))
        return checked

    def fails_at(self, step: str, env: Dict[str, str], *words: str) -> Checked:
        """What to change has all of the words in it; later steps were not tried, earlier ones did not fail."""
        checked = Checked(env)
        self.assertEqual((1, False, ""), (checked.exit_code, checked.report["ok"], checked.stderr), checked.text)
        self.assertEqual(STEPS, list(checked.steps))
        results = checked.results()
        self.assertEqual([step], [name for name, result in results.items() if result == "failed"], checked.text)
        for later in STEPS[STEPS.index(step) + 1:]:
            self.assertEqual("skipped", results[later])
        said = checked.steps[step]["found"] + " -> " + checked.steps[step]["fix"]
        for word in words:
            self.assertIn(word, said)
        return checked


class Reached(CheckCase):
    def test_a_line_gets_to_loki_and_is_found_where_it_says(self) -> None:
        checked = self.passes({"LOKI_ENDPOINT": self.loki.url, "SERVICE_NAME": "shop", "LOKI_LABELS": '{"team":"a\\"b"}'})
        selector = re.search(r"\{.*\}", checked.steps["push"]["found"])
        assert selector is not None
        found = self.loki.wait_for(selector[0], 1)
        self.assertEqual(["sleipnir check: this line came through"], [entry.line for entry in found])
        self.assertEqual("shop", found[0].labels["service_name"])
        self.assertEqual("extension", found[0].metadata["log_type"])

    def test_through_a_tls_gateway_with_a_password(self) -> None:
        gateway = self.opened(Gateway(self.loki.url, pair=self.authority.server(), passwords={"me": "secret-word"}))
        checked = self.passes({"LOKI_URL": f"https://localhost:{gateway.port}", "LOKI_CA_FILE": self.authority.cert_file,
                               "LOKI_USERNAME": "me", "LOKI_PASSWORD": "secret-word"})
        self.assertEqual({"ok"}, {checked.steps[name]["result"] for name in STEPS if name not in ("secrets", "proxy")})
        self.assertRegex(checked.steps["tls"]["found"], r"TLSv1\.[23], TLS.*, certificate for localhost, 127\.0\.0\.1 until 20")
        self.assertNotIn("secret-word", checked.text)

    def test_a_tenant_is_told_apart_by_its_name(self) -> None:
        with RealLoki(auth_enabled=True) as tenants:
            self.fails_at("push", {"LOKI_ENDPOINT": tenants.url}, "401: no org id", "LOKI_TENANT_ID")
            self.passes({"LOKI_ENDPOINT": tenants.url, "LOKI_TENANT_ID": "team-a"})
            self.assertEqual(1, tenants.count('{source="lambda"}', tenant="team-a"))

    def test_metadata_that_loki_refuses_is_a_warning(self) -> None:
        with RealLoki(limits={"allow_structured_metadata": False, "discover_log_levels": False}) as old:
            checked = self.passes({"LOKI_ENDPOINT": old.url})
            self.assertEqual("ok", checked.steps["push"]["result"])
            self.assertEqual("warning", checked.steps["metadata"]["result"])
            self.assertIn("LOKI_STRUCTURED_METADATA=false", checked.steps["metadata"]["fix"])
            checked = self.passes({"LOKI_ENDPOINT": old.url, "LOKI_STRUCTURED_METADATA": "false"})
            self.assertEqual("skipped", checked.steps["metadata"]["result"])

    def test_a_limit_of_loki_is_named_in_its_own_words(self) -> None:
        limits = {"enforced_labels": ["team"]}
        with RealLoki(limits=limits) as strict:
            self.fails_at("push", {"LOKI_ENDPOINT": strict.url}, "missing required labels", "LOKI_LABELS")
            self.passes({"LOKI_ENDPOINT": strict.url, "LOKI_LABELS": '{"team":"a"}'})


class NotReached(CheckCase):
    def test_nothing_configured(self) -> None:
        self.fails_at("configuration", {}, "LOKI_ENDPOINT is not set")
        self.fails_at("configuration", {"LOKI_ENDPOINT": self.loki.url, "LOKI_EXTENSION_ENABLED": "false"},
                      "LOKI_EXTENSION_ENABLED=false")

    def test_a_name_that_does_not_exist(self) -> None:
        self.fails_at("name", {"LOKI_URL": "https://loki.invalid"}, "loki.invalid", "correct the host in LOKI_URL")

    def test_a_wrong_port(self) -> None:
        self.fails_at("connection", {"LOKI_ENDPOINT": f"http://127.0.0.1:{free_port()}"}, "refused", "port in LOKI_ENDPOINT")

    def test_a_host_that_does_not_answer(self) -> None:
        from standin import FullBacklog
        silent = self.opened(FullBacklog())
        self.fails_at("connection", {"LOKI_ENDPOINT": f"http://127.0.0.1:{silent.port}", "LOKI_CONNECT_TIMEOUT_MS": "300"},
                      "within 300 ms (LOKI_CONNECT_TIMEOUT_MS)", "firewalls")

    def test_a_proxy_that_is_not_there_is_named(self) -> None:
        self.fails_at("connection", {"LOKI_ENDPOINT": f"https://{UNSPECIFIC}:1", "HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"},
                      "port in HTTPS_PROXY")

    def test_a_proxy_that_is_none(self) -> None:
        port = self.loki.url.rpartition(":")[2]
        self.fails_at("proxy", {"LOKI_ENDPOINT": f"http://{UNSPECIFIC}:{port}", "LOKI_PROXY": self.loki.url},
                      "the proxy answered 301", "check LOKI_PROXY")


class TlsRefused(CheckCase):
    def gateway(self, pair: Any) -> Dict[str, str]:
        gateway = self.opened(Gateway(self.loki.url, pair=pair))
        return {"LOKI_ENDPOINT": f"https://localhost:{gateway.port}", "LOKI_CA_FILE": self.authority.cert_file}

    def test_an_unknown_ca(self) -> None:
        env = self.gateway(Authority(name="Somebody Else").server())
        self.fails_at("tls", env, "signed by an authority that is not trusted here", "Somebody Else", "LOKI_CA_FILE")

    def test_a_wrong_name(self) -> None:
        env = self.gateway(self.authority.server("other.example", ips=()))
        self.fails_at("tls", env, "the certificate is for other.example, not for localhost", "LOKI_TLS_SERVER_NAME")
        self.passes({**env, "LOKI_TLS_SERVER_NAME": "other.example"})

    def test_an_expired_certificate(self) -> None:
        self.fails_at("tls", self.gateway(self.authority.server(expired=True)), "expired on", "needs a new one")

    def test_https_where_http_is_spoken(self) -> None:
        self.fails_at("tls", {"LOKI_ENDPOINT": self.loki.url.replace("http:", "https:")}, "not TLS", "plain http")

    def test_http_where_https_is_spoken(self) -> None:
        env = self.gateway(self.authority.server())
        self.fails_at("push", {"LOKI_ENDPOINT": env["LOKI_ENDPOINT"].replace("https:", "http:")}, "400", "put https:// into the URL")

    def test_a_ca_file_that_is_not_there(self) -> None:
        self.fails_at("tls", {**self.gateway(self.authority.server()), "LOKI_CA_FILE": "/nowhere/ca.pem"}, "/nowhere/ca.pem",
                      "correct LOKI_CA_FILE")

    def test_a_client_certificate_is_asked_for(self) -> None:
        gateway = self.opened(Gateway(self.loki.url, pair=self.authority.server(), client_ca_file=self.authority.cert_file))
        env = {"LOKI_ENDPOINT": f"https://localhost:{gateway.port}", "LOKI_CA_FILE": self.authority.cert_file}
        # nginx ends the handshake well and answers 400.
        self.fails_at("push", env, "400", "LOKI_CLIENT_CERT_FILE")
        client = self.authority.client()
        self.passes({**env, "LOKI_CLIENT_CERT_FILE": client.cert_file, "LOKI_CLIENT_KEY_FILE": client.key_file})


class PushRefused(CheckCase):
    def test_a_gateway_that_wants_credentials(self) -> None:
        gateway = self.opened(Gateway(self.loki.url, passwords={"me": "secret-word"}))
        env = {"LOKI_ENDPOINT": f"http://127.0.0.1:{gateway.port}"}
        self.fails_at("push", env, "401", "no credentials were sent", "LOKI_USERNAME")
        wrong = {**env, "LOKI_USER": "me", "LOKI_API_KEY": "wrong-word"}
        checked = self.fails_at("push", wrong, "401", "check LOKI_USER and LOKI_API_KEY")
        self.assertNotIn("wrong-word", checked.text)
        self.passes({**env, "LOKI_USER": "me", "LOKI_API_KEY": "secret-word"})

    def test_a_wrong_path(self) -> None:
        self.fails_at("push", {"LOKI_ENDPOINT": self.loki.url + "/logs"}, "404", "LOKI_ENDPOINT leads to the path "
                      "/logs/loki/api/v1/push", "Loki itself has /loki/api/v1/push")

    def test_a_redirection_names_where_to(self) -> None:
        gateway = self.opened(Gateway(self.loki.url, lines=("return 301 https://elsewhere.example$request_uri;",)))
        self.fails_at("push", {"LOKI_ENDPOINT": f"http://127.0.0.1:{gateway.port}"}, "301",
                      "redirecting to https://elsewhere.example/loki/api/v1/push", "redirects are not followed")

    def test_a_web_page(self) -> None:
        gateway = self.opened(Gateway(self.loki.url, lines=("default_type text/html;", "return 200 '<html>Log in</html>';")))
        self.fails_at("push", {"LOKI_ENDPOINT": f"http://127.0.0.1:{gateway.port}"}, "a web page", "login page")

    def test_a_gateway_without_loki_behind_it(self) -> None:
        gateway = self.opened(Gateway(f"http://127.0.0.1:{free_port()}"))
        self.fails_at("push", {"LOKI_ENDPOINT": f"http://127.0.0.1:{gateway.port}"}, "502", "nobody is at home")

    def test_an_answer_that_does_not_come(self) -> None:
        loki = self.opened(LokiStandin())
        loki.fault("black_hole")
        self.fails_at("push", {"LOKI_ENDPOINT": loki.url, "LOKI_REQUEST_TIMEOUT_MS": "300"}, "no answer in time")


class ForPeople(CheckCase):
    def test_the_readme_shows_what_it_prints(self) -> None:
        """The section's two samples, with the ports, dates and times of this run put in the place of theirs."""
        section = (ROOT / "README.md").read_text().split("## `sleipnir check`")[1].split("\n## ")[0]
        samples = [block.strip("\n") for block in re.findall(r"```\n(\$.*?)```", section, re.S)]
        self.assertEqual(2, len(samples))
        gateway = self.opened(Gateway(self.loki.url, pair=self.authority.server("localhost", ips=()), passwords={"me": "secret-word"}))
        env = {"LOKI_ENDPOINT": f"https://localhost:{gateway.port}", "LOKI_CA_FILE": self.authority.cert_file,
               "LOKI_USERNAME": "me", "LOKI_PASSWORD": "secret-word", "AWS_LAMBDA_FUNCTION_NAME": "orders"}
        for sample, change in zip(samples, ({}, {"LOKI_PASSWORD": "wrong-word"})):
            done = subprocess.run([binary(), "check"], env={**env, **change}, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(1 if change else 0, done.returncode)
            shown = sample.partition("\n")[2] + "\n"
            self.assertEqual(self.normal(shown), self.normal(done.stdout))

    @staticmethod
    def normal(text: str) -> str:
        text = text.replace("loki.example.com", "localhost").replace("192.0.2.7", "127.0.0.1")
        text = re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1", text)
        text = re.sub(r"TLSv1\.\d, [A-Z0-9-]+", "VERSION, CIPHER", text)
        text = re.sub(r"until [-0-9: ]+UTC", "until DATE", text)
        return re.sub(r" +\d+\.\d ms", " TIME", text)

    def test_an_unknown_word_behind_it_is_answered_with_the_usage(self) -> None:
        done = subprocess.run([binary(), "check", "--jason"], env={}, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((2, "", "usage: sleipnir check [--json]\n"), (done.returncode, done.stdout, done.stderr))


if __name__ == "__main__":
    unittest.main()
