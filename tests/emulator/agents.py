"""Extensions API 2020-01-01: who registered, in which state each extension is, and every error answer.

An agent is one extension as Lambda sees it.  External agents are files that Lambda started; a registration under
any other name makes an internal one.  States and refusals follow Lambda's own supervisor:

    Started -register-> Registered -next-> Ready -INVOKE-> Running -next-> Ready ... -SHUTDOWN-> Exited
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Callable, Dict, List, Optional, Set

from .config import EXTENSIONS_MAX, Config
from .http1 import Request
from .subscribe import Refusal, parse
from .telemetry import Hub

EXTENSION_TYPE = "application/vnd.aws.lambda.extension+json"
_ERROR_TYPE = re.compile(r"Extension\.[A-Z][a-zA-Z]+\Z")


class Agent:
    def __init__(self, name: str, external: bool):
        self.name = name
        self.external = external
        self.id = str(uuid.uuid4())
        self.state = "Started"
        self.events: Set[str] = set()
        self.error_type: Optional[str] = None
        self.next_at: List[float] = []          # every /next received (perf_counter)
        self.registered_at: Optional[float] = None
        self.parked: Optional[Request] = None   # the /next that waits for an event
        self.told_shutdown = False

    def send(self, event: dict) -> bool:
        """Answers the parked /next.  False when there is none."""
        request, self.parked = self.parked, None
        if request is None or request.answered:
            return False
        self.state = "Running"
        request.respond(200, json.dumps(event, separators=(",", ":")).encode(),
                        [("Lambda-Extension-Event-Identifier", str(uuid.uuid4()))],
                        "application/vnd.aws.lambda.extensionevent+json")
        return True


class ExtensionsApi:
    """One generation of extensions; a reset makes a new one.  `changed` is called whenever a state changes."""

    def __init__(self, config: Config, hub: Hub, external: List[str], changed: Callable[[], None],
                 trace: Callable[..., None]):
        self.agents: Dict[str, Agent] = {name: Agent(name, external=True) for name in external}
        self.registration_open = True
        self.subscription_open = True
        self._shutdown: Optional[dict] = None
        self._config = config
        self._hub = hub
        self._changed = changed
        self._trace = trace

    def handle(self, request: Request, path: str) -> bool:
        """Serves `path` if it belongs to this API."""
        route = (request.method, path)
        if route == ("POST", "/2020-01-01/extension/register"):
            self._register(request)
        elif route == ("GET", "/2020-01-01/extension/event/next"):
            self._next(request)
        elif route == ("POST", "/2020-01-01/extension/init/error"):
            self._failed(request, "InitError")
        elif route == ("POST", "/2020-01-01/extension/exit/error"):
            self._failed(request, "ExitError")
        elif route == ("PUT", "/2022-07-01/telemetry"):
            self._subscribe(request)
        else:
            return False
        return True

    def all_registered(self) -> bool:
        return all(agent.state != "Started" for agent in self.agents.values())

    def all_ready(self) -> bool:
        return all(agent.state == "Ready" for agent in self.agents.values())

    def failed(self) -> Optional[Agent]:
        return next((agent for agent in self.agents.values() if agent.state in ("InitError", "ExitError",
                                                                                  "LaunchError")), None)

    def invoked(self) -> List[Agent]:
        return [agent for agent in self.agents.values() if "INVOKE" in agent.events]

    def shut_down(self, event: dict) -> None:
        """SHUTDOWN to those who wait for an event, and to the others as soon as they ask."""
        self._shutdown = event
        for agent in self.agents.values():
            if "SHUTDOWN" in agent.events and agent.parked is not None:
                agent.told_shutdown = True
                agent.send(event)

    def _register(self, request: Request) -> None:
        name = request.headers.get("lambda-extension-name", "")
        if not name:
            return request.error(403, "Extension.InvalidExtensionName", "Empty extension name")
        try:
            wanted = json.loads(request.body or b"{}")
            events = wanted.get("events") or []
            if not isinstance(events, list):
                raise ValueError("events is no array")
        except (ValueError, AttributeError) as error:
            return request.error(403, "InvalidRequestFormat", str(error))
        if wanted.get("configurationKeys"):
            return request.error(403, "InvalidRequestFormat",
                                 "configurationKeys are deprecated; use environment variables instead")
        agent = self.agents.get(name)
        external = agent is not None and agent.external
        for event in events:
            if event not in self._allowed_events(external):
                return request.error(403, "Extension.InvalidEventType", f"{event}: ErrorInvalidEventType")
        if agent is None:
            if not self.registration_open:
                return request.error(403, "Extension.RegistrationClosed", "Extension registration closed already")
            if len(self.agents) >= EXTENSIONS_MAX:
                return request.error(403, "Extension.TooManyExtensions", f"Extension limit ({EXTENSIONS_MAX}) reached")
            agent = self.agents[name] = Agent(name, external=False)
        elif not external:
            return request.error(403, "Extension.InvalidExtensionState", "Extension with this name already registered")
        elif agent.state != "Started":
            return self._bad_state(request, agent, "Registered", agent.name)
        agent.state = "Registered"
        agent.events = set(events)
        agent.registered_at = request.received_at
        answer = {"functionName": self._config.function_name, "functionVersion": self._config.function_version,
                  "handler": self._config.handler}
        features = [part.strip() for part in request.headers.get("lambda-extension-accept-feature", "").split(",")]
        if "accountId" in features:
            answer["accountId"] = self._config.account_id
        request.respond(200, json.dumps(answer, separators=(",", ":")).encode(),
                        [("Lambda-Extension-Identifier", agent.id)], EXTENSION_TYPE)
        self._trace("register", agent.name, events=events, external=external)
        self._changed()

    def _allowed_events(self, external: bool) -> tuple:
        if self._config.managed_instances:
            return ("SHUTDOWN",) if external else ()
        return ("INVOKE", "SHUTDOWN") if external else ("INVOKE",)

    def _identify(self, request: Request) -> Optional[Agent]:
        identifier = request.headers.get("lambda-extension-identifier", "")
        if not identifier:
            request.error(403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
            return None
        try:
            identifier = str(uuid.UUID(identifier))
        except ValueError:
            request.error(403, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")
            return None
        for agent in self.agents.values():
            if agent.id == identifier and agent.state != "Started":
                return agent
        request.error(403, "Extension.UnknownExtensionIdentifier", f"Unknown extension {identifier}")
        return None

    def _next(self, request: Request) -> None:
        agent = self._identify(request)
        if agent is None:
            return None
        if agent.state not in ("Registered", "Running"):
            return self._bad_state(request, agent, "Ready", agent.id)
        agent.state = "Ready"
        agent.parked = request
        agent.next_at.append(request.received_at)
        if self._shutdown and not agent.told_shutdown and "SHUTDOWN" in agent.events:
            agent.told_shutdown = True
            agent.send(self._shutdown)
            return self._changed()
        request.on_abandoned = lambda: self._abandoned(agent, request)
        self._trace("next", agent.name, at=request.received_at)
        self._changed()
        return None

    def _abandoned(self, agent: Agent, request: Request) -> None:
        """The connection of a parked /next went away: the client may come back with another."""
        if agent.parked is request:
            agent.parked = None
            agent.state = "Running"
            self._changed()

    def _failed(self, request: Request, state: str) -> None:
        agent = self._identify(request)
        if agent is None:
            return None
        error_type = request.headers.get("lambda-extension-function-error-type", "")
        if not error_type:
            return request.error(403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
        allowed = ("Registered", "InitError") if state == "InitError" else ("Registered", "Ready", "Running",
                                                                              "ExitError")
        if agent.state not in allowed:
            return self._bad_state(request, agent, state, agent.id)
        agent.state = state
        agent.error_type = error_type if _ERROR_TYPE.match(error_type) else f"Extension.{state}"
        request.respond_json(202, {"status": "OK"})
        self._trace(state, agent.name, error_type=agent.error_type)
        self._changed()
        return None

    def _bad_state(self, request: Request, agent: Agent, wanted: str, named: str) -> None:
        request.error(403, "Extension.InvalidExtensionState",
                      f"State transition from {agent.state} to {wanted} failed for extension {named}. "
                      "Error: State transition is not allowed")

    def _subscribe(self, request: Request) -> None:
        agent = self._identify(request)
        if agent is None:
            return None
        if not self.subscription_open:
            return request.error(403, "Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already")
        terms = parse(request.body, self._config.managed_instances)
        if isinstance(terms, Refusal):
            self._trace("subscribe", agent.name, status=terms.status, error=terms.message)
            return request.error(terms.status, terms.error_type, terms.message)
        fresh = self._hub.subscribe(agent.name, terms)
        request.respond(200, b'"OK"' if fresh else b'"AlreadySubscribed"', content_type="text/plain; charset=utf-8")
        self._trace("subscribe", agent.name, status=200, schema=terms.schema, port=terms.port)
        self._hub.platform("platform.telemetrySubscription",
                           {"name": agent.name, "state": "Subscribed" if fresh else "Already subscribed",
                            "types": list(terms.types)})
        return None

