"""What the form of the rule builder holds: a draft, and the past that it is rehearsed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.web.builder.drafts import Draft, read_draft


@dataclass(frozen=True, slots=True)
class Past:
    """What a rehearsal is asked for, as typed: months from and to, alerts a year, the figures of when."""

    first: str = ""
    last: str = ""
    budget: str = ""
    mode: str = "known"


@dataclass(frozen=True, slots=True)
class Typed:
    """What the builder's form holds; ``rule_id`` is empty for a new rule."""

    draft: Draft
    rule_id: str = ""
    past: Past = Past()
    wanted: str = "html"


async def _typed(request: Request) -> Typed:
    given = await request.form()
    form: dict[str, list[str]] = {}
    for name, value in given.multi_items():
        form.setdefault(name, []).extend([value] if isinstance(value, str) else [])

    def one(name: str) -> str:
        return next(iter(form.get(name, ())), "").strip()

    past = Past(one("from"), one("to"), one("budget"), one("mode") or "known")
    return Typed(read_draft(form), one("rule_id"), past, one("format"))


TheForm = Annotated[Typed, Depends(_typed)]
