"""Flags of agencies into stages: p, e, r and c say what a figure is worth; others say nothing of it."""

from __future__ import annotations

from collections.abc import Mapping

from services.ingestion.cells import RowFault

STAGES = {
    "p": "provisional", "e": "estimate", "r": "revised", "c": "confidential", "f": "forecast", "a": "final",
}  # fmt: skip
"""What a letter makes of a figure; ``a`` is what SDMX writes on a normal one."""
BESIDE = frozenset("bdmnsuzti*")
"""Letters that say something else of a figure (a break, a definition, low reliability): no stage."""


def stage_of(text: str | None, stages: Mapping[str, str]) -> str:
    """The stage that a flag or a word says; RowFault where it is neither known nor a word.

    ``stages`` are the mapping's own, before ours. Of several letters the first that makes a stage counts.
    """
    said = (text or "").strip().strip("()").strip()
    if not said:
        return "final"
    if said in stages:
        return stages[said]
    low = said.lower()
    if len(low) <= 3:
        letters = [stages.get(letter) or STAGES.get(letter) for letter in low]
        if all(stage or letter in BESIDE for stage, letter in zip(letters, low, strict=True)):
            return next((stage for stage in letters if stage), "final")
        raise RowFault(
            f"the flag {said!r} is not known; say what it means under [flags] of the mapping, "
            f'such as {said} = "provisional"'
        )
    return low
