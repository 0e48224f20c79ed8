"""Rules: which are in force, and the builder that reads a rule aloud and rehearses it before it is saved."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from alerts.errors import AlertsError, InvalidRuleError
from alerts.rehearsal import RehearsedAlert
from alerts.rehearsal_wording import rehearsal_lines
from alerts.rules import Rule, dump_rule, parse_rule
from forecasting.errors import InvalidMonthError
from forecasting.months import Month
from services.bootstrap import Service
from services.ingestion.json_text import JsonTextError
from services.queries import forecasters, observations, rules, series
from services.usecases.enable_rule import UnreadableRuleError, disable_rule, enable_rule
from services.usecases.rehearse_rule import Rehearsed, rehearse_rule
from services.usecases.save_rule import open_alerts_of, save_rule
from services.web.builder.drafts import draft_of, new_draft
from services.web.builder.kinds import KINDS, number
from services.web.builder.readings import place_of, read, reason_of, spoken, to_type
from services.web.builder.timeline import timeline
from services.web.changes import back_to, keep
from services.web.exports import Column, as_csv
from services.web.pages.rule_forms import TheForm, Typed
from services.web.rendering import NotFoundError, page
from services.web.sessions import Looking, RuleKeeping, Visitor

router = APIRouter()

NOTHING = rules.Heard()

FEW = 60
"""Series up to which the form lists them to be ticked; above they are typed."""


RULE_COLUMNS: tuple[Column[Rule], ...] = (
    Column("rule", lambda rule: rule.id),
    Column("version", lambda rule: rule.version),
    Column("name", lambda rule: rule.name),
    Column("desk", lambda rule: rule.desk),
    Column("severity", lambda rule: str(rule.severity)),
    Column("on", lambda rule: rule.scope.in_words()),
)

REHEARSED_COLUMNS: tuple[Column[RehearsedAlert], ...] = (
    Column("known_from", lambda alert: alert.known_from),
    Column("series", lambda alert: alert.series_id),
    Column("month", lambda alert: str(alert.onset)),
    Column("value", lambda alert: alert.opening.value),
    Column("unit", lambda alert: alert.opening.unit),
    Column("severity", lambda alert: str(alert.severity)),
    Column("reason", lambda alert: alert.reason),
    Column("status", lambda alert: str(alert.status)),
    Column("closed", lambda alert: alert.closed and str(alert.closed)),
    Column("months", lambda alert: alert.months),
    Column("confirmed", lambda alert: alert.confirmed),
)


@router.get("/rules")
def listed(
    request: Request,
    looking: Looking,
    format: Literal["html", "csv"] = "html",  # noqa: A002 - the name in the address
) -> Response:
    """The newest version of each rule of the visitor's desk."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        found = rules.in_force(connection, desk=looking.caller.desk)
        heard = rules.heard(connection, now=service.now())
        resting = rules.out_of_force(connection, desk=looking.caller.desk)
        names = forecasters.names(connection, (*found, *resting), desk=looking.caller.desk)
    if format == "csv":
        columns: tuple[Column[Rule], ...] = (
            *RULE_COLUMNS,
            Column("in_words", lambda rule: rule.in_words(names)),
            Column("alerts_in_a_year", lambda rule: heard.get(rule.id, NOTHING).opened),
            Column("useful", lambda rule: heard.get(rule.id, NOTHING).useful),
            Column("noise", lambda rule: heard.get(rule.id, NOTHING).noise),
        )
        return as_csv("rules", columns, found)
    return page(
        request,
        looking,
        "rules.html",
        rules=found,
        resting=resting,
        names=names,
        heard=heard,
        nothing=NOTHING,
    )


@router.get("/rules/new")
def new(
    request: Request, looking: Looking, on: Annotated[str | None, Query(max_length=200)] = None
) -> Response:
    """An empty builder, for a series where one is named."""
    service: Service = request.app.state.service
    draft = new_draft(desk=looking.caller.desk or "", series=() if on is None else (on,))
    with service.engine.begin() as connection:
        return _built(request, looking, connection, Typed(draft))


@router.get("/rules/{rule_id}")
def one(
    request: Request,
    looking: Looking,
    rule_id: str,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The builder on a saved rule; an older version is shown as it was, and saved as the next."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        found = rules.one(connection, rule_id, version, desk=looking.caller.desk)
        if found is None:
            raise NotFoundError(f"There is no such rule {rule_id!r} that your key may see.", "/rules")
        typed = Typed(draft_of(dump_rule(found)), rule_id)
        return _built(request, looking, connection, typed, shown=found)


@router.post("/rules/builder")
def build(request: Request, looking: Looking, typed: TheForm) -> Response:
    """The builder on what its form holds, read aloud; nothing is saved."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        return _built(request, looking, connection, typed)


@router.post("/rules/rehearse")
def rehearse(request: Request, looking: Looking, typed: TheForm) -> Response:
    """The builder with its rule replayed on the past; nothing is saved."""
    service: Service = request.app.state.service
    with service.engine.begin() as connection:
        told: Rehearsed | None = None
        refusal = ""
        try:
            told = _rehearsed(connection, looking, typed, service)
        except InvalidRuleError:
            refusal = "The rule cannot be read yet: mend what is listed beside it, then rehearse."
        except (AlertsError, InvalidMonthError, JsonTextError) as error:
            refusal = str(error)
        if typed.wanted == "csv" and told is not None:
            return as_csv("rehearsal", REHEARSED_COLUMNS, told.rehearsal.alerts)
        return _built(request, looking, connection, typed, told=told, refusal=refusal)


@router.post("/rules/save")
def save(request: Request, looking: RuleKeeping, typed: TheForm) -> Response:
    """The next version of the rule, or a new one; with faults the builder again, and nothing saved."""
    service: Service = request.app.state.service
    rule_id = typed.rule_id or f"rule_{uuid.uuid4().hex[:12]}"
    try:
        with service.engine.begin() as connection:
            owner = rules.desk_of(connection, rule_id)
            if owner is not None and not looking.caller.sees(owner):
                raise NotFoundError(f"There is no rule {rule_id!r} of your desk.", "/rules")
            saved = save_rule(connection, rule_id, typed.draft.raw(), now=service.now())
            looking.caller.narrowed(saved.after.desk)
            before = None if saved.before is None else _kept(saved.before, enabled=saved.enabled)
            after = _kept(saved.after, enabled=saved.enabled)
            keep(request, looking, connection, "rule.saved", rule_id, before=before, after=after)
    except (AlertsError, JsonTextError) as error:
        refusal = "" if isinstance(error, InvalidRuleError) else f"Nothing was saved. {error}"
        with service.engine.begin() as connection:
            return _built(request, looking, connection, typed, refusal=refusal)
    version = saved.after.version
    said = f"Version {version} is saved and in force: figures that arrive from now on may open it."
    if not saved.enabled:
        said = f"Version {version} is saved. The rule is out of force still: no figure opens it."
    return back_to(f"/rules/{rule_id}", said)


@router.post("/rules/{rule_id}/{act}")
def stand(
    request: Request, looking: RuleKeeping, rule_id: str, act: Literal["disable", "enable"]
) -> Response:
    """The rule put out of force or back, and what becomes of the alerts of it that are open."""
    service: Service = request.app.state.service
    change = disable_rule if act == "disable" else enable_rule
    try:
        with service.engine.begin() as connection:
            owner = rules.desk_of(connection, rule_id)
            if owner is None or not looking.caller.sees(owner):
                raise NotFoundError(f"There is no rule {rule_id!r} of your desk.", "/rules")
            told = change(connection, rule_id, now=service.now())
            if told.changed:
                before, after = asdict(told.before), asdict(told.after)
                keep(request, looking, connection, f"rule.{act}d", rule_id, before=before, after=after)
    except (AlertsError, UnreadableRuleError) as error:
        return back_to(f"/rules/{rule_id}", str(error))
    return back_to(f"/rules/{rule_id}", told.in_words())


def _kept(rule: Rule, *, enabled: bool) -> dict[str, Any]:
    return {"id": rule.id, "version": rule.version, "enabled": enabled, **dump_rule(rule)}


def _rehearsed(connection: Connection, looking: Visitor, typed: Typed, service: Service) -> Rehearsed:
    budget = number(typed.past.budget)
    return rehearse_rule(
        connection,
        parse_rule(typed.draft.raw(), rule_id="rehearsed", version=1),
        first=Month.parse(typed.past.first) if typed.past.first else None,
        last=Month.parse(typed.past.last) if typed.past.last else None,
        latest=typed.past.mode == "latest",
        alerts_a_year=budget if isinstance(budget, int | float) and budget > 0 else None,
        budget=service.settings.alert_budget,
        portfolio=service.settings.portfolio,
        desk=looking.caller.desk,
    )


def _built(
    request: Request,
    looking: Visitor,
    connection: Connection,
    typed: Typed,
    *,
    shown: Rule | None = None,
    told: Rehearsed | None = None,
    refusal: str = "",
) -> Response:
    visible = series.chosen(connection, desk=looking.caller.desk)
    versions = rules.versions(connection, typed.rule_id, desk=looking.caller.desk)
    stands = rules.newest(connection, typed.rule_id) if versions.saved else None
    foretold = forecasters.listed(connection, desk=looking.caller.desk)
    rehearsal = None
    if told is not None:
        rehearsal = {
            "lines": rehearsal_lines(told.rehearsal, told.judged_by),
            "timeline": timeline(
                told, observations.standing_values(connection, [each.id for each in told.series])
            ),
            "told": told,
        }
    return page(
        request,
        looking,
        "rule.html",
        draft=typed.draft,
        rule_id=typed.rule_id,
        past=typed.past,
        shown=shown,
        reading=read(typed.draft, visible, {each.id: each.name for each in foretold}),
        visible=visible,
        few=len(visible) <= FEW,
        families=sorted({each.family for each in visible if each.family}),
        kinds=KINDS,
        forecasters=foretold,
        place=place_of,
        reason_of=reason_of,
        to_type=to_type,
        spoken=spoken,
        stands=stands,
        open_alerts="" if stands is None else open_alerts_of(connection, stands)[1],
        versions=versions.saved,
        saved_by=versions.saved_by,
        rehearsal=rehearsal,
        refusal=refusal,
    )
