"""Faults, TLS, the proxy and the DNS server do what they say."""

import http.client
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

from standin import Authority, DelayProxy, FakeDns, FullBacklog, LokiStandin, TlsOptions

from .client import NOW, body, post

HERE = os.path.dirname(os.path.abspath(__file__))
BROKEN = (http.client.HTTPException, OSError)


class Faults(unittest.TestCase):
    def setUp(self):
        self.loki = LokiStandin().start()
        self.addCleanup(self.loki.stop)

    def test_a_status_fault_strikes_its_number_of_times(self):
        self.loki.fault(status=429, body="slow down", headers={"Retry-After": "2"}, times=2, skip=1)
        statuses = [post(self.loki, body("x", str(index)))[0] for index in range(4)]
        self.assertEqual(statuses, [204, 429, 429, 204])
        self.assertEqual([request.status for request in self.loki.pushes], statuses)

    def test_broken_answers(self):
        for kind in ("close", "reset", "reset_in_body", "half_answer", "garbage"):
            with self.subTest(kind):
                self.loki.fault(kind, times=1, bytes=5)
                with self.assertRaises(BROKEN):
                    post(self.loki, body("x" * 100000))
        self.loki.fault("close", store=True, times=1)
        stored = len(self.loki.entries)
        with self.assertRaises(BROKEN):
            post(self.loki, body("kept"))
        self.assertEqual(len(self.loki.entries), stored + 1)
        self.assertIsNone(self.loki.requests[-1].status)

    def test_black_hole_and_no_read_hold_until_healed(self):
        for kind in ("black_hole", "no_read"):
            self.loki.fault(kind)
            connection = http.client.HTTPConnection("127.0.0.1", self.loki.port, timeout=0.1)
            connection.request("POST", "/loki/api/v1/push", body("x"), {"Content-Type": "application/json"})
            with self.assertRaises(socket.timeout):
                connection.getresponse()
            connection.close()
            self.loki.heal()
        self.assertEqual(self.loki.entries, [])

    def test_delay_and_trickle_are_slow_and_complete(self):
        for kind, seconds in (("delay", 0.1), ("trickle", 0.002)):
            self.loki.fault(kind, seconds=seconds, times=1)
            begun = time.perf_counter()
            self.assertEqual(post(self.loki, body(kind))[0], 204)
            self.assertGreater(time.perf_counter() - begun, 0.04)
        self.assertEqual(self.loki.lines, ["delay", "trickle"])

    def test_answer_then_close_ends_a_kept_connection(self):
        self.loki.fault("answer_then_close", times=1)
        connection = http.client.HTTPConnection("127.0.0.1", self.loki.port, timeout=2)
        connection.request("POST", "/loki/api/v1/push", body("x"), {"Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 204)
        self.assertEqual(connection.sock.recv(1), b"")
        connection.close()

    def test_stop_refuses_and_start_returns_on_the_same_port(self):
        port = self.loki.port
        self.loki.stop()
        with self.assertRaises(ConnectionRefusedError):
            post(self.loki, body("x"))
        self.loki.start()
        self.assertEqual(self.loki.port, port)
        self.assertEqual(post(self.loki, body("x"))[0], 204)

    def test_lazy_judges_when_asked(self):
        with LokiStandin(lazy=True) as loki:
            self.assertEqual(post(loki, body("x", "y"), gzipped=True)[0], 204)
            self.assertEqual(post(loki, b"broken")[0], 204)
            self.assertEqual(loki.lines, ["x", "y"])
            self.assertEqual(loki.requests[1].status, 400)

    def test_query_range_reads_back_by_metadata(self):
        post(self.loki, body([str(NOW), "one", {"request_id": "r1"}], [str(NOW + 1), "two", {"request_id": "r2"}]))
        path = "/loki/api/v1/query_range?" + urllib.parse.urlencode({"query": '{app="a"} | request_id="r2" |= "tw"'})
        status, text = post(self.loki, b"", method="GET", path=path)
        self.assertEqual(status, 200)
        result = json.loads(text)["data"]["result"]
        self.assertEqual(result, [{"stream": {"app": "a", "request_id": "r2", "service_name": "a"},
                                   "values": [[str(NOW + 1), "two"]]}])
        self.assertEqual(post(self.loki, b"", method="GET", path="/ready"), (200, "ready\n"))
        self.assertEqual([entry.line for entry in self.loki.select('{app=~".*"} | request_id!="r2"')], ["one"])


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.authority = Authority(cls.directory.name)
        cls.pair = cls.authority.server("localhost", ["127.0.0.1"])

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def context(self):
        return ssl.create_default_context(cafile=self.authority.cert_file)

    def options(self, **given):
        return TlsOptions(self.pair.cert_file, self.pair.key_file, **given)

    def test_both_versions(self):
        for version in ("1.2", "1.3"):
            with LokiStandin(tls=self.options(minimum=version, maximum=version)) as loki:
                self.assertEqual(post(loki, body("x"), context=self.context())[0], 204)
                self.assertEqual(loki.requests[0].tls, "TLSv" + version)
                self.assertEqual((loki.connections, loki.handshakes, loki.resumptions), (1, 1, 0))

    def test_resumption_is_counted(self):
        with LokiStandin(tls=self.options(maximum="1.2")) as loki:
            context, session = self.context(), None
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", loki.port)) as raw:
                    with context.wrap_socket(raw, server_hostname="localhost", session=session) as wrapped:
                        wrapped.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
                        wrapped.recv(100)
                        session = wrapped.session
            self.assertEqual((loki.handshakes, loki.resumptions), (2, 1))

    def test_wrong_name_unknown_authority_and_expiry_are_refused_by_clients(self):
        wrong = self.authority.server("other.example", [])
        expired = self.authority.server("localhost", ["127.0.0.1"], expired=True)
        for pair, context in ((wrong, self.context()), (expired, self.context()),
                              (self.pair, ssl.create_default_context())):
            with LokiStandin(tls=TlsOptions(pair.cert_file, pair.key_file)) as loki:
                with self.assertRaises(ssl.SSLCertVerificationError):
                    post(loki, body("x"), context=context)
                self.assertEqual(loki.requests, [])

    def test_client_certificates(self):
        with LokiStandin(tls=self.options(client_ca_file=self.authority.cert_file, maximum="1.2")) as loki:
            with self.assertRaises(OSError):
                post(loki, body("x"), context=self.context())
            client = self.authority.client()
            context = self.context()
            context.load_cert_chain(client.cert_file, client.key_file)
            self.assertEqual(post(loki, body("x"), context=context)[0], 204)
            self.assertEqual(len(loki.handshake_failures), 1)


class Network(unittest.TestCase):
    def test_the_proxy_delays_each_direction(self):
        with LokiStandin() as loki, DelayProxy(("127.0.0.1", loki.port), delay_ms=20) as proxy:
            loki_port, loki.port = loki.port, proxy.port
            begun = time.perf_counter()
            self.assertEqual(post(loki, body("x"))[0], 204)
            self.assertGreater(time.perf_counter() - begun, 0.040)
            self.assertLess(time.perf_counter() - begun, 0.2)
            loki.port = loki_port
            self.assertEqual(proxy.connections, 1)

    def test_kill_by_fin_and_by_reset(self):
        with LokiStandin() as loki, DelayProxy(("127.0.0.1", loki.port)) as proxy:
            for reset in (False, True):
                sock = socket.create_connection(("127.0.0.1", proxy.port))
                sock.settimeout(2)
                sock.sendall(b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"ready", sock.recv(1000))
                proxy.kill(reset)
                if reset:
                    with self.assertRaises(ConnectionResetError):
                        sock.recv(1)
                else:
                    self.assertEqual(sock.recv(1), b"")
                sock.close()

    def test_a_full_backlog_lets_a_connect_hang(self):
        with FullBacklog() as full, socket.socket() as sock:
            sock.settimeout(0.2)
            with self.assertRaises(socket.timeout):
                sock.connect((full.host, full.port))

    def test_dns_answers_and_keeps_silent(self):
        question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04loki\x07example\x00\x00\x01\x00\x01"
        with FakeDns({"loki.example": ["127.0.0.9"]}) as dns, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(1)
            sock.sendto(question, (dns.host, dns.port))
            answer = sock.recv(512)
            self.assertEqual(struct.unpack_from(">H", answer, 6)[0], 1)
            self.assertEqual(answer[-4:], b"\x7f\x00\x00\x09")
            dns.silent = True
            sock.settimeout(0.1)
            sock.sendto(question, (dns.host, dns.port))
            with self.assertRaises(socket.timeout):
                sock.recv(512)
            self.assertEqual(dns.queries, [("loki.example", 1)] * 2)


class Program(unittest.TestCase):
    def test_the_program_serves_and_sums_up(self):
        program = os.path.join(os.path.dirname(HERE), "loki-standin")
        process = subprocess.Popen([sys.executable, program, "--port", "0", "--fault", "status:status=500,times=1"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            port = int(process.stdout.readline().rpartition("/loki")[0].rpartition(":")[2])
            loki = LokiStandin(port)
            self.assertEqual(post(loki, body("hello"))[0], 500)
            self.assertEqual(post(loki, body("hello"))[0], 204)
        finally:
            process.terminate()
        output = process.communicate(timeout=5)[0]
        self.assertEqual(process.returncode, 0)
        self.assertIn("hello", output)
        self.assertIn("2 requests, 1 entries", output)


if __name__ == "__main__":
    unittest.main()
