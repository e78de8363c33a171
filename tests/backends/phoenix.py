"""Runs Phoenix: what its columns, views and filters show for the calls, over OTLP/HTTP and over gRPC.

Its cost column cannot show the charged cost; `examples/phoenix_costs.py` adds it, and is run here.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from tests.environments import ROOT

from .calls import CALL, CALLS, PROVIDERS_ERROR, Call, billed_costs, difference, run_program
from .pins import version
from .servers import (
    TIMEOUT,
    Check,
    environment,
    eventually,
    free_ports,
    get,
    plain_environ,
    post,
    running_server,
    working_folder,
)

COSTS: Final = ROOT / "examples" / "phoenix_costs.py"
# phoenix/server/cost_tracking/cost_model_lookup.py: the price list is keyed by `llm.model_name`
OWN_PRICES: Final = (
    "Phoenix computes its cost column from its own price list and the response model, and ignores cost attributes "
    "([#15240](https://github.com/Arize-ai/phoenix/issues/15240)); "
    "[`examples/phoenix_costs.py`](../examples/phoenix_costs.py) adds the charged cost as an annotation"
)
# phoenix/db/insertion/span.py
NO_EMBEDDING_TOKENS: Final = "Phoenix counts tokens of LLM spans only: token counts of embeddings are attributes"
_SPANS: Final = """query ($filter: String) { projects { edges { node { name
  id recordCount(filterCondition: $filter)
  sessions(first: 100) { edges { node { sessionId } } }
  spans(first: 1000, filterCondition: $filter) { edges { node {
    id spanId trace { traceId } spanKind statusCode statusMessage userId attributes
    tokenCountTotal tokenCountPrompt tokenCountCompletion tokenPromptDetails { cacheRead }
    costDetailSummaryEntries { tokenType value { tokens } }
    costSummary { total { cost } }
    input { value } output { value }
    spanAnnotations { name score }
  } } } } } } }"""


@dataclass(frozen=True)
class Server:
    """A running Phoenix."""

    url: str
    grpc: str

    def project(self, name: str, only: str | None = None) -> dict[str, Any]:
        """Return the data of a project's pages, optionally only of the spans that match a filter."""
        result = post(f"{self.url}/graphql", {"query": _SPANS, "variables": {"filter": only}})
        if "errors" in result:
            raise ValueError(json.dumps(result["errors"]))
        projects = {edge["node"]["name"]: edge["node"] for edge in result["data"]["projects"]["edges"]}
        return projects.get(name, {})

    def spans(self, name: str, only: str | None = None) -> dict[str, dict[str, Any]]:
        """Return a project's spans by call name, with parsed attributes."""
        found = [edge["node"] for edge in self.project(name, only).get("spans", {"edges": []})["edges"]]
        return _by_call([{**span, "attributes": json.loads(span["attributes"])} for span in found])

    def sent(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the attributes of a project's spans, as exported and extended by Phoenix, by call name."""
        spans = json.loads(get(f"{self.url}/v1/projects/{name}/spans?limit=1000"))["data"]
        return {span["attributes"][CALL]: span["attributes"] for span in spans if CALL in span["attributes"]}


def _by_call(spans: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for span in spans:
        about = span["attributes"].get("openrouter", {}).get("request", {}).get("metadata", {})
        if "call" in about:
            found[about["call"]] = span
    return found


def release() -> str:
    """Return name and version."""
    return f"Phoenix {version('phoenix')}"


@contextlib.contextmanager
def running() -> Generator[Server]:
    """Run an empty Phoenix."""
    programs = environment("phoenix")
    http, grpc = free_ports(2)
    url = f"http://127.0.0.1:{http}"
    with working_folder() as folder:
        # https://arize.com/docs/phoenix/self-hosting/configuration
        environ = plain_environ(
            PHOENIX_WORKING_DIR=str(folder),
            PHOENIX_HOST="127.0.0.1",
            PHOENIX_PORT=str(http),
            PHOENIX_GRPC_PORT=str(grpc),
            PHOENIX_TELEMETRY_ENABLED="false",
            PHOENIX_ALLOW_EXTERNAL_RESOURCES="false",
        )
        with running_server([programs / "phoenix", "serve"], f"{url}/healthz", environ, folder):
            yield Server(url, f"http://127.0.0.1:{grpc}")


def checks() -> Iterator[Check]:
    """Run all checks."""
    with running() as server:
        for protocol, endpoint in (("http/protobuf", server.url), ("grpc", server.grpc)):
            project = protocol.partition("/")[0]
            # Phoenix stores a session in one project only.
            calls = [replace(call, session=call.session and f"{call.session} {project}") for call in CALLS]
            run_program(otlp_environ(endpoint, protocol, project), ["phoenix"], calls)
            yield _arrived(server, project, len(CALLS) + 1, f"over {protocol}")
            yield from _columns(server, project)
            yield from _views(server, project)
            yield from _filters(server, project)
            yield _own_prices(server, project)
        yield from _annotations(server, "http", billed_costs())
        # More than two pages of the script's queries.
        many = [Call(f"{call.name} {number}", call.scenario, call.model) for call in CALLS for number in range(19)]
        run_program(otlp_environ(server.url, "http/protobuf", "many"), ["phoenix"], many)
        yield _arrived(server, "many", len(many), "many")
        yield from _annotations(server, "many", billed_costs(many))


def otlp_environ(endpoint: str, protocol: str, project: str) -> dict[str, str]:
    """Return the variables of a program that exports to a project."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={project}",
    }


_TOKENS: Final[tuple[tuple[str, str, Callable[[Call], int]], ...]] = (
    ("total tokens", "tokenCountTotal", lambda call: call.input_tokens + call.output_tokens),
    ("input tokens", "tokenCountPrompt", lambda call: call.input_tokens),
    ("output tokens", "tokenCountCompletion", lambda call: call.output_tokens),
)
_TEXTS: Final[tuple[tuple[str, Callable[[Call], str]], ...]] = (
    ("input", lambda call: call.question),
    ("output", lambda call: call.response_text),
)


def _arrived(server: Server, project: str, count: int, how: str) -> Check:
    def missing() -> str:
        found = server.project(project).get("recordCount")
        return "" if found == count else f"it has {found} spans instead of {count}"

    return Check("spans over HTTP and gRPC", f"each span arrives {how}", eventually(missing))


def _columns(server: Server, project: str) -> Iterator[Check]:
    spans = server.spans(project)

    def check(topic: str, claim: str, expected: Mapping[str, Any], field: str) -> Check:
        found = {name: span.get(field) for name, span in spans.items() if name in expected}
        return Check(topic, f"{project}: {claim}", difference(expected, found))

    by_name = {call.name: call for call in CALLS}
    kinds = {name: "embedding" if call.style == "embeddings" else "llm" for name, call in by_name.items()}
    yield check("kind", "kind of each call", kinds, "spanKind")
    good = {name: call for name, call in by_name.items() if not call.error}
    models = {name: spans[name]["attributes"].get("llm", {}).get("model_name") for name in good}
    response_models = {name: call.canned.model for name, call in good.items()}
    yield Check("the model that answered", f"{project}: response model", difference(response_models, models))
    chats = {name: call for name, call in good.items() if call.style != "embeddings"}
    for claim, field, of in _TOKENS:
        yield check("tokens", claim, {name: of(call) for name, call in chats.items()}, field)
    counted = [name for name in good.keys() - chats.keys() if spans[name]["tokenCountTotal"]]
    failure = f"it counts the tokens of {', '.join(counted)}: the limit no longer exists" if counted else ""
    yield Check("", f"{project}: tokens of embeddings are not counted", failure, NO_EMBEDDING_TOKENS)
    cached = {name: {"cacheRead": call.cached_tokens} for name, call in chats.items()}
    yield check("cached and reasoning tokens", "cached tokens", cached, "tokenPromptDetails")
    reasoned = {
        name: [
            entry["value"]["tokens"]
            for entry in spans[name]["costDetailSummaryEntries"]
            if entry["tokenType"] == "reasoning"
        ]
        for name in chats
    }
    expected = {name: [call.reasoning_tokens] for name, call in chats.items()}
    yield Check("cached and reasoning tokens", f"{project}: reasoning tokens", difference(expected, reasoned))
    status = {name: "ERROR" if call.error else "UNSET" for name, call in by_name.items()}
    yield check("errors with their message", "which calls failed", status, "statusCode")
    messages = {name: PROVIDERS_ERROR if call.error else "" for name, call in by_name.items()}
    yield check("errors with their message", "message of the error", messages, "statusMessage")
    yield check("users", "the user", {name: call.user or None for name, call in by_name.items()}, "userId")


def _views(server: Server, project: str) -> Iterator[Check]:
    """Check the view of a span, and the sessions."""
    found = server.sent(project)
    spans = server.spans(project)
    for side, text in _TEXTS:
        expected = {call.name: text(call) for call in CALLS if text(call)}
        shown = {name: _last_text(spans[name][side]) for name in expected}
        yield Check("columns of input and output", f"{project}: {side}", difference(expected, shown))
        views = {name: _viewed(found[name], f"llm.{side}_messages.0.message") for name in expected}
        yield Check("messages", f"{project}: {side} messages", difference(expected, views))
    sessions = {edge["node"]["sessionId"] for edge in server.project(project)["sessions"]["edges"]}
    expected_sessions = {f"{call.session} {project}" for call in CALLS if call.session}
    yield Check("sessions", f"{project}: the sessions", difference({"": expected_sessions}, {"": sessions}))
    streamed = {call.name for call in CALLS if call.style == "stream"}
    first = {name for name, sent in found.items() if sent.get("openrouter.response.time_to_first_token", 0) > 0}
    yield Check("first token (attribute)", f"{project}: which calls streamed", difference({"": streamed}, {"": first}))


def _last_text(column: Mapping[str, str] | None) -> str:
    """Return the text of the last message of a column; empty if the column is empty."""
    messages: list[dict[str, Any]] = json.loads(column["value"]) if column else []
    return "".join(part["content"] for message in messages[-1:] for part in message["parts"] if part["type"] == "text")


def _viewed(sent: Mapping[str, Any], prefix: str) -> str:
    """Return the text of a message as the view shows it: alone, or next to the reasoning."""
    if f"{prefix}.content" in sent:
        return sent[f"{prefix}.content"]
    kinds = {key: value for key, value in sent.items() if key.endswith(".message_content.type")}
    return "".join(
        sent[key.removesuffix("type") + "text"]
        for key, value in kinds.items()
        if key.startswith(prefix) and value == "text"
    )


def _filters(server: Server, project: str) -> Iterator[Check]:
    sent = server.sent(project)
    found = {
        name: Decimal(repr(each["gen_ai.usage.cost"])) for name, each in sent.items() if "gen_ai.usage.cost" in each
    }
    yield Check("the cost as an attribute", f"{project}: cost of each call", difference(billed_costs(), found))
    yield Check(
        "the cost as an attribute",
        f"{project}: total cost",
        difference({"": sum(billed_costs().values())}, {"": sum(found.values())}),
    )
    for limit in ("0.0002", "0.00051"):
        for sign, passes in ((">", Decimal.__gt__), (">=", Decimal.__ge__), ("==", Decimal.__eq__)):
            only = f"attributes['gen_ai']['usage']['cost'] {sign} {limit}"
            expected = {name for name, cost in billed_costs().items() if passes(cost, Decimal(limit))}
            shown = server.spans(project, only).keys()
            yield Check("filters by cost", f"{project}: {only}", difference({"": expected}, {"": set(shown)}))


def _own_prices(server: Server, project: str) -> Check:
    def estimated() -> dict[str, Decimal]:
        spans = server.spans(project).items()
        summaries = {name: span["costSummary"] for name, span in spans if span["costSummary"]}
        return {name: Decimal(repr(each["total"]["cost"])) for name, each in summaries.items() if each["total"]["cost"]}

    # Phoenix computes prices with a delay.
    failure = eventually(lambda: "" if estimated() else "it shows no estimate")
    right = sorted(name for name, cost in estimated().items() if billed_costs().get(name) == cost)
    if right:
        failure = f"it shows the charged cost of {', '.join(right)}: the limit no longer exists"
    return Check("", f"{project}: the cost column shows Phoenix's own estimate", failure, OWN_PRICES)


def _annotations(server: Server, project: str, bill: Mapping[str, Decimal]) -> Iterator[Check]:
    topic = "the real cost as an annotation"
    for expected in (len(bill), 0):
        output = run_costs(server, project)
        claim = f"{project}: `examples/phoenix_costs.py` annotates {expected} spans"
        yield Check(topic, claim, difference({"": f"{expected} spans annotated"}, {"": output}))
    spans = server.spans(project)
    notes = {
        name: [
            Decimal(repr(note["score"])) for note in span["spanAnnotations"] if note["name"] == "openrouter_cost_usd"
        ]
        for name, span in spans.items()
        if span["spanAnnotations"]
    }
    yield Check(
        topic, f"{project}: cost of each call", difference({name: [cost] for name, cost in bill.items()}, notes)
    )
    total = sum((score for scores in notes.values() for score in scores), Decimal(0))
    yield Check(topic, f"{project}: total cost", difference({"": sum(bill.values())}, {"": total}))
    only = "annotations['openrouter_cost_usd'].score > 0.0002"
    expected_names = {name for name, cost in bill.items() if cost > Decimal("0.0002")}
    shown = set(server.spans(project, only))
    yield Check("filters by cost", f"{project}: {only}", difference({"": expected_names}, {"": shown}))


def run_costs(server: Server, project: str) -> str:
    """Run the example that annotates the costs, and return its output."""
    environ = plain_environ(PHOENIX_COLLECTOR_ENDPOINT=server.url, PHOENIX_PROJECT_NAME=project)
    command = [sys.executable, str(COSTS)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return (done.stdout + done.stderr).strip()
