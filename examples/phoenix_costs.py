"""Phoenix: adds the cost that OpenRouter charged to each span, as the annotation `openrouter_cost_usd`.

Open the project's Spans at http://localhost:6006: the annotation is a sortable column, and is shown on each span.
Filter with `annotations['openrouter_cost_usd'].score > 0.01`. Phoenix's own cost column, an estimate, does not change.
The script reads all spans with `gen_ai.usage.cost` and annotates the new ones, so you can run it repeatedly.
API: https://arize.com/docs/phoenix/sdk-api-reference/rest-api/overview
Needs: only Python; PHOENIX_COLLECTOR_ENDPOINT if Phoenix is not at http://localhost:6006, PHOENIX_API_KEY if it
requires a key, PHOENIX_PROJECT_NAME if the project is not `openrouter`.
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
    """Return the JSON response of a GET request, or of a POST request if there is a body."""
    given = urllib.parse.urlencode(parameters, doseq=True)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{phoenix}/v1/{path}?{given}", data, headers)  # noqa: S310 - your own server
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
