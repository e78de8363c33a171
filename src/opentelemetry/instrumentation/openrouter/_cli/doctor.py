"""The command `doctor`: finds out why there is no span, no cost or no content, and how to change it.

It changes nothing and sends nothing, except an empty request to the address of each exporter, and the call of `--call`.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import chain
from typing import Final

from .diagnosis.backends import check_content, check_dialects
from .diagnosis.base_url import check_base_url
from .diagnosis.call import DEFAULT_BASE_URL, check_call
from .diagnosis.clients import check_clients
from .diagnosis.configuration_file import read_file
from .diagnosis.exporters import check_exporters, destinations
from .diagnosis.findings import Check, Finding, Level, run_check
from .diagnosis.instrumentors import check_instrumentors
from .diagnosis.options import base_url_entries, check_options, read_options
from .diagnosis.process import check_entry_point, check_process
from .diagnosis.providers import check_distribution, check_sdk
from .diagnosis.reachability import check_addresses
from .diagnosis.secrets import without_secret_values
from .diagnosis.versions import check_versions
from .extra import DISTRIBUTION

SUMMARY: Final = "find out why there is no span, no cost or no content"
_IN_CODE: Final = "set-up of opentelemetry-instrument (of a program that sets up OpenTelemetry in code: --in-code)"
_PAGE: Final = f"https://github.com/{DISTRIBUTION}/{DISTRIBUTION}/blob/main/docs/troubleshooting.md"
"""Describes each cause."""
_WIDTH: Final = max(len(level.value) for level in Level)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--base-url", metavar="URL", help="the base URL of the client: is it traced?")
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--call", metavar="MODEL", help="make one real call with OPENROUTER_API_KEY, and show its span"
    )
    parser.add_argument(
        "--in-code",
        action="store_true",
        help="the program sets up OpenTelemetry in code, not by opentelemetry-instrument",
    )
    network.add_argument("--offline", action="store_true", help="do not try the addresses of the exporters")
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print what is found; return 1 if there is a problem, else 0."""
    found: list[tuple[str, Finding]] = []
    for title, check in _sections(arguments):
        findings = list(run_check(check))
        found += [(title, finding) for finding in findings]
        if findings and not arguments.json:
            lines = [title, *(without_secret_values(_line(finding)) for finding in findings)]
            print(*lines, sep="\n", flush=True)
    problems = sum(finding.level is Level.PROBLEM for _, finding in found)
    warnings = sum(finding.level is Level.WARNING for _, finding in found)
    if arguments.json:
        print(json.dumps([_document(title, finding) for title, finding in found], indent=2))
    else:
        counts = f"{_count(problems, 'problem')}, {_count(warnings, 'warning')}."
        print(f"\n{counts} Each name in brackets: {_PAGE}" if problems or warnings else f"\n{counts}")
    return 1 if problems else 0


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _line(finding: Finding) -> str:
    cause = "" if finding.cause is None else f"[{finding.cause.value}] "
    return f"  {finding.level.value:{_WIDTH}}  {cause}{finding.text}"


def _document(title: str, finding: Finding) -> dict[str, str | None]:
    return {
        "section": title,
        "level": finding.level.value if finding.level is not Level.NOTE else "note",
        "cause": None if finding.cause is None else finding.cause.value,
        "text": without_secret_values(finding.text),
    }


def _sections(arguments: argparse.Namespace) -> Iterator[tuple[str, Check]]:
    """Yield the checks in the order in which a person reads them, each with its title."""
    file = None if arguments.in_code else read_file()
    options = read_options(file)
    settings = options.settings
    targets = [] if arguments.in_code else destinations(file)
    yield "versions", check_versions
    yield "clients", lambda: check_clients(settings)
    yield "other instrumentations", check_instrumentors
    yield "options", lambda: check_options(options, file)
    yield "SDK", lambda: check_sdk(file)
    yield "this process", check_process
    if not arguments.in_code:
        yield _IN_CODE, lambda: chain(check_entry_point(file), check_distribution(), check_exporters(file))
        yield "addresses", lambda: check_addresses(targets, offline=arguments.offline)
    yield "backend and content", lambda: chain(check_dialects(settings, targets), check_content(settings, file))
    base_url = DEFAULT_BASE_URL if arguments.base_url is None and arguments.call else arguments.base_url
    if base_url is not None:
        yield "base URL", lambda: check_base_url(base_url, base_url_entries(options))
    if base_url is not None and arguments.call:
        yield "call", lambda: check_call(options, base_url, arguments.call)
