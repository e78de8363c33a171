"""Runs `register(auto_instrument=True)` of Phoenix and of Arize with this project installed: each call has its cost.

Phoenix's spans go to a real Phoenix, Arize's to an OTLP receiver on loopback. Each runs alone and together with
OpenInference's instrumentor, with and without `opentelemetry-instrument`.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any, Final
from urllib.error import HTTPError

from tests.environments import ROOT
from tests.otlp import Receiver
from tests.simulator import Simulator

from . import phoenix
from .calls import CALL, CALLS, billed_costs, difference
from .pins import PINS
from .servers import TIMEOUT, Check, environment, eventually, get, plain_environ

ALONE, BESIDE = "register", "register-openinference"
OVERRIDING: Final = "Overriding of current TracerProvider is not allowed\n"
"""The API's warning: `opentelemetry-instrument` has set the global provider before `register()` does."""
ALREADY: Final = "Attempting to instrument while already instrumented\n"
"""The warning of OpenInference's instrumentor, which is loaded twice."""
FIRST_PROVIDER: Final = (
    "Under `opentelemetry-instrument`, OpenInference's instrumentor keeps the provider of its first loading, so its "
    "spans, with the cost, do not reach the provider of `register()`; "
    "`OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=openai` prevents this"
)
NOT_LOADED: Final = (
    "`register()` without `auto_instrument=True` loads no instrumentation, so spans of OpenInference's instrumentor "
    "have no cost"
)
COST: Final = "gen_ai.usage.cost"
# Phoenix stores a session in one project only; this program has no turns.
REGISTERED_CALLS: Final = tuple(replace(call, session="", turn="") for call in CALLS)


@dataclass(frozen=True)
class Run:
    """One way of loading, and what it prints to standard error."""

    how: str
    environment: str = ALONE
    zero_code: bool = False
    """Whether the program is started with `opentelemetry-instrument`."""
    register: Mapping[str, Any] = field(default_factory=lambda: {"auto_instrument": True})
    """The arguments of `register()`, besides the project's name."""
    then: str = ""
    """What the program calls after `register()`: `OpenAIInstrumentor`, `initialize` or nothing."""
    instrument: bool = False
    """Whether the program also calls `OpenRouterInstrumentor().instrument()`."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    stderr: str = ""
    has_dialect: bool = True
    limit: str = ""


_DISABLED: Final = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "openai"}
_NOT_GLOBAL: Final = {"auto_instrument": True, "set_global_tracer_provider": False}
# Arize's page on OpenRouter
_NOT_LOADING: Final[dict[str, Any]] = {"register": {}, "then": "OpenAIInstrumentor"}
RUNS: Final = (
    Run("alone"),
    Run("alone, without dialects", variables={"OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS": ""}, has_dialect=False),
    Run("alone, under `opentelemetry-instrument`", zero_code=True, stderr=OVERRIDING),
    Run("alone, under `opentelemetry-instrument`, not global", zero_code=True, register=_NOT_GLOBAL),
    Run("alone, before `initialize()`", then="initialize", stderr=OVERRIDING),
    Run("with OpenInference", BESIDE),
    Run(
        "with OpenInference, under `opentelemetry-instrument`",
        BESIDE,
        zero_code=True,
        register=_NOT_GLOBAL,
        variables=_DISABLED,
    ),
    Run(
        "with OpenInference, loaded by `opentelemetry-instrument`",
        BESIDE,
        zero_code=True,
        stderr=OVERRIDING + ALREADY,
        limit=FIRST_PROVIDER,
    ),
    Run("`register()` and `instrument()`, with OpenInference", BESIDE, **_NOT_LOADING, instrument=True),
    Run("`register()` only, with OpenInference", BESIDE, **_NOT_LOADING, limit=NOT_LOADED),
)


def release() -> str:
    """Return the names and versions of both packages."""
    return f"`register()` of {' and '.join(PINS[ALONE][:2])}".replace(" == ", " ")


def checks() -> Iterator[Check]:
    """Run all checks."""
    with phoenix.running() as server:
        for number, run in enumerate(RUNS):
            project = f"my-llm-app-{number}"
            port = server.grpc.rpartition(":")[2]
            variables = {"PHOENIX_COLLECTOR_ENDPOINT": server.url, "PHOENIX_GRPC_PORT": port}
            yield from _check("phoenix", run, variables, project, partial(_sent_to_phoenix, server, project))
    for run in RUNS:
        with Receiver() as receiver:
            variables = {
                "ARIZE_COLLECTOR_ENDPOINT": receiver.grpc,
                "ARIZE_SPACE_ID": "simulated",
                "ARIZE_API_KEY": "simulated",
            }
            yield from _check("arize", run, variables, "my-llm-app", partial(_sent_to_receiver, receiver))


Sent = Sequence[Mapping[str, Any]]
"""The attributes of each span that has arrived."""


def _sent_to_phoenix(server: phoenix.Server, project: str) -> Sent:
    try:
        spans = json.loads(get(f"{server.url}/v1/projects/{project}/spans?limit=1000"))["data"]
    except HTTPError:  # the first span creates the project
        return []
    return [span["attributes"] for span in spans]


def _sent_to_receiver(receiver: Receiver) -> Sent:
    return [{name: value for name, (_, value) in span["attributes"].items()} for span in receiver.spans()]


def _check(
    vendor: str, run: Run, variables: Mapping[str, str], project: str, sent: Callable[[], Sent]
) -> Iterator[Check]:
    name, topic = f"{vendor}, {run.how}", "" if run.limit else run.how
    with Receiver() as distro:
        stderr = _run_program(vendor, run, {**variables, **_distro_variables(distro)}, project)
        first_provider = _sent_to_receiver(distro)
    yield Check(topic, f"{name}: nothing else is logged", difference({"": run.stderr}, {"": stderr}))
    if run.limit is FIRST_PROVIDER:
        yield Check("", f"{name}: the spans reach the first provider", _wrong_costs(first_provider, COST), run.limit)
        yield Check("", f"{name}: they do not reach that of `register()`", _any_spans(sent()))
        return
    yield Check(topic, f"{name}: no span reaches another provider", _any_spans(first_provider))
    arrived = eventually(lambda: difference({"": len(CALLS)}, {"": len(sent())}))
    yield Check(topic, f"{name}: one span per call", arrived)
    if run.limit:
        yield Check("", f"{name}: no cost", _any_costs(sent()), run.limit)
        return
    yield Check(topic, f"{name}: cost of each call", _wrong_costs(sent(), COST))
    if run.has_dialect:
        yield Check(topic, f"{name}: cost of each call, dialect", _wrong_costs(sent(), "llm.cost.total"))
    else:
        dialect = [attributes["llm.cost.total"] for attributes in sent() if "llm.cost.total" in attributes]
        yield Check(topic, f"{name}: no dialect", difference({"": list[Any]()}, {"": dialect}))


def _distro_variables(receiver: Receiver) -> dict[str, str]:
    """Return the variables of `opentelemetry-instrument`, whose provider exports to a receiver of its own."""
    return {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": receiver.grpc,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }


def _run_program(vendor: str, run: Run, variables: Mapping[str, str], project: str) -> str:
    """Run the program against a simulator, and return what it prints to standard error."""
    programs = environment(run.environment, ours=True)
    command = [*([programs / "opentelemetry-instrument"] if run.zero_code else []), programs / "python"]
    with Simulator() as openrouter:
        instructions = {
            "vendor": vendor,
            "register": {"project_name": project, **run.register},
            "then": run.then,
            "instrument": run.instrument,
            "calls": [{**asdict(call), "base_url": openrouter.base_url(call.scenario)} for call in REGISTERED_CALLS],
        }
        known = {"OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url}
        done = subprocess.run(
            [*map(str, command), "-m", "tests.backends.registered_program"],
            cwd=ROOT,
            env=plain_environ(**variables, **known, **run.variables),
            input=json.dumps(instructions),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"the program exited with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stderr


def _wrong_costs(sent: Sent, name: str) -> str:
    """Compare an attribute with the bill; empty if they are equal and each call has one span."""
    calls = Counter(str(attributes.get(CALL)) for attributes in sent)
    costs = {str(attributes.get(CALL)): Decimal(repr(attributes[name])) for attributes in sent if name in attributes}
    expected = Counter({call.name: 1 for call in REGISTERED_CALLS})
    return difference(expected, calls) or difference(billed_costs(), costs)


def _any_spans(sent: Sent) -> str:
    return difference({"": 0}, {"": len(sent)})


def _any_costs(sent: Sent) -> str:
    costs = sum(COST in attributes or "llm.cost.total" in attributes for attributes in sent)
    return f"{costs} spans have a cost: the limit no longer exists" if costs else ""
