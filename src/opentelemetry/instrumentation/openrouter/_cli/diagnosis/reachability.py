"""Whether the addresses of the exporters answer: a connection, and over HTTP an empty request, never telemetry."""

import os
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from .exporters import GRPC, HTTP, Destination
from .findings import Cause, Finding, Findings, note, ok, problem, warning

_TIMEOUT: Final = 3
_PORTS: Final = {4317: GRPC, 4318: HTTP, 6006: HTTP}
"""The ports that OTLP has by default, and that of Phoenix."""
_UNAUTHORIZED: Final = (401, 403)
_NOT_FOUND: Final = (404, 405)
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = range(500, 600)


def check_addresses(destinations: Iterable[Destination], *, offline: bool) -> Findings:
    """Check each address once; what does not answer is not tried for another signal."""
    done: set[tuple[str, str]] = set()
    for destination in destinations:
        address, silent = (destination.protocol, destination.url), (destination.protocol, destination.host)
        if done.isdisjoint((address, silent)):
            done.add(address)
            for finding in _check(destination, offline=offline):
                if finding.cause is Cause.UNREACHABLE:
                    done.add(silent)
                yield finding


def _check(destination: Destination, *, offline: bool) -> Findings:
    url = _split(destination)
    if url is None:
        yield problem(
            Cause.ENDPOINT,
            f"The OTLP endpoint of {destination.signal} is no URL with a host: set OTEL_EXPORTER_OTLP_ENDPOINT to one "
            "such as http://localhost:4318.",
        )
        return
    usual = _PORTS.get(_port(url))
    if usual not in (None, destination.protocol):
        yield warning(
            Cause.PORT,
            f"{destination.host} is usually the address for {usual}, but {destination.signal} are sent by "
            f"{destination.protocol}: set OTEL_EXPORTER_OTLP_PROTOCOL={usual}, or correct the port.",
        )
    target = f"{destination.signal} are sent to {destination.host} by {destination.protocol}"
    if offline:
        yield note(f"{target} (not tried: --offline)")
    elif getproxies().get(url.scheme) and not proxy_bypass(url.hostname or ""):
        yield note(f"{target} (not tried: a proxy is configured)")
    else:
        yield _try(destination, url, target)


def _split(destination: Destination) -> SplitResult | None:
    text = destination.url
    if destination.protocol == GRPC and "://" not in text:
        text = f"http://{text}"
    try:
        url = urlsplit(text)
        is_valid = url.scheme in ("http", "https") and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        return None
    return url if is_valid else None


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _try(destination: Destination, url: SplitResult, target: str) -> Finding:
    # Without metrics and logs there is still a span with its cost.
    bad = problem if destination.signal == "traces" else warning
    try:
        status = _connect(url) if destination.protocol == GRPC else _post(url, _headers(destination.signal))
    except (OSError, HTTPException, ValueError) as error:  # ValueError: a host or a header that cannot be encoded
        reason = (
            "the certificate is not valid" if isinstance(error, ssl.SSLCertVerificationError) else type(error).__name__
        )
        default = ", the default address," if destination.is_default else ""
        return bad(
            Cause.UNREACHABLE,
            f"{destination.host}{default} does not answer ({reason}), so {destination.signal} do not arrive: start the "
            "server, or set OTEL_EXPORTER_OTLP_ENDPOINT to the address of yours.",
        )
    cure = _cure(status, destination.signal)
    if cure is None:
        return ok(f"{target}, which answers")
    return bad(Cause.REFUSED, f"{destination.host} refuses {destination.signal} with the status {status}: {cure}.")


def _cure(status: int, signal: str) -> str | None:
    """Return the cure of a status; None where there is none, because a server may reject a request without spans."""
    if status in _UNAUTHORIZED:
        return "correct OTEL_EXPORTER_OTLP_HEADERS"
    if status in _NOT_FOUND or status in _REDIRECTS:
        other = "" if signal == "traces" else f", or set OTEL_{signal.upper()}_EXPORTER=none"
        return f"correct the path of OTEL_EXPORTER_OTLP_ENDPOINT, to which /v1/{signal} is added{other}"
    return "look at the log of the server" if status in _SERVER_ERRORS else None


def _connect(url: SplitResult) -> int:
    """Connect, and send nothing; return 0."""
    with closing(socket.create_connection((url.hostname or "", _port(url)), _TIMEOUT)):
        return 0


def _post(url: SplitResult, headers: Mapping[str, str]) -> int:
    """Send an OTLP request without telemetry, and return the status. A redirect is not followed."""
    host, port = url.hostname or "", _port(url)
    connection = (
        HTTPSConnection(host, port, timeout=_TIMEOUT, context=_tls())
        if url.scheme == "https"
        else HTTPConnection(host, port, timeout=_TIMEOUT)
    )
    with closing(connection):
        path = url.path or "/"
        connection.request("POST", f"{path}?{url.query}" if url.query else path, b"", dict(headers))
        return connection.getresponse().status


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context(
        cafile=os.environ.get("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")
        or os.environ.get("OTEL_EXPORTER_OTLP_CERTIFICATE")
        or None
    )


def _headers(signal: str) -> dict[str, str]:
    """Return the headers that the exporter sends: a list of `name=value`, each percent-encoded."""
    text = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_HEADERS") or os.environ.get(
        "OTEL_EXPORTER_OTLP_HEADERS", ""
    )
    pairs = [entry.partition("=") for entry in text.split(",") if "=" in entry]
    given = {unquote(name).strip(): unquote(value).strip() for name, _, value in pairs}
    return {"Content-Type": "application/x-protobuf", **given}
