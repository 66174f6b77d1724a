"""How the stand-in speaks TLS."""

from __future__ import annotations

import dataclasses
import ssl
from typing import Optional

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclasses.dataclass
class TlsOptions:
    cert_file: str                        # with the chain
    key_file: str
    minimum: str = "1.2"
    maximum: str = "1.3"
    client_ca_file: Optional[str] = None  # set: clients must show a certificate of this CA
    session_tickets: bool = True
    ciphers: Optional[str] = None         # TLS 1.2 only

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = VERSIONS[self.minimum]
        context.maximum_version = VERSIONS[self.maximum]
        context.load_cert_chain(self.cert_file, self.key_file)
        if self.client_ca_file:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.client_ca_file)
        if not self.session_tickets:
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        return context
