"""Phoenix, really run: what its columns, views and filters show of the calls, over OTLP/HTTP and over gRPC.

Its cost column cannot show what was charged; `examples/phoenix_costs.py` does it, and is run here.
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

from .calls import CALL, CALLS, PROVIDERS_ERROR, Call, billed, difference, tell
from .pins import version
from .servers import (
    SECONDS,
    Fact,
    environment,
    free_ports,
    get,
    plain_environ,
    post,
    served,
    soon,
    working_folder,
)

COSTS: Final = ROOT / "examples" / "phoenix_costs.py"
# phoenix/server/cost_tracking/cost_model_lookup.py: prices are found by `llm.model_name`
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
    """A Phoenix that runs."""

    url: str
    grpc: str

    def project(self, name: str, only: str | None = None) -> dict[str, Any]:
        """What the pages of a project are made of, or of those spans that a filter lets through."""
        answer = post(f"{self.url}/graphql", {"query": _SPANS, "variables": {"filter": only}})
        if "errors" in answer:
            raise ValueError(json.dumps(answer["errors"]))
        projects = {edge["node"]["name"]: edge["node"] for edge in answer["data"]["projects"]["edges"]}
        return projects.get(name, {})

    def spans(self, name: str, only: str | None = None) -> dict[str, dict[str, Any]]:
        """Its spans by the names of their calls, with their attributes read."""
        found = [edge["node"] for edge in self.project(name, only).get("spans", {"edges": []})["edges"]]
        return _by_call([{**span, "attributes": json.loads(span["attributes"])} for span in found])

    def sent(self, name: str) -> dict[str, dict[str, Any]]:
        """The attributes of its spans, as they were sent and as Phoenix adds to them, by the names of their calls."""
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
    """What runs."""
    return f"Phoenix {version('phoenix')}"


@contextlib.contextmanager
def running() -> Generator[Server]:
    """A Phoenix with nothing in it."""
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
        with served([programs / "phoenix", "serve"], f"{url}/healthz", environ, folder):
            yield Server(url, f"http://127.0.0.1:{grpc}")


def facts() -> Iterator[Fact]:
    """All that is looked at."""
    with running() as server:
        for protocol, endpoint in (("http/protobuf", server.url), ("grpc", server.grpc)):
            project = protocol.partition("/")[0]
            # Phoenix has a session in one project only.
            calls = [replace(call, session=call.session and f"{call.session} {project}") for call in CALLS]
            tell(aimed(endpoint, protocol, project), ["phoenix"], calls)
            yield _arrived(server, project, len(CALLS) + 1, f"over {protocol}")
            yield from _columns(server, project)
            yield from _views(server, project)
            yield from _filters(server, project)
            yield _own_prices(server, project)
        yield from _annotations(server, "http", billed())
        # More than two pages of what the script reads at a time.
        many = [Call(f"{call.name} {number}", call.scenario, call.asked) for call in CALLS for number in range(19)]
        tell(aimed(server.url, "http/protobuf", "many"), ["phoenix"], many)
        yield _arrived(server, "many", len(many), "many")
        yield from _annotations(server, "many", billed(many))


def aimed(endpoint: str, protocol: str, project: str) -> dict[str, str]:
    """What a program needs to know to tell a project here of its calls."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={project}",
    }


_TOKENS: Final[tuple[tuple[str, str, Callable[[Call], int]], ...]] = (
    ("all tokens", "tokenCountTotal", lambda call: call.asked_tokens + call.answered_tokens),
    ("tokens in", "tokenCountPrompt", lambda call: call.asked_tokens),
    ("tokens out", "tokenCountCompletion", lambda call: call.answered_tokens),
)
_TEXTS: Final[tuple[tuple[str, Callable[[Call], str]], ...]] = (
    ("input", lambda call: call.question),
    ("output", lambda call: call.answer),
)


def _arrived(server: Server, project: str, count: int, how: str) -> Fact:
    def missing() -> str:
        found = server.project(project).get("recordCount")
        return "" if found == count else f"it has {found} spans in place of {count}"

    return Fact("spans over HTTP and gRPC", f"each span arrives {how}", soon(missing))


def _columns(server: Server, project: str) -> Iterator[Fact]:
    spans = server.spans(project)

    def fact(topic: str, claim: str, wanted: Mapping[str, Any], field: str) -> Fact:
        found = {name: span.get(field) for name, span in spans.items() if name in wanted}
        return Fact(topic, f"{project}: {claim}", difference(wanted, found))

    by_name = {call.name: call for call in CALLS}
    kinds = {name: "embedding" if call.way == "embeddings" else "llm" for name, call in by_name.items()}
    yield fact("kind", "each call has its kind", kinds, "spanKind")
    good = {name: call for name, call in by_name.items() if not call.error}
    models = {name: spans[name]["attributes"].get("llm", {}).get("model_name") for name in good}
    answered = {name: call.exchange.model for name, call in good.items()}
    yield Fact("the model that answered", f"{project}: which model answered", difference(answered, models))
    chats = {name: call for name, call in good.items() if call.way != "embeddings"}
    for claim, field, of in _TOKENS:
        yield fact("tokens", claim, {name: of(call) for name, call in chats.items()}, field)
    counted = [name for name in good.keys() - chats.keys() if spans[name]["tokenCountTotal"]]
    fault = f"it counts those of {', '.join(counted)}: the limit is gone" if counted else ""
    yield Fact("", f"{project}: tokens of embeddings are not counted", fault, NO_EMBEDDING_TOKENS)
    cached = {name: {"cacheRead": call.cached_tokens} for name, call in chats.items()}
    yield fact("cached and reasoning tokens", "tokens from a cache", cached, "tokenPromptDetails")
    reasoned = {
        name: [
            entry["value"]["tokens"]
            for entry in spans[name]["costDetailSummaryEntries"]
            if entry["tokenType"] == "reasoning"
        ]
        for name in chats
    }
    wanted = {name: [call.reasoning_tokens] for name, call in chats.items()}
    yield Fact("cached and reasoning tokens", f"{project}: tokens of reasoning", difference(wanted, reasoned))
    status = {name: "ERROR" if call.error else "UNSET" for name, call in by_name.items()}
    yield fact("errors with their message", "which failed", status, "statusCode")
    said = {name: PROVIDERS_ERROR if call.error else "" for name, call in by_name.items()}
    yield fact("errors with their message", "what the error says", said, "statusMessage")
    yield fact("users", "who asked", {name: call.user or None for name, call in by_name.items()}, "userId")


def _views(server: Server, project: str) -> Iterator[Fact]:
    """What one span shows, and the sessions."""
    found = server.sent(project)
    spans = server.spans(project)
    for side, text in _TEXTS:
        wanted = {call.name: text(call) for call in CALLS if text(call)}
        shown = {name: _said_last(spans[name][side]) for name in wanted}
        yield Fact("columns of input and output", f"{project}: {side}", difference(wanted, shown))
        views = {name: _viewed(found[name], f"llm.{side}_messages.0.message") for name in wanted}
        yield Fact("messages", f"{project}: {side} messages", difference(wanted, views))
    sessions = {edge["node"]["sessionId"] for edge in server.project(project)["sessions"]["edges"]}
    wanted_sessions = {f"{call.session} {project}" for call in CALLS if call.session}
    yield Fact("sessions", f"{project}: the sessions", difference({"": wanted_sessions}, {"": sessions}))
    streamed = {call.name for call in CALLS if call.way == "stream"}
    first = {name for name, sent in found.items() if sent.get("openrouter.response.time_to_first_token", 0) > 0}
    yield Fact("first token (attribute)", f"{project}: which streamed", difference({"": streamed}, {"": first}))


def _said_last(column: Mapping[str, str] | None) -> str:
    """The text of the last message of a column; nothing where the column is empty."""
    messages: list[dict[str, Any]] = json.loads(column["value"]) if column else []
    return "".join(part["content"] for message in messages[-1:] for part in message["parts"] if part["type"] == "text")


def _viewed(sent: Mapping[str, Any], prefix: str) -> str:
    """The text of a message as its view has it: by itself, or beside the reasoning."""
    if f"{prefix}.content" in sent:
        return sent[f"{prefix}.content"]
    kinds = {key: value for key, value in sent.items() if key.endswith(".message_content.type")}
    return "".join(
        sent[key.removesuffix("type") + "text"]
        for key, value in kinds.items()
        if key.startswith(prefix) and value == "text"
    )


def _filters(server: Server, project: str) -> Iterator[Fact]:
    sent = server.sent(project)
    found = {
        name: Decimal(repr(each["gen_ai.usage.cost"])) for name, each in sent.items() if "gen_ai.usage.cost" in each
    }
    yield Fact("the cost as an attribute", f"{project}: what each call cost", difference(billed(), found))
    yield Fact(
        "the cost as an attribute",
        f"{project}: what all cost",
        difference({"": sum(billed().values())}, {"": sum(found.values())}),
    )
    for limit in ("0.0002", "0.00051"):
        for sign, passes in ((">", Decimal.__gt__), (">=", Decimal.__ge__), ("==", Decimal.__eq__)):
            only = f"attributes['gen_ai']['usage']['cost'] {sign} {limit}"
            wanted = {name for name, cost in billed().items() if passes(cost, Decimal(limit))}
            shown = server.spans(project, only).keys()
            yield Fact("filters by cost", f"{project}: {only}", difference({"": wanted}, {"": set(shown)}))


def _own_prices(server: Server, project: str) -> Fact:
    def estimated() -> dict[str, Decimal]:
        spans = server.spans(project).items()
        summaries = {name: span["costSummary"] for name, span in spans if span["costSummary"]}
        return {name: Decimal(repr(each["total"]["cost"])) for name, each in summaries.items() if each["total"]["cost"]}

    # Phoenix prices spans a little after it has stored them.
    fault = soon(lambda: "" if estimated() else "it shows no estimate of any call")
    right = sorted(name for name, cost in estimated().items() if billed().get(name) == cost)
    if right:
        fault = f"it shows what was charged for {', '.join(right)}: the limit is gone"
    return Fact("", f"{project}: the cost column shows Phoenix's own estimate", fault, OWN_PRICES)


def _annotations(server: Server, project: str, bill: Mapping[str, Decimal]) -> Iterator[Fact]:
    topic = "the real cost as an annotation"
    for wanted in (len(bill), 0):
        said = run_costs(server, project)
        claim = f"{project}: `examples/phoenix_costs.py` annotates {wanted} spans"
        yield Fact(topic, claim, difference({"": f"{wanted} spans annotated"}, {"": said}))
    spans = server.spans(project)
    notes = {
        name: [
            Decimal(repr(note["score"])) for note in span["spanAnnotations"] if note["name"] == "openrouter_cost_usd"
        ]
        for name, span in spans.items()
        if span["spanAnnotations"]
    }
    yield Fact(topic, f"{project}: of each call", difference({name: [cost] for name, cost in bill.items()}, notes))
    total = sum((score for scores in notes.values() for score in scores), Decimal(0))
    yield Fact(topic, f"{project}: of all", difference({"": sum(bill.values())}, {"": total}))
    only = "annotations['openrouter_cost_usd'].score > 0.0002"
    wanted_names = {name for name, cost in bill.items() if cost > Decimal("0.0002")}
    shown = set(server.spans(project, only))
    yield Fact("filters by cost", f"{project}: {only}", difference({"": wanted_names}, {"": shown}))


def run_costs(server: Server, project: str) -> str:
    """Run the example that annotates, and what it says."""
    environ = plain_environ(PHOENIX_COLLECTOR_ENDPOINT=server.url, PHOENIX_PROJECT_NAME=project)
    command = [sys.executable, str(COSTS)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    return (done.stdout + done.stderr).strip()
