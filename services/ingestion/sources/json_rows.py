"""JSON answers: parsed, or refused where they are none, as a page of HTML under 200 is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from services.ingestion.cells import RowFault, number_of
from services.ingestion.sources.faults import UnreadableFault
from services.storage.snapshots import Snapshot


def parsed(snapshot: Snapshot, title: str) -> Any:
    """What an answer holds; UnreadableFault where it is not JSON or was cut short."""
    try:
        return json.loads(snapshot.body)
    except ValueError as error:
        looks = "HTML" if snapshot.body.lstrip()[:1] == b"<" else "no JSON"
        said = " ".join(snapshot.body[:120].decode("utf-8", "replace").split())
        raise UnreadableFault(f"{title} answered with {looks}: {said!r}") from error


def number(given: Any) -> float | None:
    """A number of a field that may be null, empty or text; None where it is none."""
    if given is None or given == "" or isinstance(given, bool):
        return None
    try:
        return number_of(given)
    except RowFault as fault:
        raise UnreadableFault(f"{str(given)[:40]!r} stands where a number is expected: {fault}") from None


def pairs(words: str) -> dict[str, str]:
    """The ``name=value`` pairs of a query."""
    return dict(word.split("=", 1) for word in words.split() if "=" in word)


def plain_words(query: str) -> list[str]:
    """The words of a query that are no ``name=value`` pairs."""
    return [word for word in query.split() if "=" not in word]


def says(text: str, words: Sequence[str]) -> bool:
    """True where a text holds every word, whatever their case and hyphens."""
    told = text.casefold().replace("-", " ")
    return all(word.casefold().replace("-", " ") in told for word in words)
