"""Phoenix: what OpenRouter charged for each call, as the annotation `openrouter_cost_usd` of its span.

Look at the project's Spans, http://localhost:6006: it is a column there, by which you can sort, and stands with the
annotations of each span. Filter by it: `annotations['openrouter_cost_usd'].score > 0.01`.
Phoenix's own cost column is left as it is: it is made from a price table, whatever a span says.
It reads all spans with a `gen_ai.usage.cost` and annotates those that are not yet: run it as often as you like.
API: https://arize.com/docs/phoenix/sdk-api-reference/rest-api/overview
Needs: nothing but Python; PHOENIX_COLLECTOR_ENDPOINT where Phoenix is elsewhere, PHOENIX_API_KEY where it wants a key,
PHOENIX_PROJECT_NAME where the project is not `openrouter`.
"""

import json
import os
import urllib.parse
import urllib.request
from typing import Any

NAME = "openrouter_cost_usd"
PAGE = 100
phoenix = os.environ.get("PHOENIX_COLLECTOR_ENDPOINT", "http://localhost:6006").rstrip("/")
project = urllib.parse.quote(os.environ.get("PHOENIX_PROJECT_NAME", "openrouter"), safe="")
headers = {"Content-Type": "application/json"}
if key := os.environ.get("PHOENIX_API_KEY"):
    headers["Authorization"] = f"Bearer {key}"


def ask(path: str, body: object = None, **parameters: Any) -> Any:
    """The answer to a GET, or to a POST where there is a body."""
    given = urllib.parse.urlencode(parameters, doseq=True)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{phoenix}/v1/{path}?{given}", data, headers)  # noqa: S310 - where you say
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
        return json.load(answer)


cursor: str | None = ""
annotated = 0
while cursor is not None:
    page = ask(f"projects/{project}/spans", limit=PAGE, **({"cursor": cursor} if cursor else {}))
    cursor = page["next_cursor"]
    costs = {
        span["context"]["span_id"]: span["attributes"]["gen_ai.usage.cost"]
        for span in page["data"]
        if "gen_ai.usage.cost" in span["attributes"]
    }
    if not costs:
        continue
    asked = {"span_ids": [*costs], "include_annotation_names": NAME, "limit": PAGE}
    known = {note["span_id"] for note in ask(f"projects/{project}/span_annotations", **asked)["data"]}
    new = [
        {"span_id": span, "name": NAME, "annotator_kind": "CODE", "result": {"score": cost}}
        for span, cost in costs.items()
        if span not in known
    ]
    ask("span_annotations", {"data": new}, sync="true")
    annotated += len(new)
print(f"{annotated} spans annotated")
