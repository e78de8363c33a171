"""DSPy: its modules with both engines, its own (lm15, which uses sockets) and LiteLLM, without its cache.

https://dspy.ai/learn/programming/language_models/, https://dspy.ai/tutorials/streaming/ and
https://dspy.ai/api/models/Embedder/
"""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "true"  # both read the prices from the network otherwise

import dspy
from dspy.streaming import StreamListener
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from programs.documented import mode as documented

OPENROUTER = "openrouter/google/gemini-2.5-flash"
TOOL_MODELS = {"lm15": "openrouter/openai/gpt-4o-mini", "litellm": OPENROUTER}
"""A model that calls tools by the API, for each engine: each has its own list of models."""
QUESTION = "How is the weather in Paris?"
Mode = Callable[[], Any]


def weather(city: str) -> str:
    """Return the weather in a city."""
    return f"sunny in {city}"


class TextAdapter(dspy.ChatAdapter):
    """Accepts the simulated model's text as the value of each field, and as a call of the tool."""

    def parse(self, signature: Any, completion: str, **_: Any) -> dict[str, Any]:
        """Return the fields of *signature*."""
        call = {"next_tool_name": "weather", "next_tool_args": {"city": "Paris"}}
        return {name: call.get(name, completion) for name in signature.output_fields}


async def _collect(stream: Any) -> list[Any]:
    return [each async for each in stream]


def lm() -> Any:
    """The language model itself."""
    return dspy.settings.lm(QUESTION)


def async_lm() -> Any:
    """The same, three calls at a time."""

    async def calls() -> Any:
        return await asyncio.gather(*(dspy.settings.lm.acall(QUESTION) for _ in range(3)))

    return asyncio.run(calls())


def predict() -> Any:
    """Structured output."""
    return dspy.Predict("question -> city, degrees: int")(question=QUESTION).toDict()


def chain_of_thought() -> Any:
    """Reasoning and an answer."""
    return dspy.ChainOfThought("question -> answer")(question=QUESTION).toDict()


def async_predict() -> Any:
    """The same, async."""
    return asyncio.run(dspy.ChainOfThought("question -> answer").acall(question=QUESTION)).toDict()


def batch() -> Any:
    """Three predictions in DSPy's threads, to which OpenTelemetry's instrumentation of threads passes the span on."""
    examples = [dspy.Example(question=QUESTION).with_inputs("question")] * 3
    ThreadingInstrumentor().instrument()
    found = dspy.Predict("question -> answer").batch(examples, num_threads=3)
    ThreadingInstrumentor().uninstrument()
    return [each.toDict() for each in found]


def react() -> Any:
    """An agent that calls its tool by text."""
    with dspy.context(adapter=TextAdapter()):
        return dspy.ReAct("question -> answer", tools=[weather], max_iters=2)(question=QUESTION).toDict()


def async_react() -> Any:
    """The same, async."""
    with dspy.context(adapter=TextAdapter()):
        agent = dspy.ReAct("question -> answer", tools=[weather], max_iters=2)
        return asyncio.run(agent.acall(question=QUESTION)).toDict()


def tools(engine: str) -> Any:
    """An agent that calls its tool by the API."""
    adapter = dspy.JSONAdapter(use_native_function_calling=True)
    with dspy.context(lm=dspy.settings.lm.copy(model=TOOL_MODELS[engine]), adapter=adapter):
        agent = dspy.ReActV2("question -> answer", tools=[weather], max_iters=2)
        return agent(question=QUESTION).answer


def streaming() -> Any:
    """The chunks of a field."""
    listeners = [StreamListener("answer")]
    program = dspy.streamify(dspy.Predict("question -> answer"), stream_listeners=listeners)
    found = asyncio.run(_collect(program(question=QUESTION)))
    return [each.toDict() if isinstance(each, dspy.Prediction) else each.chunk for each in found]


def streaming_all() -> Any:
    """The chunks of the model, of which some ids differ."""
    found = asyncio.run(_collect(dspy.streamify(dspy.Predict("question -> answer"))(question=QUESTION)))
    return [each.toDict() if isinstance(each, dspy.Prediction) else type(each).__name__ for each in found]


def streaming_sync() -> Any:
    """The same, not async."""
    program = dspy.streamify(dspy.Predict("question -> answer"), async_streaming=False)
    found = list(program(question=QUESTION))
    return [each.toDict() if isinstance(each, dspy.Prediction) else type(each).__name__ for each in found]


def embeddings(base_url: str) -> Any:
    """Two embeddings, which DSPy requests by LiteLLM."""
    name = "openrouter/openai/text-embedding-3-small"
    embedder = dspy.Embedder(name, caching=False, api_base=base_url, api_key="sk-or-x")
    return embedder(["Paris", "London"]).tolist()


def async_embeddings(base_url: str) -> Any:
    """The same, async."""
    name = "openrouter/openai/text-embedding-3-small"
    embedder = dspy.Embedder(name, caching=False, api_base=base_url, api_key="sk-or-x")
    return asyncio.run(embedder.acall(["Paris", "London"])).tolist()


def _run(engine: str, mode: Mode, base_url: str) -> Any:
    """Run a mode with a language model of its own."""
    model = dspy.LM(OPENROUTER, api_base=base_url, api_key="sk-or-x", cache=False, num_retries=0, engine=engine)
    with dspy.context(lm=model, adapter=dspy.JSONAdapter()):
        return mode()


def _modes(engine: str) -> dict[str, Mode]:
    return {
        "plain": lm,
        "async plain": async_lm,
        "Predict": predict,
        "ChainOfThought": chain_of_thought,
        "async ChainOfThought": async_predict,
        "batch": batch,
        "ReAct": react,
        "async ReAct": async_react,
        "tools": partial(tools, engine),
        "streaming": streaming,
        "streaming chunks": streaming_all,
        "streaming, not async": streaming_sync,
    }


MODES: dict[str, Callable[[str], Any]] = {
    **{f"own engine, {name}": partial(_run, "lm15", mode) for name, mode in _modes("lm15").items()},
    **{f"LiteLLM, {name}": partial(_run, "litellm", mode) for name, mode in _modes("litellm").items()},
    "embeddings": embeddings,
    "async embeddings": async_embeddings,
    "the program of [Clients](clients.md#dspy)": documented("DSPy"),
}
