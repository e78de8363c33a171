"""The HTTP server of the simulator, on a loopback port.

`<url>/<scenario>/api/v1` replies to each call with that scenario of `canned_replies`, or with a reply added to
`Simulator.verbatim`; the plain `<url>/api/v1` picks the scenario by the requested model. Any scenario whose name begins
with `agent` is the model of `agent`; `<url>/<scenario>/bill` returns the bill of its calls. Each key has a limit of ten
dollars a day, which `/key` reports.
"""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .agent import REFUSED, agent_reply, bill_line
from .canned_replies import CANNED_REPLIES
from .canned_reply import CannedReply, Cut, Endpoint, Pause, Reply
from .chat import Chat, Completions
from .jobs import JOB_IDS, polled_job
from .messages import Messages
from .responses import Responses
from .results import EMPTY, Result

_ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "chat/completions": Chat(),
    "completions": Completions(),
    "responses": Responses(),
    "messages": Messages(),
}
_WORKSPACE_BUDGET: Final = {
    "scope": "workspace",
    "budget_id": "b-1",
    "guardrail_id": None,
    "include_byok": False,
    "limit_usd": 50,
    "spend_usd": 20,
    "remaining_usd": 30,
    "reset_interval": "monthly",
    "resets_at": "2026-12-01T00:00:00.000Z",
}
"""A budget of `GET /key`: `openrouter` 1.3.84, components/keybudget.py."""

# The scenario of the plain base URL for a model; any other model gets "hello".
BY_MODEL: Final[Mapping[str, str]] = {
    "openrouter/auto": "served_elsewhere",
    "anthropic/claude-sonnet-4.5": "reasoning",
    "mistralai/mistral-small": "tools",
    "minimax/minimax-m2:free": "free",
    "openai/gpt-4o": "byok",
    "nvidia/busy": "error_in_200",
    "google/gemini-flash": "rate_limited",
    "openai/breaks-off": "error_in_stream",
    "nobody/no-such-model": "bad_request",
    "openai/text-embedding-3-small": "embedding",
}


@dataclass(frozen=True)
class Received:
    """One request as received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Simulator:
    """Runs the server in a thread: `with Simulator() as openrouter: ... openrouter.base_url("hello") ...`."""

    def __init__(self, port: int = 0, pause: float = 0.0) -> None:
        """Args: port: 0 for any free port. pause: seconds before each chunk of replies that set no pause."""
        self._pause = pause
        self.received: list[Received] = []
        """All requests received so far."""
        self.verbatim: dict[str, Reply | list[Reply]] = {}
        """More scenarios: a reply for all calls, or a list with one for each call; also `<scenario>/key`."""
        self._polls: dict[str, int] = {}
        self._sent: dict[str, CannedReply] = {}
        self._bills: dict[str, list[dict[str, Any]]] = {}
        self._spent: dict[str, Decimal] = {}
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", port))
        app = Starlette(
            routes=[
                Route("/api/v1/generation", self._generation),
                Route("/{scenario}/api/v1/generation", self._generation),
                Route("/api/v1/key", self._key),
                Route("/{scenario}/api/v1/key", self._key),
                Route("/{scenario}/api/v1/models", self._models),
                Route("/{scenario}/bill", self._bill),
                *(Route(f"/{{scenario}}/api/v1/{kind}/{{job}}", self._job) for kind in JOB_IDS),
                Route("/api/v1/{path:path}", self._infer, methods=["POST"]),
                Route("/{scenario}/api/v1/{path:path}", self._infer, methods=["GET", "POST"]),
                Route("/{scenario}/api/{path:path}", self._infer, methods=["POST"]),
            ]
        )
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_keep_alive=60))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    @property
    def url(self) -> str:
        """Return scheme, host and port."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def base_url(self, scenario: str | None = None) -> str:
        """Return the `base_url` for the SDK."""
        return f"{self.url}/api/v1" if scenario is None else f"{self.url}/{scenario}/api/v1"

    def __enter__(self) -> "Simulator":  # noqa: PYI034 - typing.Self needs Python 3.11
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
        self._listener.close()

    async def _infer(self, request: Request) -> Response:
        body = await self._record(request)
        path = request.path_params["path"].strip("/")
        fields = _parse_body(body)
        scenario = request.path_params.get("scenario") or BY_MODEL.get(fields.get("model", ""), "hello")
        if scenario in self.verbatim:
            replies = self.verbatim[scenario]
            return _response(replies.pop(0) if isinstance(replies, list) else replies)
        is_agent = scenario.startswith("agent")
        canned = self._agent_reply(scenario, path, fields) if is_agent else CANNED_REPLIES[scenario]
        self._sent[canned.id] = canned
        self._charge(request, canned)
        canned = replace(canned, pause=canned.pause or self._pause)
        stream = fields.get("stream") is True
        if path in _ENDPOINTS:
            return _response(canned.reply(_ENDPOINTS[path], stream=stream))
        if path not in EMPTY:
            return JSONResponse({"error": {"message": "Not Found", "code": 404}}, 404)
        if scenario == "empty":
            return _response(EMPTY[path])
        return _response(Result(path, fields).reply(canned, stream=stream))

    async def _generation(self, request: Request) -> Response:
        """https://openrouter.ai/docs/api/api-reference/generations/get-generation: 404 until the record exists."""
        await self._record(request)
        scenario, id_ = request.path_params.get("scenario", ""), request.query_params.get("id", "")
        verbatim = self.verbatim.get(f"{scenario}/generation")
        if verbatim is not None:
            return _response(verbatim.pop(0) if isinstance(verbatim, list) else verbatim)
        canned = self._sent.get(id_)
        key = f"{request.headers.get('authorization')} {scenario} {id_}"
        self._polls[key] = self._polls.get(key, 0) + 1
        canned = CANNED_REPLIES.get(scenario, canned) if canned is not None else None
        if canned is None or canned.usage is None or self._polls[key] < 2:  # noqa: PLR2004 - the second poll
            return JSONResponse({"error": {"message": "Generation not found", "code": 404}}, 404)
        usage: dict[str, Any] = {"cost_details": {}, "prompt_tokens_details": {}, "completion_tokens_details": {}}
        usage.update(canned.usage)
        reason, native = canned.finish[0]
        data = {
            "id": id_,
            "model": canned.model,
            "provider_name": canned.provider,
            "streamed": True,
            "cancelled": True,
            "is_byok": usage.get("is_byok", False),
            "usage": usage.get("cost", 0),
            "total_cost": usage.get("cost", 0),
            "upstream_inference_cost": usage["cost_details"].get("upstream_inference_cost")
            if usage.get("is_byok")
            else 0,
            "tokens_prompt": max(usage["prompt_tokens"] - 10, 0),  # not the native count that the response reports
            "tokens_completion": usage["completion_tokens"],
            "native_tokens_prompt": usage["prompt_tokens"],
            "native_tokens_completion": usage["completion_tokens"],
            "native_tokens_cached": usage["prompt_tokens_details"].get("cached_tokens"),
            "native_tokens_reasoning": usage["completion_tokens_details"].get("reasoning_tokens"),
            "finish_reason": reason,
            "native_finish_reason": native,
        }
        return JSONResponse({"data": data})

    def _agent_reply(self, scenario: str, path: str, fields: dict[str, Any]) -> CannedReply:
        if fields.get("model") == REFUSED:
            return CANNED_REPLIES["rate_limited"]
        bill = self._bills.setdefault(scenario, [])
        canned = agent_reply(path, fields, len(bill))
        bill.append(bill_line(path, canned))
        return canned

    def _charge(self, request: Request, canned: CannedReply) -> None:
        key = request.headers.get("authorization", "")
        cost = Decimal(str((canned.usage or {}).get("cost") or 0))
        self._spent[key] = self._spent.get(key, Decimal(0)) + cost

    async def _job(self, request: Request) -> Response:
        await self._record(request)
        scenario, job, kind = (*request.path_params.values(), request.url.path.split("/")[-2])
        verbatim = self.verbatim.get(f"{scenario}/{kind}")
        if verbatim is not None:
            return _response(verbatim.pop(0) if isinstance(verbatim, list) else verbatim)
        self._polls[job] = self._polls.get(job, 0) + 1
        return _response(polled_job(kind, job, scenario, self._polls[job]))

    async def _key(self, request: Request) -> Response:
        """https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key."""
        await self._record(request)
        verbatim = self.verbatim.get(f"{request.path_params.get('scenario')}/key")
        if isinstance(verbatim, Reply):
            return _response(verbatim)
        key = request.headers.get("authorization", "")
        if not key.startswith("Bearer sk-or-"):
            return JSONResponse({"error": {"message": "User not found.", "code": 401}}, 401)
        spent = self._spent.get(key, Decimal(0))
        data = {
            "label": f"{key[7:15]}...{key[-3:]}",
            "limit": 10,
            "limit_remaining": float(10 - spent),
            "limit_reset": "daily",
            "usage": float(spent),
            "usage_daily": float(spent),
            "usage_weekly": float(spent),
            "usage_monthly": float(spent),
            "byok_usage": 0,
            "include_byok_in_limit": False,
            "is_free_tier": False,
            "is_management_key": False,
            "budgets": [_WORKSPACE_BUDGET],
            "effective_budget": _WORKSPACE_BUDGET,
            "free_model_daily_requests": {"limit": 50, "used": 12, "remaining": 38},
        }
        return JSONResponse({"data": data})

    async def _bill(self, request: Request) -> Response:
        return JSONResponse(self._bills.get(request.path_params["scenario"], []))

    async def _models(self, request: Request) -> Response:
        await self._record(request)
        return JSONResponse({"data": [{"id": "openai/gpt-4o-mini", "object": "model", "created": 1, "owned_by": "x"}]})

    async def _record(self, request: Request) -> bytes:
        body = await request.body()
        self.received.append(Received(request.method, request.url.path, dict(request.headers), body))
        return body


def _parse_body(body: bytes) -> dict[str, Any]:
    """Parse the request body: JSON, or the plain fields of a form."""
    if body.startswith(b"{"):
        return json.loads(body)
    fields = re.findall(rb'name="(\w+)"\r\n\r\n([^\r]*)\r\n', body)
    return {name.decode(): {b"true": True}.get(value, value.decode()) for name, value in fields}


def _response(reply: Reply) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for piece in reply.pieces:
            if isinstance(piece, Pause):
                await asyncio.sleep(piece.seconds)
            elif isinstance(piece, Cut):
                raise ConnectionAbortedError
            else:
                yield piece

    headers = {"Access-Control-Expose-Headers": "X-Generation-Id,X-Provider-Name,cf-ray", **reply.headers}
    return StreamingResponse(body(), reply.status, headers, reply.content_type)
