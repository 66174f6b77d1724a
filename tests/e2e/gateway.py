"""nginx in front of a Loki: TLS, basic authorization, client certificates, as people run it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Optional

from emulator.config import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Gateway:
    """Passes what comes to 127.0.0.1:`port` on to `upstream` (http://host:port).

    `pair`: a server certificate (standin.Authority.server), for TLS. `passwords`: who may come in by basic
    authorization. `client_ca_file`: who may come in by a certificate. `lines` go into the location.
    """

    def __init__(self, upstream: str, *, pair: Any = None, passwords: Optional[dict[str, str]] = None,
                 client_ca_file: str = "", lines: tuple[str, ...] = ()) -> None:
        if NGINX is None:
            raise unittest.SkipTest("no nginx here")
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="sleipnir-nginx-", dir="/tmp"))
        self.folder.chmod(0o755)
        self._upstream = upstream
        self._tls = [f"ssl_certificate {pair.cert_file};", f"ssl_certificate_key {pair.key_file};"] if pair else []
        if client_ca_file:
            self._tls += [f"ssl_client_certificate {client_ca_file};", "ssl_verify_client on;"]
        self._location = list(lines)
        if passwords is not None:
            self._location += ['auth_basic "Loki";', f"auth_basic_user_file {self.folder}/passwords;"]
            self.set_passwords(passwords)
        self._process: Optional[subprocess.Popen[bytes]] = None

    def set_passwords(self, passwords: dict[str, str]) -> None:
        """nginx reads the file anew for each request."""
        made = self.folder / "passwords.new"
        made.write_text("".join(f"{user}:{{PLAIN}}{password}\n" for user, password in passwords.items()))
        made.chmod(0o644)
        os.replace(made, self.folder / "passwords")

    def __enter__(self) -> "Gateway":
        listen = f"listen 127.0.0.1:{self.port}{' ssl' if self._tls else ''};"
        root = "user root;\n" if os.geteuid() == 0 else ""
        config = self.folder / "nginx.conf"
        config.write_text(f"""{root}daemon off;
worker_processes 1;
pid {self.folder}/pid;
error_log {self.folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log {self.folder}/access.log;
  client_body_temp_path {self.folder}/body;
  proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi;
  uwsgi_temp_path {self.folder}/uwsgi;
  scgi_temp_path {self.folder}/scgi;
  server {{
    {listen}
    {' '.join(self._tls)}
    client_max_body_size 16m;
    location / {{ {' '.join(self._location)} proxy_pass {self._upstream}; }}
  }}
}}
""")
        assert NGINX is not None
        self._process = subprocess.Popen([NGINX, "-p", str(self.folder), "-e", f"{self.folder}/error.log", "-c", str(config)],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        self.__exit__()
        raise RuntimeError("nginx did not start")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """Its requests: `... "POST /loki/api/v1/push HTTP/1.1" 401 ...`, one a line."""
        return (self.folder / "access.log").read_text()
