"""PUT /2022-07-01/telemetry: what a subscription may say.  Pure: bytes in, a verdict out."""

from __future__ import annotations

import dataclasses
import json
from typing import List, Tuple, Union
from urllib.parse import urlsplit

from .events import SCHEMAS, TYPES

LIMITS = {"maxItems": (1000, 10000, 10000), "maxBytes": (262144, 1048576, 262144), "timeoutMs": (25, 30000, 1000)}
HOSTS = ("sandbox.localdomain", "sandbox")
RESERVED_PORT = 9001


@dataclasses.dataclass(frozen=True)
class Terms:
    """An accepted subscription.  Equal terms are the same subscription, before and after a reset."""

    schema: str
    types: Tuple[str, ...]
    items_max: int
    bytes_max: int
    timeout_ms: int
    protocol: str
    port: int
    path: str


@dataclasses.dataclass(frozen=True)
class Refusal:
    status: int
    error_type: str
    message: str


def parse(body: bytes, managed_instances: bool) -> Union[Terms, Refusal]:
    try:
        wanted = json.loads(body)
        if not isinstance(wanted, dict):
            raise ValueError("the body is no object")
    except ValueError as error:
        return Refusal(400, "Telemetry.DeserializationError", f"Failed to parse the request body: {error}")
    errors: List[str] = []
    schema = wanted.get("schemaVersion")
    accepted = SCHEMAS[-1:] if managed_instances else SCHEMAS
    if schema not in accepted:
        errors.append(f"schemaVersion should be one of {', '.join(accepted)}")
    types = _types(wanted.get("types"), errors)
    numbers = _buffering(wanted.get("buffering"), errors)
    destination = wanted.get("destination")
    if not isinstance(destination, dict):
        errors.append("destination should not be empty")
        destination = {}
    protocol, port, path = destination.get("protocol"), 0, "/"
    if protocol == "HTTP":
        uri = urlsplit(str(destination.get("URI", "")))
        if uri.scheme != "http" or uri.hostname not in HOSTS:
            if not errors:
                return Refusal(403, "Telemetry.AccessDenied",
                               "URI should be http://sandbox.localdomain:<port>")
            errors.append("URI is not allowed")
        try:
            port = uri.port or 0
        except ValueError:
            port = 0
        if port == 0:
            errors.append("URI port is not provided")
        path = uri.path or "/"
    elif protocol == "TCP":
        port = destination.get("port")
        if not isinstance(port, int) or not 1 <= port <= 65535:
            errors.append("port should be between 1 and 65535")
            port = 0
    else:
        errors.append("protocol should be HTTP or TCP")
    if port == RESERVED_PORT:
        errors.append("port 9001 is reserved")
    if errors:
        return Refusal(400, "ValidationError", "; ".join(errors))
    return Terms(schema, types, numbers["maxItems"], numbers["maxBytes"], numbers["timeoutMs"], protocol, port, path)


def _types(types: object, errors: List[str]) -> Tuple[str, ...]:
    if not isinstance(types, list) or not types:
        errors.append("types should not be empty")
        return ()
    for name in types:
        if name not in TYPES:
            errors.append(f"Unrecognized enum variant: {name}")
    if len(set(map(str, types))) != len(types):
        errors.append("types should be unique")
    return tuple(str(name) for name in types)


def _buffering(buffering: object, errors: List[str]) -> dict:
    if buffering is None:
        buffering = {}
    if not isinstance(buffering, dict):
        errors.append("buffering should be an object")
        buffering = {}
    numbers = {}
    for name, (low, high, default) in LIMITS.items():
        value = buffering.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            errors.append(f"{name} should be between {low} and {high}")
            value = default
        numbers[name] = value
    return numbers
