"""TLS against a real OpenSSL server: versions, trust, names, client certificates, resumption, every split of the bytes.

Drives tests/tools/tls_probe.cc, a small main around the program's own TLS stream. SLEIPNIR_TLS_PROBE names the program;
without it the newest one under build/tests is taken.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from standin.certs import Authority, Pair  # noqa: E402

PROBE_SECONDS_MAX = 60


def find_probe() -> Optional[Path]:
    given = os.environ.get("SLEIPNIR_TLS_PROBE")
    if given:
        return Path(given)
    built = [path for path in (ROOT / "build" / "tests").glob("*/tests/tools/tls_probe") if os.access(path, os.X_OK)]
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


PROBE = find_probe()


class EchoServer:
    """Reads "ECHO <bytes>\\n" and so many bytes, sends them back, then ends the connection in the way `ending` says:
    "goodbye" (close_notify), "cut" (TCP alone), "wait" (for the client to end it)."""

    def __init__(self, context: ssl.SSLContext, ending: str = "wait"):
        self.ending = ending
        self.server_names: list[Optional[str]] = []
        self.resumed: list[bool] = []
        self.bytes_received = 0
        context.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection, self._context.wrap_socket(connection, server_side=True) as tls:
                self.resumed.append(bool(tls.session_reused))
                with tls.makefile("rb") as reader:
                    count = int(reader.readline().split()[1])
                    payload = reader.read(count)
                self.bytes_received += len(payload)
                tls.sendall(payload)
                if self.ending == "goodbye":
                    tls.unwrap()
                elif self.ending == "cut":
                    tls.shutdown(socket.SHUT_RDWR)
                else:
                    while tls.recv(4096):
                        pass
                    tls.unwrap()  # without a goodbye OpenSSL forgets the session
        except (OSError, IndexError, ValueError):
            pass  # what the client makes of it is what is tested


def answer_once(answer: bytes) -> int:
    """A listener that answers the first bytes of one connection with `answer` and hangs up. Returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@unittest.skipUnless(PROBE, "no tls_probe built (meson setup with -Dtests=true, then ninja)")
class TlsStreamTest(unittest.TestCase):
    folder: tempfile.TemporaryDirectory[str]
    authority: Authority
    server_pair: Pair

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory(prefix="tls-")
        cls.authority = Authority(cls.folder.name)
        cls.server_pair = cls.authority.server("localhost", ["127.0.0.1", "::1"], ["*.logs.example.com"])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def serve(self, pair: Optional[Pair] = None, version: str = "1.3", ending: str = "wait",
              client_authority: Optional[Authority] = None, tickets: bool = True, weak: bool = False,
              curve: str = "") -> EchoServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if curve:
            context.set_ecdh_curve(curve)
        if weak:  # OpenSSL would not even load a certificate that is signed with SHA-1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        pair = pair or self.server_pair
        context.load_cert_chain(pair.cert_file, pair.key_file)
        wanted = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
        context.minimum_version = context.maximum_version = wanted
        if client_authority:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(client_authority.cert_file)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
        server = EchoServer(context, ending)
        self.addCleanup(server.close)
        return server

    def probe(self, port: int, **options: object) -> list[dict[str, str]]:
        options.setdefault("host", "localhost")
        options.setdefault("ca_file", self.authority.cert_file)
        done = subprocess.run([str(PROBE), f"port={port}", *(f"{name}={value}" for name, value in options.items())],
                              capture_output=True, text=True, timeout=PROBE_SECONDS_MAX, check=False)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        self.assertEqual("", done.stderr)
        return [dict(field.split("=", 1) for field in line.split("\t")) for line in done.stdout.splitlines()]

    def one(self, port: int, **options: object) -> dict[str, str]:
        lines = self.probe(port, **options)
        self.assertEqual(1, len(lines), lines)
        return lines[0]

    def assert_ok(self, line: dict[str, str]) -> None:
        self.assertEqual("ok", line["result"], line)

    def assert_refused(self, server: EchoServer, line: dict[str, str], *words: str) -> None:
        """The connection failed, nothing was sent, and the text has the words."""
        self.assertEqual("failed", line["result"], line)
        self.assertEqual(0, server.bytes_received)
        for word in words:
            self.assertIn(word, line["text"])

    # ---- versions, trust ----

    def test_both_versions_with_a_private_ca(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version)
                line = self.one(server.port, send=100000)
                self.assert_ok(line)
                self.assertEqual(f"TLSv{version}", line["version"])
                self.assertEqual(["localhost"], server.server_names)
                self.assertIn("CN=localhost", line["subject"])
                self.assertIn("Private Test CA", line["issuer"])
                self.assertEqual("localhost, *.logs.example.com, 127.0.0.1, ::1", line["names"])
                self.assertGreater(int(line["until"]), 1_700_000_000)

    def test_each_curve_exchanges_keys(self) -> None:
        # With TLS 1.3 the first guess is X25519: a server of another curve asks for a second hello.
        for curve in ("X25519", "prime256v1", "secp384r1"):
            for version in ("1.2", "1.3"):
                with self.subTest(curve=curve, version=version):
                    server = self.serve(version=version, curve=curve)
                    lines = self.probe(server.port, times=3, send=1000)
                    self.assertEqual(3, len(lines), lines)
                    for line in lines:
                        self.assert_ok(line)
                        self.assertEqual(f"TLSv{version}", line["version"])

    def test_a_curve_that_is_not_spoken_is_told(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version, curve="secp521r1")
                self.assert_refused(server, self.one(server.port), "handshake failure")

    def test_sha_1_is_taken_in_a_root_and_nowhere_else(self) -> None:
        authority = Authority(tempfile.mkdtemp(dir=self.folder.name), key="rsa")
        root = os.path.join(authority.directory, "old.pem")
        openssl("req", "-x509", "-new", "-key", authority.key_file, "-sha1", "-days", "5", "-subj", "/CN=Private Test CA",
                "-out", root)
        self.assert_ok(self.one(self.serve(authority.server("localhost")).port, ca_file=root, send=10))
        leaf = os.path.join(authority.directory, "old")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", leaf + ".key", "-subj", "/CN=leaf", "-out",
                leaf + ".csr")
        Path(leaf + ".ext").write_text("subjectAltName=DNS:localhost\n", encoding="ascii")
        openssl("x509", "-req", "-sha1", "-in", leaf + ".csr", "-CA", root, "-CAkey", authority.key_file, "-set_serial",
                "9", "-days", "5", "-extfile", leaf + ".ext", "-out", leaf + ".crt")
        server = self.serve(Pair(leaf + ".crt", leaf + ".key"), weak=True)
        self.assert_refused(server, self.one(server.port, ca_file=root, send=10), "localhost")

    def test_rsa_chain_with_an_intermediate(self) -> None:
        authority = Authority(tempfile.mkdtemp(dir=self.folder.name), key="rsa")
        base = os.path.join(authority.directory, "middle")
        openssl("req", "-newkey", "rsa:3072", "-nodes", "-keyout", base + ".key", "-subj", "/CN=Middle CA",
                "-out", base + ".csr")
        Path(base + ".ext").write_text("basicConstraints=critical,CA:TRUE\n", encoding="ascii")
        openssl("x509", "-req", "-in", base + ".csr", "-CA", authority.cert_file, "-CAkey", authority.key_file,
                "-set_serial", "7", "-days", "5", "-extfile", base + ".ext", "-out", base + ".pem")
        leaf = os.path.join(authority.directory, "leaf")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", leaf + ".key", "-subj", "/CN=leaf", "-out",
                leaf + ".csr")
        Path(leaf + ".ext").write_text("subjectAltName=DNS:localhost\n", encoding="ascii")
        openssl("x509", "-req", "-in", leaf + ".csr", "-CA", base + ".pem", "-CAkey", base + ".key", "-set_serial",
                "8", "-days", "5", "-extfile", leaf + ".ext", "-out", leaf + ".pem")
        chain = Path(leaf + ".chain")
        chain.write_text(Path(leaf + ".pem").read_text() + Path(base + ".pem").read_text(), encoding="ascii")
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(Pair(str(chain), leaf + ".key"), version=version)
                self.assert_ok(self.one(server.port, ca_file=authority.cert_file, send=10))
                alone = self.serve(Pair(leaf + ".pem", leaf + ".key"), version=version)
                self.assert_refused(alone, self.one(alone.port, ca_file=authority.cert_file, send=10), "Middle CA")

    def test_ca_given_as_text(self) -> None:
        server = self.serve()
        pem = self.authority.pem
        for text in (pem, pem.replace("\n", "\\n"), pem.replace("\n", " ")):
            with self.subTest(text[:40]):
                self.assert_ok(self.one(server.port, ca_file="", ca_pem=text, send=10))

    def test_ca_in_the_systems_bundle(self) -> None:
        server = self.serve()
        self.assert_ok(self.one(server.port, ca_file="", bundle=self.authority.cert_file, send=10))

    def test_unknown_ca_is_refused(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version)
                self.assert_refused(server, self.one(server.port, ca_file="", send=10), "LOKI_CA_FILE",
                                    "Private Test CA", "localhost")
                no_bundle = self.one(server.port, ca_file="", bundle="none", send=10)
                self.assert_refused(server, no_bundle, "no CA bundle")

    def test_other_ca_of_the_same_name_is_refused(self) -> None:
        other = Authority(tempfile.mkdtemp(dir=self.folder.name))
        server = self.serve()
        self.assert_refused(server, self.one(server.port, ca_file=other.cert_file, send=10), "not trusted")
        # Both in one file: the right one is found among them.
        both = Path(self.folder.name) / "both.pem"
        both.write_text(other.pem + self.authority.pem, encoding="ascii")
        self.assert_ok(self.one(server.port, ca_file=both, send=10))

    def test_expired_certificate_is_refused(self) -> None:
        server = self.serve(self.authority.server("localhost", expired=True))
        self.assert_refused(server, self.one(server.port, send=10), "expired on 20", "CN=localhost")

    def test_certificate_trusted_itself_without_a_ca(self) -> None:
        base = os.path.join(self.folder.name, "lonely")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                base + ".key", "-subj", "/CN=lonely", "-days", "3", "-addext", "basicConstraints=CA:FALSE",
                "-addext", "subjectAltName=DNS:localhost", "-out", base + ".pem")
        server = self.serve(Pair(base + ".pem", base + ".key"))
        self.assert_ok(self.one(server.port, ca_file=base + ".pem", send=10))
        self.assert_refused(server := self.serve(Pair(base + ".pem", base + ".key")),
                            self.one(server.port, send=10), "not trusted")
        self.assert_refused(server := self.serve(Pair(base + ".pem", base + ".key")),
                            self.one(server.port, ca_file=base + ".pem", host="other", send=10), "not for other")

    def test_unchecked_when_told_so(self) -> None:
        server = self.serve()
        line = self.one(server.port, ca_file="", host="anything.example", insecure=1, send=10)
        self.assert_ok(line)
        self.assertIn("CN=localhost", line["subject"])

    # ---- names ----

    def test_wrong_host_is_refused(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version)
                line = self.one(server.port, host="loki.example.com", send=10)
                self.assert_refused(server, line, "localhost", "not for loki.example.com", "LOKI_TLS_SERVER_NAME")

    def test_wildcard_and_trailing_dot(self) -> None:
        server = self.serve()
        self.assert_ok(self.one(server.port, host="a.logs.example.com", send=10))
        self.assert_ok(self.one(server.port, host="localhost.", send=10))
        self.assertEqual(["a.logs.example.com", "localhost"], server.server_names)
        self.assert_refused(server := self.serve(), self.one(server.port, host="a.b.logs.example.com", send=10))

    def test_server_name_instead_of_the_host(self) -> None:
        server = self.serve()
        self.assert_ok(self.one(server.port, host="loki.internal", server_name="localhost", send=10))
        self.assertEqual(["localhost"], server.server_names)
        self.assert_refused(server := self.serve(), self.one(server.port, server_name="other", send=10), "not for other")

    def test_address_is_compared_and_not_sent_as_a_name(self) -> None:
        for address in ("127.0.0.1", "::1"):
            server = self.serve()
            self.assert_ok(self.one(server.port, host=address, send=10))
            self.assertEqual([None], server.server_names)
        self.assert_refused(server := self.serve(), self.one(server.port, host="127.0.0.2", send=10), "127.0.0.1")
        # A name that looks like an address in the subject alone, or as a DNS name, does not count.
        named = self.serve(self.authority.server("127.0.0.1", []))
        self.assert_refused(named, self.one(named.port, host="127.0.0.1", send=10), "not for 127.0.0.1")

    # ---- client certificates ----

    def test_client_certificate(self) -> None:
        client = self.authority.client()
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version, client_authority=self.authority)
                self.assert_ok(self.one(server.port, cert_file=client.cert_file, key_file=client.key_file, send=10))
                line = self.one(server.port, send=10, linger=1)
                self.assertIn(line["result"], ("failed", "broken"))
                self.assertIn("LOKI_CLIENT_CERT_FILE", line["text"])
                # In tiny pieces the connection may break before the server's reason is read.
                line = self.one(server.port, send=10, linger=1, chop=5)
                self.assertIn(line["result"], ("failed", "broken"))

    def test_client_certificate_of_rsa_and_of_another_ca(self) -> None:
        other = Authority(tempfile.mkdtemp(dir=self.folder.name), name="Other CA", key="rsa")
        client = other.client()
        server = self.serve(client_authority=other)
        self.assert_ok(self.one(server.port, cert_file=client.cert_file, key_file=client.key_file, send=10))
        server = self.serve(client_authority=self.authority)
        line = self.one(server.port, cert_file=client.cert_file, key_file=client.key_file, send=10, linger=1)
        self.assertIn("does not accept the certificate in LOKI_CLIENT_CERT_FILE", line["text"])

    def test_unusable_files_are_named(self) -> None:
        client = self.authority.client()
        other = self.authority.client()
        server = self.serve()
        empty = Path(self.folder.name) / "empty.pem"
        empty.write_text("nothing here\n", encoding="ascii")
        encrypted = os.path.join(self.folder.name, "encrypted.key")
        openssl("pkcs8", "-topk8", "-in", client.key_file, "-passout", "pass:x", "-out", encrypted)
        cases: list[tuple[dict[str, object], list[str]]] = [
            ({"ca_file": "/nowhere/ca.pem"}, ["LOKI_CA_FILE", "/nowhere/ca.pem", "No such file"]),
            ({"ca_file": self.folder.name}, ["LOKI_CA_FILE", self.folder.name]),
            ({"ca_file": empty}, ["LOKI_CA_FILE", "empty.pem", "no certificate in it"]),
            ({"ca_pem": "rubbish"}, ["LOKI_CA_PEM", "no certificate in it"]),
            ({"cert_file": client.cert_file}, ["LOKI_CLIENT_KEY_FILE"]),
            ({"key_file": client.key_file}, ["LOKI_CLIENT_CERT_FILE"]),
            ({"cert_file": "/nowhere/c.pem", "key_file": client.key_file}, ["LOKI_CLIENT_CERT_FILE", "/nowhere/c.pem"]),
            ({"cert_file": empty, "key_file": client.key_file}, ["LOKI_CLIENT_CERT_FILE", "empty.pem"]),
            ({"cert_file": client.cert_file, "key_file": empty}, ["LOKI_CLIENT_KEY_FILE", "empty.pem"]),
            ({"cert_file": client.cert_file, "key_file": encrypted}, ["LOKI_CLIENT_KEY_FILE", "encrypted"]),
            ({"cert_file": client.cert_file, "key_file": other.key_file}, ["does not belong"]),
        ]
        for options, words in cases:
            with self.subTest(str(options)):
                line = self.one(server.port, **options)
                self.assertIn(line["result"], ("unusable", "failed"))
                for word in words:
                    self.assertIn(word, line["text"])
        self.assertEqual([], server.server_names)

    # ---- resumption ----

    def test_sessions_are_resumed(self) -> None:
        for version in ("1.2", "1.3"):
            for tickets in (True, False) if version == "1.2" else (True,):
                with self.subTest(version=version, tickets=tickets):
                    server = self.serve(version=version, tickets=tickets)
                    lines = self.probe(server.port, send=10, times=4)
                    self.assertEqual(["ok"] * 4, [line["result"] for line in lines])
                    self.assertEqual(["0", "1", "1", "1"], [line["resumed"] for line in lines])
                    self.assertEqual([False, True, True, True], server.resumed)

    def test_address_sessions_are_resumed(self) -> None:
        for version in ("1.2", "1.3"):
            server = self.serve(version=version)
            self.assertEqual(["0", "1"], [line["resumed"] for line in
                                          self.probe(server.port, host="127.0.0.1", send=10, times=2)])

    def test_no_session_survives_a_reset(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version)
                lines = self.probe(server.port, send=10, times=3, reset=1)
                self.assertEqual(["0", "0", "0"], [line["resumed"] for line in lines])
                self.assertEqual([False, False, False], server.resumed)

    def test_session_that_the_server_no_longer_knows(self) -> None:
        """Two servers with different ticket keys behind one port, as behind a load balancer: a full handshake."""
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                first, second = self.serve(version=version), self.serve(version=version)
                contexts = [first._context, second._context]
                switching = EchoServer(contexts[0])
                self.addCleanup(switching.close)
                accepted = 0
                serve = switching._serve

                def alternate(connection: socket.socket) -> None:
                    nonlocal accepted
                    switching._context = contexts[accepted % 2]
                    accepted += 1
                    serve(connection)

                switching._serve = alternate  # type: ignore[method-assign]
                lines = self.probe(switching.port, send=10, times=3)
                self.assertEqual(["ok"] * 3, [line["result"] for line in lines])
                self.assertEqual("0", lines[1]["resumed"])

    # ---- bytes ----

    def test_every_split_of_the_bytes(self) -> None:
        client = self.authority.client()
        for version in ("1.2", "1.3"):
            server = self.serve(version=version, client_authority=self.authority, ending="goodbye")
            for seed in range(1, 6):
                with self.subTest(version=version, seed=seed):
                    lines = self.probe(server.port, chop=seed, send=6000, pieces=7, times=2, linger=1,
                                       cert_file=client.cert_file, key_file=client.key_file)
                    self.assertEqual([("ok", "0", "orderly"), ("ok", "1", "orderly")],
                                     [(line["result"], line["resumed"], line["ending"]) for line in lines])

    def test_large_and_empty_pieces(self) -> None:
        for version in ("1.2", "1.3"):
            server = self.serve(version=version)
            for send, pieces in ((3_000_000, 3), (70_000, 1000), (5, 20), (0, 3)):
                with self.subTest(version=version, send=send, pieces=pieces):
                    self.assert_ok(self.one(server.port, send=send, pieces=pieces))

    def test_endings_are_told_apart(self) -> None:
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                server = self.serve(version=version, ending="goodbye")
                self.assertEqual("orderly", self.one(server.port, send=10, linger=1)["ending"])
                server = self.serve(version=version, ending="cut")
                self.assertIn("closed the connection without ending TLS",
                              self.one(server.port, send=10, linger=1)["ending"])

    def test_five_connections_fit_the_memory(self) -> None:
        server = self.serve()
        lines = self.probe(server.port, send=20000, times=5, hold=1)
        self.assertEqual(["ok"] * 5, [line["result"] for line in lines])

    def test_memory_that_is_used_up_fails_a_handshake(self) -> None:
        server = self.serve()
        lines = self.probe(server.port, send=10, times=40, hold=1)
        self.assertGreater(len(lines), 6)
        self.assertEqual("failed", lines[-1]["result"])
        self.assertIn("KiB of memory for TLS", lines[-1]["text"])

    # ---- servers that are none ----

    def test_servers_that_speak_something_else(self) -> None:
        line = self.one(answer_once(b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTP request"))
        self.assertIn("not TLS; is it a plain http port", line["text"])
        line = self.one(answer_once(b""))
        self.assertIn("closed the connection during the TLS handshake", line["text"])
        line = self.one(answer_once(b"\x15\x03\x03\x00\x02\x02\x46"))
        self.assertIn("protocol version", line["text"])
        line = self.one(answer_once(b"\x15\x03\x03\x00\x02\x02\x70"))
        self.assertIn("LOKI_TLS_SERVER_NAME", line["text"])


if __name__ == "__main__":
    unittest.main()
