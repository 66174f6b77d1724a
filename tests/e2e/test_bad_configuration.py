"""What is configured wrongly gets a line that names the variable and the fix; the function runs on, and we leave in order."""

from __future__ import annotations

import socket
import unittest

from support import Case, function_lines, namespaces_work, sleipnir, stderr_of, with_nameserver
from standin import Authority, FakeDns, LokiStandin, TlsOptions


class BadConfiguration(Case):
    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())

    def run_with(self, env: dict, wrapper=(), invocations: int = 2, timeout_s: float = 5) -> str:
        """Two invocations must succeed and the end be in order; returns what was said."""
        with sleipnir({"LOKI_FLUSH_BUDGET_MS": "200", **env}, timeout_s=timeout_s, wrapper=wrapper) as lam:
            self.assertIsNone(lam.init())
            results = [lam.invoke(lines=[f"line {i}"]) for i in range(invocations)]
            lam.shutdown("spindown")
            self.assertEqual(["success"] * invocations, [result.status for result in results])
            self.assertEqual(0, lam.extension.exit_code)
            self.holds = [result.hold_ms for result in results]
            return stderr_of(lam)

    def assert_said(self, stderr: str, *words: str) -> None:
        """One line has all the words, and every line is ours."""
        lines = stderr.splitlines()
        self.assertTrue(any(all(word in line for word in words) for line in lines), f"{words} not in: {stderr}")
        self.assertTrue(all(line.startswith("sleipnir: ") for line in lines), stderr)

    def test_no_endpoint(self) -> None:
        self.assert_said(self.run_with({}), "LOKI_ENDPOINT", "http")

    def test_an_endpoint_that_is_no_url(self) -> None:
        self.assert_said(self.run_with({"LOKI_ENDPOINT": "http://"}), "LOKI_ENDPOINT")

    def test_an_unknown_scheme(self) -> None:
        self.assert_said(self.run_with({"LOKI_ENDPOINT": "ftp://loki.example"}), "LOKI_ENDPOINT", "ftp", "https")

    def test_labels_that_are_no_json(self) -> None:
        stderr = self.run_with({"LOKI_ENDPOINT": self.loki.url, "LOKI_LABELS": '{"a":'})
        self.assert_said(stderr, "LOKI_LABELS", "JSON object")
        self.assertEqual(["line 0", "line 1"], function_lines(self.loki.entries))

    def test_a_label_name_that_loki_refuses_is_repaired(self) -> None:
        stderr = self.run_with({"LOKI_ENDPOINT": self.loki.url, "LOKI_LABELS": '{"team-name":"a"}'})
        self.assert_said(stderr, "LOKI_LABELS", "team-name", "team_name")
        self.assertEqual("a", self.loki.entries[0].labels["team_name"])

    def test_a_number_that_is_none(self) -> None:
        stderr = self.run_with({"LOKI_ENDPOINT": self.loki.url, "LOKI_MAX_RETRIES": "many"})
        self.assert_said(stderr, "LOKI_MAX_RETRIES", "many")
        self.assertEqual(["line 0", "line 1"], function_lines(self.loki.entries))

    def test_a_token_with_a_line_break_is_not_sent_and_not_shown(self) -> None:
        stderr = self.run_with({"LOKI_ENDPOINT": self.loki.url, "LOKI_AUTH_TOKEN": "sesame\r\nX-Evil: 1"})
        self.assert_said(stderr, "LOKI_AUTH_TOKEN")
        self.assertNotIn("sesame", stderr)
        for push in self.loki.pushes:
            self.assertNotIn("authorization", push.headers)
            self.assertNotIn("x-evil", push.headers)

    def test_a_ca_file_that_is_missing(self) -> None:
        authority = Authority()
        pair = authority.server()
        loki = self.opened(LokiStandin(tls=TlsOptions(pair.cert_file, pair.key_file)))
        stderr = self.run_with({"LOKI_ENDPOINT": f"https://localhost:{loki.port}", "LOKI_CA_FILE": "/nowhere/ca.pem"})
        self.assert_said(stderr, "LOKI_CA_FILE", "/nowhere/ca.pem")
        self.assertEqual([], loki.pushes)

    def test_a_port_that_is_taken_is_replaced_by_another(self) -> None:
        with socket.create_server(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            stderr = self.run_with({"LOKI_ENDPOINT": self.loki.url, "LOKI_LISTENER_PORT": str(port)})
        self.assert_said(stderr, "LOKI_LISTENER_PORT", str(port))
        self.assertEqual(["line 0", "line 1"], function_lines(self.loki.entries))

    @unittest.skipUnless(namespaces_work(), "mount namespaces cannot be made here")
    def test_a_host_that_does_not_exist(self) -> None:
        with FakeDns({}, host="127.0.0.53", port=53):
            stderr = self.run_with({"LOKI_ENDPOINT": "http://loki.nowhere.example:3100"},
                                   wrapper=with_nameserver("127.0.0.53"))
        self.assert_said(stderr, "LOKI_ENDPOINT", "loki.nowhere.example")

    @unittest.skipUnless(namespaces_work(), "mount namespaces cannot be made here")
    def test_a_dns_server_that_never_answers_holds_nobody(self) -> None:
        with FakeDns({}, silent=True, host="127.0.0.54", port=53):
            stderr = self.run_with({"LOKI_ENDPOINT": "http://loki.nowhere.example:3100"},
                                   wrapper=with_nameserver("127.0.0.54"), invocations=4)
        # The first flush of an environment may take twice the budget, the later ones are not held: the breaker is open.
        self.assertLess(self.holds[0], 2 * 200 + 100)
        self.assertLess(sum(self.holds[1:]), 100, self.holds)
        self.assert_said(stderr, "LOKI_ENDPOINT", "loki.nowhere.example")

    def test_a_disabled_extension_holds_nobody_and_ships_nothing(self) -> None:
        with sleipnir({"LOKI_ENDPOINT": self.loki.url, "LOKI_EXTENSION_ENABLED": "false"}, timeout_s=5) as lam:
            self.assertIsNone(lam.init())
            self.assertEqual("success", lam.invoke(lines=["x"]).status)
            lam.shutdown("spindown")
        self.assertEqual([], self.loki.pushes)

    def test_strict_fails_the_init_instead(self) -> None:
        with sleipnir({"LOKI_STRICT": "true"}, timeout_s=5) as lam:
            self.assertIsNotNone(lam.init())
            self.assertIn("LOKI_ENDPOINT", stderr_of(lam))


if __name__ == "__main__":
    unittest.main()
