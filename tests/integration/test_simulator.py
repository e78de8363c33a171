"""The simulator reproduces OpenRouter's observed behaviour, which the other tests depend on."""

import json
from typing import Any, Final

import openai
import pytest

from tests.scenarios import REQUEST, SCENARIOS
from tests.simulator import CANNED_REPLIES, Simulator

http: Final[Any] = openai.DefaultHttpxClient


def _post(openrouter: Simulator, scenario: str | None, **more: Any) -> Any:
    with http() as client:
        response = client.post(f"{openrouter.base_url(scenario)}/chat/completions", json={**REQUEST, **more})
        response.read()
        return response


def _chunks(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


@pytest.mark.parametrize(
    ("scenario", "choices", "reason"),
    [("null_finish", 1, None), ("no_choices", 0, None), ("repeated_finish", 1, "stop")],
)
def test_three_shapes_of_the_final_chunk(
    openrouter: Simulator, scenario: str, choices: int, reason: str | None
) -> None:
    """The usage is sent once, in the last chunk, which has one of three shapes."""
    scenario = "hello" if scenario == "repeated_finish" else scenario
    response = _post(openrouter, scenario, stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.text.endswith("data: [DONE]\n\n")
    chunks = _chunks(response.text)
    assert [chunk for chunk in chunks if "usage" in chunk] == [chunks[-1]]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert len(chunks[-1]["choices"]) == choices
    assert [choice["finish_reason"] for choice in chunks[-1]["choices"]] == [reason] * choices


def test_comments_blanks_and_the_generation_id(openrouter: Simulator) -> None:
    """Comments precede a stream and whitespace a non-streamed body; the generation id is in the headers."""
    streamed, whole = (_post(openrouter, "served_elsewhere", stream=stream) for stream in (True, False))
    assert streamed.text.startswith(": OPENROUTER PROCESSING\n\n" * 3 + "data: {")
    assert whole.text.startswith("\n   ")
    assert whole.json()["id"] == whole.headers["x-generation-id"] == streamed.headers["x-generation-id"]
    assert whole.headers["x-provider-name"] == whole.json()["provider"]


def test_tool_call_ids_are_repeated(openrouter: Simulator) -> None:
    """Each delta of a tool call repeats its id; the non-streamed response has it once, with the joined arguments."""
    calls = [
        call
        for chunk in _chunks(_post(openrouter, "tools", stream=True).text)
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", ())
    ]
    assert [call["id"] for call in calls] == ["call_a", "call_a"]
    (call,) = _post(openrouter, "tools").json()["choices"][0]["message"]["tool_calls"]
    assert (call["id"], call["function"]) == ("call_a", {"name": "weather", "arguments": '{"city": "Paris"}'})


def test_errors_contain_private_data(openrouter: Simulator) -> None:
    """Error bodies contain the user id and the upstream provider's raw error, like the real ones."""
    body = _post(openrouter, "rate_limited")
    assert body.status_code == body.json()["error"]["code"] == 429
    assert body.json()["user_id"] == "user_canary"
    assert body.json()["error"]["metadata"]["raw"] == "secret_raw"


def test_generation(openrouter: Simulator) -> None:
    """`/generation` returns 404 at first, then the call's usage, with native and normalized token counts."""
    id_ = _post(openrouter, "hello").json()["id"]
    with http() as client:
        found = [client.get(f"{openrouter.base_url('hello')}/generation", params={"id": id_}) for _ in range(2)]
        assert client.get(f"{openrouter.base_url('hello')}/generation", params={"id": "gen-0"}).status_code == 404
    assert [response.status_code for response in found] == [404, 200]
    data = found[1].json()["data"]
    assert (data["usage"], data["native_tokens_prompt"], data["tokens_prompt"]) == (0.00014, 43, 33)


def test_model_selects_the_canned_reply(openrouter: Simulator) -> None:
    """Without a scenario in the URL, the model selects the canned reply, as in the demo."""
    assert _post(openrouter, None, model="minimax/minimax-m2:free").json()["usage"]["cost"] == 0
    assert _post(openrouter, None, model="any/other").json()["usage"]["cost"] == 0.00014


TOOL: Any = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


def test_agent_model(openrouter: Simulator) -> None:
    """The agent model calls a tool once, answers, follows a JSON schema, and charges for each response."""
    messages: list[Any] = [{"role": "user", "content": "Weather?"}]
    called = _post(openrouter, "agent-x", messages=messages, tools=[TOOL]).json()["choices"][0]["message"]
    assert json.loads(called["tool_calls"][0]["function"]["arguments"]) == {"city": "Paris"}
    messages += [called, {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "sunny"}]
    answered = _post(openrouter, "agent-x", messages=messages, tools=[TOOL]).json()
    assert answered["choices"][0]["message"]["content"] == "It is sunny in Paris."
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"n": {"anyOf": [{"type": "null"}, {"enum": [3]}]}}}}}
    wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
    filled = _post(openrouter, "agent-x", response_format=wanted).json()["choices"][0]["message"]["content"]
    assert json.loads(filled) == {"n": 3}
    with http() as client:
        charges = client.get(f"{openrouter.url}/agent-x/bill").json()
    assert len({line["id"] for line in charges}) == len({line["cost"] for line in charges}) == 3
    assert charges[1]["cost"] == answered["usage"]["cost"]


def test_agent_model_of_the_anthropic_wire(openrouter: Simulator) -> None:
    """The same model as content blocks: the result of a tool has the role of the user, and the stream has the cost."""
    tool = {"name": "weather", "input_schema": TOOL["function"]["parameters"]}
    messages: list[Any] = [{"role": "user", "content": "Weather?"}]

    def post(**more: Any) -> Any:
        body = {"model": "openai/gpt-4o-mini", "max_tokens": 9, "messages": messages, **more}
        with http() as client:
            return client.post(f"{openrouter.base_url('agent-messages')}/messages", json=body)

    called = post(tools=[tool]).json()
    assert [(block["type"], block["input"]) for block in called["content"]] == [("tool_use", {"city": "Paris"})]
    result = {"type": "tool_result", "tool_use_id": called["content"][0]["id"], "content": "sunny"}
    messages += [{"role": "assistant", "content": called["content"]}, {"role": "user", "content": [result]}]
    assert post(tools=[tool]).json()["content"][0]["text"] == "It is sunny in Paris."
    forced = post(tools=[tool], tool_choice={"type": "tool", "name": "weather"}).json()
    assert (forced["content"][0]["name"], forced["stop_reason"]) == ("weather", "tool_use")
    output = {"type": "json_schema", "schema": {"properties": {"n": {"type": "integer"}}}}
    assert json.loads(post(output_config={"format": output}).json()["content"][0]["text"]) == {"n": 21}
    usage = _chunks(post(stream=True).text)[-2]["usage"]
    with http() as client:
        charges = client.get(f"{openrouter.url}/agent-messages/bill").json()
    assert (len(charges), charges[-1]["cost"], charges[-1]["provider"]) == (5, usage["cost"], "Azure")


def test_every_canned_reply_is_used() -> None:
    """Each canned reply is used by a scenario, or by `test_stream_endings` and `test_transparency`."""
    used_elsewhere = {"slow", "hanging", "cut"}
    used = {scenario.reply_name or name for table in SCENARIOS.values() for name, scenario in table.items()}
    assert set(CANNED_REPLIES) == (used - {"streamed"}) | used_elsewhere
