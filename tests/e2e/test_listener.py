"""The telemetry listener against whoever else finds its port: it answers, closes, and goes on serving Lambda."""

from __future__ import annotations

import socket
import unittest

from support import Case, function_lines, sleipnir
from standin import LokiStandin


class Listener(Case):
    def test_whoever_is_refused_reads_the_answer_though_its_body_was_not_wanted(self) -> None:
        loki = self.opened(LokiStandin())
        heads = {"413": b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n", "405": b"DELETE / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n",
                 "400": b"\x16\x03\x01 no HTTP\r\n\r\n"}
        with sleipnir({"LOKI_ENDPOINT": loki.url}, timeout_s=10) as lam:
            lam.invoke(lines=["before"])
            for status, head in heads.items():
                with socket.create_connection(("127.0.0.1", lam.listener_port), timeout=5) as client:
                    client.sendall(head)
                    client.sendall(b"x" * 9_000_000)
                    client.shutdown(socket.SHUT_WR)
                    answer = b"".join(iter(lambda: client.recv(4096), b""))
                self.assertTrue(answer.startswith(f"HTTP/1.1 {status} ".encode()), answer)
            lam.invoke(lines=["after"])
            lam.shutdown("spindown")
            self.assertEqual(0, lam.extension.exit_code)
        self.assertEqual(["before", "after"], function_lines(loki.entries))


if __name__ == "__main__":
    unittest.main()
