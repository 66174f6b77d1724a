"""Through a real proxy (tinyproxy) by CONNECT: http and https, with a password, and what is said when it refuses."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from support import Case, function_lines, sleipnir, stderr_of
from standin import Authority, LokiStandin, TlsOptions

# A loopback address would go past every proxy; this one reaches the same listener and does not look like one.
HOST = "0.0.0.0"


@unittest.skipUnless(shutil.which("tinyproxy"), "no tinyproxy here")
class Proxy(Case):
    def proxy(self, *lines: str) -> int:
        """A tinyproxy of its own; its port. What it logged is in self.proxy_log()."""
        self.folder = tempfile.mkdtemp(prefix="sleipnir-proxy-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = os.path.join(self.folder, "tinyproxy.conf")
        with open(settings, "w") as file:
            file.write("\n".join([f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 20", "LogLevel Connect",
                                  f'LogFile "{self.folder}/log"', *lines, ""]))
        process = subprocess.Popen(["tinyproxy", "-d", "-c", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        self.assert_soon(listens, what="tinyproxy listens")
        return port

    def proxy_log(self) -> str:
        with open(os.path.join(self.folder, "log")) as file:
            return file.read()

    def run_one(self, env: dict) -> str:
        with sleipnir({"LOKI_FLUSH_BUDGET_MS": "1500", **env}, timeout_s=10) as lam:
            self.assertIsNone(lam.init())
            self.assertEqual("success", lam.invoke(lines=["through the proxy"]).status)
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
            return stderr_of(lam)

    def test_https_goes_through_the_tunnel_with_a_password(self) -> None:
        authority = Authority()
        pair = authority.server("localhost", [HOST, "127.0.0.1"])
        loki = self.opened(LokiStandin(tls=TlsOptions(pair.cert_file, pair.key_file)))
        port = self.proxy("BasicAuth somebody pass-word")
        stderr = self.run_one({"LOKI_ENDPOINT": f"https://{HOST}:{loki.port}", "LOKI_CA_FILE": authority.cert_file,
                               "HTTPS_PROXY": f"http://somebody:pass-word@127.0.0.1:{port}"})
        self.assertEqual("", stderr)
        self.assertEqual(["through the proxy"], function_lines(loki.entries))
        self.assertIn(f"CONNECT {HOST}:{loki.port} HTTP/1.1", self.proxy_log())

    def test_http_goes_through_loki_proxy_and_not_through_https_proxy(self) -> None:
        loki = self.opened(LokiStandin())
        port = self.proxy()
        endpoint = {"LOKI_ENDPOINT": f"http://{HOST}:{loki.port}"}
        self.run_one({**endpoint, "HTTPS_PROXY": f"http://127.0.0.1:{port}"})
        self.assertNotIn(f"CONNECT {HOST}", self.proxy_log())
        self.run_one({**endpoint, "LOKI_PROXY": f"http://127.0.0.1:{port}"})
        self.assertIn(f"CONNECT {HOST}:{loki.port} HTTP/1.1", self.proxy_log())
        self.assertEqual(["through the proxy"] * 2, function_lines(loki.entries))

    def test_no_proxy_goes_past_it(self) -> None:
        loki = self.opened(LokiStandin())
        port = self.proxy()
        self.run_one({"LOKI_ENDPOINT": f"http://{HOST}:{loki.port}", "LOKI_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": HOST})
        self.assertEqual(["through the proxy"], function_lines(loki.entries))
        self.assertNotIn(f"CONNECT {HOST}", self.proxy_log())

    def test_a_wrong_password_is_named_and_the_function_runs_on(self) -> None:
        loki = self.opened(LokiStandin())
        port = self.proxy("BasicAuth somebody pass-word")
        stderr = self.run_one({"LOKI_ENDPOINT": f"http://{HOST}:{loki.port}",
                               "LOKI_PROXY": f"http://somebody:wrong-word@127.0.0.1:{port}"})
        self.assertEqual([], loki.pushes)
        self.assertIn("the proxy answered 40", stderr)
        self.assertNotIn("wrong-word", stderr)


if __name__ == "__main__":
    unittest.main()
