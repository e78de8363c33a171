"""Whether the base URL of a client is traced: by a known host, or by which entry of `base_urls`."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from ..._config import variable_of
from ..._wire.base_urls import BaseUrls, without_secrets
from .findings import Cause, Findings, ok, problem
from .secrets import host_of


def check_base_url(url: str, entries: Iterable[str]) -> Findings:
    """Check *url* against the known hosts and the entries of `base_urls`."""
    entries, shown = list(entries), without_secrets(url)
    try:
        BaseUrls([url])
        known = BaseUrls().match(url)
    except ValueError:
        yield problem(Cause.BASE_URL, "The base URL is no absolute URL: it must start with https:// or http://.")
        return
    if known is not None:
        yield ok(f"{shown} is traced, because its host is known")
        return
    for entry in entries:
        if BaseUrls([entry]).match(url) is not None:
            yield ok(f"{shown} is traced by the entry {without_secrets(entry)} of base_urls")
            return
    same_host = [entry for entry in entries if _host(entry) == _host(url)]
    near = f" (the entry {without_secrets(same_host[0])} has another scheme, port or path)" if same_host else ""
    yield problem(
        Cause.BASE_URL,
        f"Calls to {host_of(url)} are not traced, because base_urls does not name it{near}: "
        f"add {shown} to {variable_of('base_urls')}.",
    )


def _host(url: str) -> str | None:
    return urlsplit(url).hostname
