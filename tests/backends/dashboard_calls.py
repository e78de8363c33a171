"""The calls of the dashboard's picture: what three invented services call in each minute of six hours, and their keys.

Models, prices and durations are invented, with realistic sizes. Random numbers have a seed, so that all runs are alike.
"""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tests.simulator import CannedReply, Chat, Reply
from tests.simulator.canned_reply import Pause, usage

from .scraped_calls import Call

MINUTES: Final = 375
"""Six hours, and before them a window of the graphs."""
WORKSPACE_BUDGET: Final = 50.0
DELTAS: Final = tuple({"content": "word "} for _ in range(6))


@dataclass(frozen=True)
class Key:
    """An API key: its limit a day, and what it has spent before the first call of the picture."""

    secret: str
    label: str
    limit: float
    spent: float


SHOP_KEY: Final = Key("sk-or-v1-shop", "sk-or-v1-6c1...e40", 8, 3.1)
CATALOG_KEY: Final = Key("sk-or-v1-catalog", "sk-or-v1-b07...9ad", 1, 0.54)


@dataclass(frozen=True)
class Feature:
    """A feature of a service, which calls one model."""

    name: str
    model: str
    provider: str
    calls: float
    """The calls a minute at noon."""
    tokens: tuple[int, int]
    """The mean input and output tokens."""
    prices: tuple[float, float]
    """USD for a million input and output tokens."""
    seconds: float
    """The mean duration."""
    streamed: bool = False
    response_model: str = ""
    hits: float | None = None
    """The share of hits, if the feature uses OpenRouter's response cache."""
    failures: float = 0.005
    slow: range = range(0)
    """The minutes in which calls take three times as long."""
    failing: range = range(0)
    """The minutes in which more than a third of the calls fail."""
    status: int = 502
    """The status of a failed call."""


@dataclass(frozen=True)
class Service:
    """A program that makes calls with one key."""

    name: str
    key: Key
    features: tuple[Feature, ...]


SERVICES: Final = (
    Service(
        "shop",
        SHOP_KEY,
        (
            Feature(
                *("search", "openai/gpt-4o-mini", "OpenAI", 1.2, (900, 60), (0.15, 0.6), 0.22), hits=0.35, failures=0
            ),
            Feature(
                *("advice", "anthropic/claude-sonnet-4.5", "Anthropic", 0.3, (1800, 320), (3, 15), 0.9),
                streamed=True,
                slow=range(225, 275),
                status=529,
            ),
        ),
    ),
    Service(
        "support",
        SHOP_KEY,
        (
            Feature(
                *("answer", "anthropic/claude-sonnet-4.5", "Anthropic", 0.25, (2600, 280), (3, 15), 0.8),
                streamed=True,
                slow=range(225, 275),
                status=529,
            ),
            Feature(
                *("routing", "openrouter/auto", "DeepInfra", 0.6, (420, 12), (0.27, 1.1), 0.3),
                response_model="deepseek/deepseek-chat-v3.1",
            ),
        ),
    ),
    Service(
        "catalog",
        CATALOG_KEY,
        (
            Feature(
                *("translation", "moonshotai/kimi-k2", "Novita", 0.6, (700, 420), (0.55, 2.2), 0.5),
                streamed=True,
                failing=range(130, 175),
            ),
            Feature(
                *("tagging", "google/gemini-2.5-flash", "Google", 0.5, (500, 60), (0.3, 2.5), 0.28),
                failures=0.03,
                status=429,
            ),
            Feature("reviews", "minimax/minimax-m2:free", "Minimax", 0.06, (260, 8), (0, 0), 0.3, failures=0),
        ),
    ),
)


@dataclass(frozen=True)
class Minute:
    """The calls of a service in one minute, OpenRouter's replies to them, and what they cost."""

    calls: tuple[Call, ...]
    replies: tuple[Reply, ...]
    cost: float
    free: int
    """How many calls were for free models."""


def minutes(service: Service) -> Iterator[Minute]:
    """Yield what a service does in each minute."""
    dice = random.Random(service.name)
    for minute in range(MINUTES):
        made: list[Call] = []
        canned: list[CannedReply] = []
        for feature in service.features:
            for _ in range(_count(dice, feature.calls * _load(minute))):
                made.append(_call(service, feature))
                canned.append(_reply(dice, feature, minute))
        paid = sum((each.usage or {}).get("cost", 0) for each in canned)
        free = sum(":free" in each.model for each in made)
        replies = tuple(_with_pause(call, each) for call, each in zip(made, canned, strict=True))
        yield Minute(tuple(made), replies, paid, free)


def key_replies(done: Mapping[str, list[Minute]]) -> Iterator[dict[str, Reply]]:
    """Yield the response to `GET /key` of each service after each minute."""
    spent = {service.key: service.key.spent for service in SERVICES}
    workspace, free = 27.2, 9
    for minute in range(MINUTES):
        for service in SERVICES:
            spent[service.key] += done[service.name][minute].cost
            workspace += done[service.name][minute].cost
            free += done[service.name][minute].free
        yield {service.name: _key_reply(service.key, spent[service.key], workspace, free) for service in SERVICES}


def _load(minute: int) -> float:
    """Return the share of the calls at noon: fewer in the morning, with a break at lunch."""
    return 0.35 + 0.65 * min(1.0, minute / 150) - (0.35 if 195 <= minute < 225 else 0)  # noqa: PLR2004 - lunch


def _count(dice: random.Random, mean: float) -> int:
    return sum(dice.random() < mean / 4 for _ in range(4))


def _call(service: Service, feature: Feature) -> Call:
    return Call(service.name, feature.streamed, feature.model, feature.name, service.key.secret)


def _reply(dice: random.Random, feature: Feature, minute: int) -> CannedReply:
    seconds = feature.seconds * dice.lognormvariate(0, 0.35) * (3 if minute in feature.slow else 1)
    model = feature.response_model or feature.model
    if dice.random() < (0.4 if minute in feature.failing else feature.failures):
        error = {"message": "Failed", "code": feature.status, "metadata": {"provider_name": feature.provider}}
        return CannedReply(status=feature.status, error=error)
    tokens_in, tokens_out = (round(mean * dice.lognormvariate(0, 0.3)) for mean in feature.tokens)
    cost = (tokens_in * feature.prices[0] + tokens_out * feature.prices[1]) / 1e6
    reply = CannedReply(
        model=model, provider=feature.provider, deltas=DELTAS, usage=usage(tokens_in, tokens_out, cost), pause=seconds
    )
    if feature.hits is None:
        return reply
    if dice.random() < feature.hits:
        return replace(reply, usage=usage(0, 0, 0), pause=0.02, headers={"X-OpenRouter-Cache-Status": "HIT"})
    return replace(reply, headers={"X-OpenRouter-Cache-Status": "MISS"})


def _with_pause(call: Call, canned: CannedReply) -> Reply:
    """Return the HTTP response: a stream waits for the first chunk half of the time."""
    if not call.streamed:
        return canned.reply(Chat(), stream=False)
    reply = replace(canned, pause=canned.pause / 2 / len(DELTAS)).reply(Chat(), stream=True)
    return replace(reply, pieces=[Pause(canned.pause / 2), *reply.pieces])


def _key_reply(key: Key, spent: float, workspace: float, free: int) -> Reply:
    budget = {
        "scope": "workspace",
        "limit_usd": WORKSPACE_BUDGET,
        "spend_usd": workspace,
        "remaining_usd": WORKSPACE_BUDGET - workspace,
    }
    data = {
        "label": key.label,
        "limit": key.limit,
        "limit_remaining": key.limit - spent,
        "usage_daily": spent,
        "effective_budget": budget,
        "free_model_daily_requests": {"limit": 50, "used": free, "remaining": 50 - free},
    }
    return Reply([json.dumps({"data": data}).encode()])
