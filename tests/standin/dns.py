"""FakeDns: a DNS server over UDP that answers A and AAAA from a table, or keeps silent.

    with FakeDns({"loki.example": ["127.0.0.1"]}) as dns: ...
    with FakeDns(silent=True) as dns: ...
"""

from __future__ import annotations

import socket
import struct
import threading
from typing import Dict, List, Optional, Sequence

A, AAAA = 1, 28
NXDOMAIN, SERVFAIL = 3, 2


class FakeDns:
    """`rcode_by_type`: a response code to give for a query type, e.g. {AAAA: SERVFAIL}.  Port 53 needs root."""

    def __init__(self, names: Optional[Dict[str, Sequence[str]]] = None, *, silent: bool = False, delay_s: float = 0.0,
                 ttl: int = 60, rcode_by_type: Optional[Dict[int, int]] = None, host: str = "127.0.0.1",
                 port: int = 0):
        self.names: Dict[str, Sequence[str]] = dict(names or {})
        self.silent = silent
        self.delay_s = delay_s
        self.ttl = ttl
        self.rcode_by_type = dict(rcode_by_type or {})
        self.queries: List[tuple] = []   # (name, type)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self.host, self.port = self._socket.getsockname()
        self._thread = threading.Thread(target=self._serve, name="fake-dns", daemon=True)
        self._closed = threading.Event()

    def start(self) -> "FakeDns":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._closed.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.host, self.port))
        self._thread.join(2)
        self._socket.close()

    def __enter__(self) -> "FakeDns":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def resolv_conf(self) -> str:
        """What /etc/resolv.conf must say; a resolver uses port 53 only."""
        return f"nameserver {self.host}\n"

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                packet, peer = self._socket.recvfrom(2048)
            except OSError:
                return
            if self._closed.is_set() or len(packet) < 17:
                continue
            name, type_, end = _question(packet)
            self.queries.append((name, type_))
            if self.silent:
                continue
            answer = self._answer(packet, name, type_, end)
            if self.delay_s:
                threading.Timer(self.delay_s, self._send, (answer, peer)).start()
            else:
                self._send(answer, peer)

    def _send(self, answer: bytes, peer: tuple) -> None:
        try:
            self._socket.sendto(answer, peer)
        except OSError:
            pass

    def _answer(self, packet: bytes, name: str, type_: int, end: int) -> bytes:
        rcode = self.rcode_by_type.get(type_, 0)
        addresses: List[bytes] = []
        known = self.names.get(name)
        if known is None:
            rcode = rcode or NXDOMAIN
        elif not rcode:
            for text in known:
                if type_ == A and ":" not in text:
                    addresses.append(socket.inet_pton(socket.AF_INET, text))
                elif type_ == AAAA and ":" in text:
                    addresses.append(socket.inet_pton(socket.AF_INET6, text))
        head = packet[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1, len(addresses), 0, 0)
        records = b"".join(struct.pack(">HHHIH", 0xC00C, type_, 1, self.ttl, len(address)) + address
                           for address in addresses)
        return head + packet[12:end] + records


def _question(packet: bytes) -> tuple:
    """(name, type, index after the question)"""
    labels, at = [], 12
    while packet[at]:
        size = packet[at]
        labels.append(packet[at + 1:at + 1 + size].decode("latin-1").lower())
        at += 1 + size
    type_ = struct.unpack_from(">H", packet, at + 1)[0]
    return ".".join(labels), type_, at + 5
