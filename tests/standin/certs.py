"""A private certificate authority and what it signs, made by the openssl command.

    authority = Authority(directory)
    server = authority.server("localhost", ["127.0.0.1"])     # server.cert_file, server.key_file
"""

from __future__ import annotations

import atexit
import dataclasses
import datetime
import os
import shutil
import subprocess
import tempfile
from typing import Optional, Sequence


@dataclasses.dataclass
class Pair:
    cert_file: str
    key_file: str


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")


class Authority:
    """`key`: "ec" (P-256, fast) or "rsa"."""

    def __init__(self, directory: Optional[str] = None, name: str = "Private Test CA", key: str = "ec"):
        self.directory = directory or tempfile.mkdtemp(prefix="certs-")
        if not directory:
            atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        self._key = key
        self._count = 0
        self.cert_file = os.path.join(self.directory, "ca.pem")
        self.key_file = os.path.join(self.directory, "ca.key")
        self._make_key(self.key_file)
        _openssl("req", "-x509", "-new", "-key", self.key_file, "-sha256", "-days", "30", "-subj", f"/CN={name}",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                 "-out", self.cert_file)

    @property
    def pem(self) -> str:
        with open(self.cert_file, encoding="ascii") as file:
            return file.read()

    def server(self, name: str = "localhost", ips: Sequence[str] = ("127.0.0.1",), names: Sequence[str] = (),
               expired: bool = False) -> Pair:
        """A server's certificate with `name`, further `names` and `ips` as alternative names."""
        alternatives = [f"DNS:{item}" for item in (name, *names) if item] + [f"IP:{item}" for item in ips]
        return self._sign(f"/CN={name or 'unnamed'}", alternatives, "serverAuth", expired)

    def client(self, name: str = "client") -> Pair:
        return self._sign(f"/CN={name}", [f"DNS:{name}"], "clientAuth", False)

    def _make_key(self, path: str) -> None:
        if self._key == "rsa":
            _openssl("genrsa", "-out", path, "2048")
        else:
            _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)

    def _sign(self, subject: str, alternatives: Sequence[str], usage: str, expired: bool) -> Pair:
        self._count += 1
        base = os.path.join(self.directory, f"{usage}-{self._count}")
        pair = Pair(base + ".pem", base + ".key")
        self._make_key(pair.key_file)
        _openssl("req", "-new", "-key", pair.key_file, "-subj", subject, "-out", base + ".csr")
        with open(base + ".ext", "w", encoding="ascii") as file:
            file.write(f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\n"
                       f"extendedKeyUsage={usage}\nsubjectAltName={','.join(alternatives)}\n")
        if expired:
            self._sign_expired(base, pair.cert_file)
        else:
            _openssl("x509", "-req", "-in", base + ".csr", "-CA", self.cert_file, "-CAkey", self.key_file,
                     "-set_serial", str(1000 + self._count), "-days", "20", "-sha256", "-extfile", base + ".ext",
                     "-out", pair.cert_file)
        return pair

    def _sign_expired(self, base: str, out: str) -> None:
        """Only `openssl ca` of this age can set a start date in the past."""
        now = datetime.datetime.now(datetime.timezone.utc)
        start, end = (now - datetime.timedelta(days=days) for days in (9, 2))
        config = base + ".cnf"
        with open(base + ".db", "w", encoding="ascii"):
            pass
        with open(config, "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={base}.db\nnew_certs_dir={self.directory}\n"
                       f"serial={base}.srl\n"
                       "default_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n")
        _openssl("ca", "-batch", "-config", config, "-in", base + ".csr", "-cert", self.cert_file,
                 "-keyfile", self.key_file, "-startdate", start.strftime("%Y%m%d%H%M%SZ"),
                 "-enddate", end.strftime("%Y%m%d%H%M%SZ"), "-extfile", base + ".ext", "-notext", "-out", out)
