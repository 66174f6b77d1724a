"""A strict stand-in for Loki with faults on demand, a delaying TCP proxy, a fake DNS server, private certificates."""

from .certs import Authority, Pair
from .dns import FakeDns
from .faults import KINDS, Fault
from .proxy import DelayProxy, FullBacklog
from .rules import Limits
from .server import LokiStandin, Request
from .store import Entry
from .tls import TlsOptions

__all__ = ["Authority", "DelayProxy", "Entry", "FakeDns", "Fault", "FullBacklog", "KINDS", "Limits", "LokiStandin",
           "Pair", "Request", "TlsOptions"]
