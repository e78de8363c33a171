"""The pure functions give the same results for the SDK's models as for the JSON that the models are built from."""

import json
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from openai._models import construct_type
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry.instrumentation.openrouter import _operations
from opentelemetry.instrumentation.openrouter._content.parts import make_text_filter
from opentelemetry.instrumentation.openrouter._telemetry.captured_content import as_json
from opentelemetry.instrumentation.openrouter._wire.chat import fold_chunk, fold_completion
from opentelemetry.instrumentation.openrouter._wire.fields import mapping
from opentelemetry.instrumentation.openrouter._wire.response import ResponseRecord, response_attributes

from tests.json_strategies import bodies, check_attributes, check_structure
from tests.simulator import CANNED_REPLIES, Chat
from tests.simulator.responses import Responses
from tests.simulator.results import Result

pytestmark = pytest.mark.exhaustive


def _model(type_: Any, body: dict[str, Any]) -> Any:
    """Return the model that the SDK builds from a body (openai/_base_client.py, _process_response_data)."""
    return construct_type(type_=type_, value=body)


class Model(openai.BaseModel):
    """A model of the SDK; it also keeps undeclared fields."""

    declared: int | None = None


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Model.construct(declared=1, other="x"), {"declared": 1, "other": "x"}),
        (Model.construct(declared=1), {"declared": 1}),
    ],
)
def test_mapping(model: Model, expected: dict[str, object]) -> None:
    """The mapping of a model has its declared and its undeclared fields."""
    assert mapping(model) == expected


# An error has another shape in a stream; tests/scenarios has those.
REPLIES = [
    name
    for name, canned in CANNED_REPLIES.items()
    if canned.verbatim is None and canned.error is None and not canned.items
]


@pytest.mark.parametrize("name", REPLIES)
def test_same_attributes_whole_and_streamed(name: str) -> None:
    """A completion gives the same attributes as a dict or as a model, whole or in chunks."""
    canned = CANNED_REPLIES[name]
    results: list[Any] = []
    for model in (None, ChatCompletion):
        record = ResponseRecord()
        body = Chat().body(canned)
        fold_completion(record, body if model is None else _model(model, body))
        results.append(response_attributes(record))
    for model in (None, ChatCompletionChunk):
        record = ResponseRecord()
        for now, chunk in enumerate(Chat().events(canned)):
            fold_chunk(record, chunk if model is None else _model(model, chunk), now)
        assert record.first_token == 0
        results.append(response_attributes(record))
    assert results[0]
    assert all(each == results[0] for each in results)


@pytest.mark.parametrize("path", _operations._BY_PATH)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(body=bodies, later=bodies)
def test_models_of_any_json(path: str, body: dict[str, Any], later: dict[str, Any]) -> None:
    """A model of any JSON, as the body or as a chunk of each endpoint, does not raise, and its content can be encoded."""
    operation, filter_text = _operations._BY_PATH[path], make_text_filter()
    accumulator = operation.accumulator()
    record = ResponseRecord(content=accumulator)
    operation.fold_body(record, _model(ChatCompletion, body))
    check_attributes(response_attributes(record))
    content = {"whole": operation.read_output(accumulator.body(), filter_text)}
    for type_ in (ChatCompletion, ChatCompletionChunk):
        chunk = _model(type_, body)
        accumulator = operation.accumulator()
        record = ResponseRecord(content=accumulator)
        for now, each in enumerate((chunk, later, chunk)):
            operation.fold_chunk(record, each, float(now))
        operation.fold_error_event(record, body, 3.0)
        check_attributes(response_attributes(record))
        content["streamed"] = operation.read_output(accumulator.body(), filter_text)
    check_structure(content)
    for encoded in as_json(content).values():
        encoded.encode()
        json.loads(encoded, parse_constant=pytest.fail)


class Chunk(openai.BaseModel):
    """A chunk model of the caller's own, for `client.post(..., stream_cls=Stream[Chunk])`."""

    choices: list[object]


class Answer(openai.BaseModel):
    """A response model of the caller's own."""

    object: str


@pytest.mark.parametrize("kind", ["chat", "responses", "embeddings", "rerank"])
def test_models_that_declare_little(kind: str) -> None:
    """Fields that a model does not declare are read: pydantic keeps them apart."""
    hello = CANNED_REPLIES["hello"]
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "chat": ("/chat/completions", Chat().body(hello)),
        "responses": ("/responses", Responses().body(hello)),
        "embeddings": ("/embeddings", Result("embeddings", {"input": "x"}).body(hello)),
        "rerank": ("/rerank", Result("rerank", {"documents": ["x"]}).body(hello)),
    }
    path, body = bodies[kind]
    operation = _operations._BY_PATH[path]
    results: list[dict[str, Any]] = []
    for parsed in (body, _model(Answer, body)):
        record = ResponseRecord()
        operation.fold(record, parsed)
        results.append(response_attributes(record))
    assert results[0]["gen_ai.response.id"] == hello.id
    assert results[0] == results[1]


def test_chunks_that_declare_little() -> None:
    """The usage of a chunk is read if its model does not declare it."""
    records = [ResponseRecord(), ResponseRecord()]
    for chunk in Chat().events(CANNED_REPLIES["hello"]):
        fold_chunk(records[0], chunk, 0.0)
        fold_chunk(records[1], _model(Chunk, chunk), 0.0)
    assert response_attributes(records[0]) == response_attributes(records[1])
    assert records[0].usage is not None
