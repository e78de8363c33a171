"""The frameworks to test: their releases, and their titles in docs/frameworks.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Pin:
    """One framework and its requirements."""

    title: str
    requires: tuple[str, ...]
    skip: str = ""
    """The reason not to run it."""
    python: tuple[int, int] = (3, 10)
    """The oldest Python that it runs with."""


PINS: Final[Mapping[str, Pin]] = {
    "instructor": Pin("Instructor", ("instructor == 1.17.0", "openai == 3.3.0")),
    "instructor_anthropic": Pin("Instructor, `from_anthropic`", ("instructor == 1.17.0", "anthropic == 2.14.0")),
    "langchain": Pin("LangChain", ("langchain-openai == 1.7.3", "openai == 3.52.0")),
    "langgraph": Pin(
        "LangGraph", ("langgraph == 1.2.22", "langchain == 1.4.7", "langchain-openai == 1.7.3", "openai == 3.52.0")
    ),
    "haystack": Pin(
        "Haystack",
        (
            "haystack-ai == 3.4.0",
            "openrouter-haystack == 2.0.0",
            "opentelemetry-haystack == 2.0.0",
            "openai == 3.52.0",
        ),
    ),
    "langchain_openrouter": Pin(
        "LangChain, `ChatOpenRouter`", ("langchain-openrouter == 0.2.9", "openrouter == 0.11.46")
    ),
    "langchain_anthropic": Pin("LangChain, `ChatAnthropic`", ("langchain-anthropic == 1.7.10", "anthropic == 2.14.0")),
    "smolagents": Pin(
        "smolagents",
        (
            "smolagents[openai] == 1.26.0",
            "openai == 3.52.0",
            "openinference-instrumentation-smolagents == 0.1.43",
        ),
    ),
    "agno": Pin("Agno", ("agno == 3.1.10", "openai == 3.52.0", "openinference-instrumentation-agno == 1.0.15")),
    "crewai": Pin("CrewAI", ("crewai == 1.15.30", "openai == 2.54.0")),
    "dspy": Pin(
        "DSPy",
        (
            "dspy[numpy] == 3.4.1",
            "litellm == 1.110.2",
            "openai == 3.57.0",
            "opentelemetry-instrumentation-threading == 0.66b1",
        ),
    ),
    "litellm_native": Pin("LiteLLM, compiled transport enabled", ("litellm[mcp] == 1.110.2", "openai == 3.57.0")),
    "pydantic_ai": Pin("Pydantic AI", ("pydantic-ai-slim[openai] == 2.68.0", "openai == 3.52.0")),
    "pydantic_ai_anthropic": Pin(
        "Pydantic AI, `AnthropicModel`", ("pydantic-ai-slim[anthropic] == 2.68.0", "anthropic == 2.14.0")
    ),
    "openai_agents": Pin("OpenAI Agents SDK", ("openai-agents == 0.24.0", "openai == 3.52.0")),
    "llama_index": Pin(
        "LlamaIndex",
        (
            "llama-index-core == 0.14.25",
            "llama-index-llms-openrouter == 0.6.0",
            "llama-index-observability-otel == 0.7.0",
            "openai == 2.54.0",
        ),
    ),
    "autogen": Pin("AutoGen", ("autogen-agentchat == 0.7.5", "autogen-ext[openai] == 0.7.5", "openai == 3.52.0")),
    "litellm": Pin("LiteLLM", ("litellm == 1.110.2", "openai == 3.57.0")),
    "litellm_proxy": Pin(
        "LiteLLM proxy",
        (
            "litellm[proxy] == 1.108.7",  # the newest that can be installed: 1.110.2 requires an unpublished package
            "openai == 3.57.0",
            "opentelemetry-distro == 0.66b2",
            "opentelemetry-instrumentation-fastapi == 0.66b2",
            "opentelemetry-exporter-otlp-proto-http == 1.45.2",
        ),
    ),
    "smolagents_litellm": Pin(
        "smolagents, `LiteLLMModel`",
        (
            "smolagents[litellm] == 1.26.0",
            "litellm == 1.110.2",
            "openinference-instrumentation-smolagents == 0.1.43",
        ),
    ),
    "langchain_litellm": Pin("LangChain, `ChatLiteLLM`", ("langchain-litellm == 0.11.2", "litellm == 1.110.2")),
    "google_adk": Pin("Google ADK, `LiteLlm`", ("google-adk == 2.13.0", "litellm == 1.110.2")),
    "openhands": Pin("OpenHands SDK", ("openhands-sdk == 1.58.2", "litellm == 1.105.7"), python=(3, 12)),
    "mem0": Pin("mem0", ("mem0ai == 2.2.1", "qdrant-client == 1.20.0", "litellm == 1.110.2", "openai == 3.57.0")),
    # browser-use requires an anyio that newer releases of LiteLLM refuse.
    "browser_use": Pin("browser-use", ("browser-use == 0.13.14", "litellm == 1.108.14", "openai == 3.57.0")),
    "agent_framework": Pin(
        "Microsoft Agent Framework",
        ("agent-framework-core == 1.23.0", "agent-framework-openai == 1.17.0", "openai == 3.57.0"),
    ),
    # Strands Agents requires openai < 3 and anthropic < 1, any-llm anthropic < 1.
    "strands": Pin(
        "Strands Agents",
        ("strands-agents[anthropic,openai] == 1.62.0", "openai == 2.54.0", "anthropic == 0.125.0"),
    ),
    "llm": Pin("llm", ("llm == 0.36", "llm-openrouter == 0.7.1", "openai == 3.57.0")),
    "any_llm": Pin("any-llm", ("any-llm-sdk[openrouter] == 1.40.2", "openai == 3.57.0", "anthropic == 0.125.0")),
    "jupyter": Pin(
        "Jupyter, each cell run twice",
        ("ipykernel == 7.4.0", "nbclient == 0.11.0", "openai == 3.57.0", "rich == 15.0.0"),
    ),
    "http_clients": Pin(
        "No framework: HTTP libraries",
        ("requests == 2.34.2", "httpx == 0.28.1", "httpx-sse == 0.4.3", "aiohttp == 3.14.5"),
    ),
}
