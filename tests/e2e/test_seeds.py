"""The variable sets of the extensions Sleipnir replaces: with just those it starts and delivers.

What is expected (URL, authorization, tenant, labels) is written down from what each of them does with its variables,
not from our own table.
"""

from __future__ import annotations

import base64
import unittest

from support import Case, function_lines, sleipnir, stderr_of
from standin import LokiStandin


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Seeds(Case):
    def deliver(self, env: dict, path: str = "/loki/api/v1/push", loki: LokiStandin = None):
        """Runs two invocations with `env`; returns the first push and the labels of what arrived."""
        self.loki = loki or self.loki
        with sleipnir(env, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            lam.invoke(lines=["one"])
            lam.invoke(lines=["two"])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            self.stderr = stderr_of(lam)
        self.assertEqual(["one", "two"], function_lines(self.loki.entries))
        pushes = self.loki.pushes
        self.assertEqual({path}, {push.path for push in pushes})
        labels = [dict(entry.labels) for entry in self.loki.entries]
        self.assertTrue(all(each == labels[0] for each in labels))
        return pushes[0], labels[0]

    def setUp(self) -> None:
        self.loki = self.opened(LokiStandin())

    def test_lambdawatch_with_basic_authorization_and_tenant(self) -> None:
        push, labels = self.deliver({
            "LOKI_URL": self.loki.url + "/loki/api/v1/push", "LOKI_USERNAME": "12345", "LOKI_PASSWORD": "glc_secret",
            "LOKI_TENANT_ID": "team-a", "LOKI_BATCH_SIZE": "100", "LOKI_MAX_BATCH_SIZE_BYTES": "1048576",
            "LOKI_FLUSH_INTERVAL_MS": "1000", "LOKI_IDLE_FLUSH_MULTIPLIER": "3", "LOKI_MAX_RETRIES": "3",
            "LOKI_CRITICAL_FLUSH_RETRIES": "5", "LOKI_ENABLE_GZIP": "true", "LOKI_COMPRESSION_THRESHOLD": "1024",
            "BUFFER_SIZE": "10000", "LOKI_MAX_LINE_SIZE": "204800", "LOKI_EXTRACT_REQUEST_ID": "true",
            "LOKI_LABELS": '{"env":"prod","team":"shop"}', "SERVICE_NAME": "orders-api"})
        self.assertEqual(basic("12345", "glc_secret"), push.headers["authorization"])
        self.assertEqual("team-a", push.headers["x-scope-orgid"])
        self.assertEqual("prod", labels["env"])
        self.assertEqual("shop", labels["team"])
        self.assertEqual("orders-api", labels["service_name"])
        self.assertEqual("lambda", labels["source"])
        self.assertIn("function_name", labels)
        self.assertIn("function_version", labels)
        self.assertIn("region", labels)

    def test_lambdawatch_api_key_is_a_bearer_token_and_wins_over_basic(self) -> None:
        push, _ = self.deliver({
            "LOKI_URL": self.loki.url + "/loki/api/v1/push", "LOKI_USERNAME": "u", "LOKI_PASSWORD": "p",
            "LOKI_API_KEY": "the-key"})
        self.assertEqual("Bearer the-key", push.headers["authorization"])

    def test_railflow_user_and_api_key_are_basic_authorization(self) -> None:
        # It builds https://user:key@host/loki/api/v1/push from LOKI_HOST; a URL with a scheme serves to test it here.
        push, _ = self.deliver({
            "LOKI_HOST": self.loki.url, "LOKI_USER": "12345", "LOKI_API_KEY": "railkey", "SESSION_UUID": "s-1",
            "DISPATCH_MIN_BATCH_SIZE": "1"})
        self.assertEqual(basic("12345", "railkey"), push.headers["authorization"])

    def test_loafoe_push_endpoint_and_comma_separated_labels(self) -> None:
        push, labels = self.deliver({
            "LOKI_PUSH_ENDPOINT": self.loki.url + "/loki/api/v1/push", "LOKI_USERNAME": "u1", "LOKI_PASSWORD": "p1",
            "LOKI_LOG_LABELS": "team=shop,stage=test", "LOKI_EXTENSION_ENABLED": "true"})
        self.assertEqual(basic("u1", "p1"), push.headers["authorization"])
        self.assertEqual("shop", labels["team"])
        self.assertEqual("test", labels["stage"])

    def test_jaeminst_base_url_and_auth_token(self) -> None:
        # It appends /loki/api/v1/push to LOKI_PUSH_URL and sends the token as Bearer.
        push, _ = self.deliver({"LOKI_PUSH_URL": self.loki.url, "LOKI_AUTH_TOKEN": "tok-1"})
        self.assertEqual("Bearer tok-1", push.headers["authorization"])

    def test_megaproaktiv_ip_with_port_and_otel_labels(self) -> None:
        # LOKI_IP is a base URL there; OTEL_LABEL_* become labels, lower-cased.
        push, labels = self.deliver({
            "LOKI_IP": self.loki.url, "DISPATCH_MIN_BATCH_SIZE": "1", "OTEL_LABEL_STAGE": "dev",
            "OTEL_LABEL_COST_CENTER": "4711"})
        self.assertNotIn("authorization", push.headers)
        self.assertEqual("lambda", labels["source"])
        self.assertEqual("dev", labels["stage"])
        self.assertEqual("4711", labels["cost_center"])

    def test_danalock_endpoint_labels_and_bearer(self) -> None:
        push, labels = self.deliver({
            "LOKI_ENDPOINT_URL": self.loki.url, "LOKI_APPLICATION_LABEL": "locks", "LOKI_ENV_LABEL": "prod",
            "LOKI_BEARER_TOKEN": "bt", "LOKI_EXTRA_LABELS": "owner,ops,tier,1"})
        self.assertEqual("Bearer bt", push.headers["authorization"])
        self.assertEqual("locks", labels["application"])
        self.assertEqual("prod", labels["environment"])
        self.assertEqual("ops", labels["owner"])
        self.assertEqual("1", labels["tier"])

    def test_a_path_that_ends_in_push_is_used_as_it_is(self) -> None:
        gateway = self.opened(LokiStandin(prefix="/tenants/a"))
        self.deliver({"LOKI_ENDPOINT": gateway.push_url},
                     path="/tenants/a/loki/api/v1/push", loki=gateway)

    def test_the_legacy_path_becomes_the_current_one(self) -> None:
        self.deliver({"LOKI_ENDPOINT": self.loki.url + "/api/prom/push"})


if __name__ == "__main__":
    unittest.main()
