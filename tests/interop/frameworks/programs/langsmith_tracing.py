"""LangSmith's tracing, which the programs of LangChain and LangGraph enable."""

from collections.abc import Callable
from typing import Any

import langsmith
from langchain_core.tracers.langchain import wait_for_all_tracers


def traced(mode: Callable[[str], Any]) -> Callable[[str], Any]:
    """Run the mode, then wait until LangSmith's thread has created its spans."""

    def run(base_url: str) -> Any:
        result = mode(base_url)
        wait_for_all_tracers()
        return result

    return run


def trace_itself() -> None:
    """LangSmith's client creates OpenTelemetry spans for the runs, after them and in its own thread.

    https://docs.langchain.com/langsmith/trace-with-opentelemetry
    """
    langsmith.configure(client=langsmith.Client(tracing_mode="otel"), enabled=True)


# During a call its spans do not exist yet, and afterwards they cannot be matched with the call.
SEPARATE_SPANS = (
    "langsmith",
    "LangSmith creates its spans after the calls, in its own thread, so there is no span to enrich during a call",
)
