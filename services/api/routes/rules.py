"""/v1/rules: what desks ask to hear."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Response

from alerts.rules import parse_rule
from forecasting.months import Month as CalendarMonth
from services.api.auditing import Audit, Auditor
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.problems import ProblemError
from services.api.schemas.common import AsOf, Month, Page, StoodAt, clean_json, storable_id
from services.api.schemas.rehearsals import RehearsalShown
from services.api.schemas.rules import REQUEST_BODY, RuleSaved, RuleShown, RuleStands
from services.api.security import Reader, RuleKeeper
from services.queries import forecasters, rules
from services.usecases.callers import Caller
from services.usecases.enable_rule import UnknownRuleError, disable_rule, enable_rule
from services.usecases.rehearse_rule import rehearse_rule
from services.usecases.save_rule import save_rule

router = APIRouter(prefix="/rules", tags=["rules"])

RuleId = Annotated[str, Path(min_length=1, max_length=200, description="Id of the rule.")]
Raw = Annotated[Any, Body()]


@router.get("", summary="Rules in force")
def listed(
    service: TheService,
    caller: Reader,
    desk: Annotated[str | None, Query(description="Only those of a desk.")] = None,
    as_of: AsOf = None,
) -> Page[RuleShown]:
    """The newest version of each rule in force, by id; with ``as_of`` of those that were then."""
    wanted = caller.narrowed(desk)
    with service.engine.begin() as connection:
        found = rules.in_force(connection, desk=wanted, as_of=as_of)
        names = forecasters.names(connection, found, desk=caller.desk)
    return Page(items=[RuleShown.of(rule, names=names) for rule in found])


@router.get("/{rule_id}", summary="One rule")
def one(
    *,
    service: TheService,
    caller: Reader,
    rule_id: RuleId,
    response: Response,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="The newest by default.")] = None,
    as_of: StoodAt = None,
) -> RuleShown:
    """A rule as it stands, as it stood at a moment, or under a version."""
    with service.engine.begin() as connection:
        found = rules.one(connection, rule_id, version, desk=caller.desk, as_of=as_of)
        enabled = found is not None and rules.enabled(connection, found)
        names = {} if found is None else forecasters.names(connection, [found], desk=caller.desk)
    if found is None:
        raise ProblemError(
            "not-found", f"There is no rule {rule_id!r}" + (f" of version {version}." if version else ".")
        )
    shown = RuleShown.of(found, enabled=enabled, names=names)
    response.headers["ETag"] = _etag(shown)
    return shown


@router.post(
    "", status_code=201, summary="Add a rule", dependencies=[Depends(only_json)], openapi_extra=REQUEST_BODY
)
def add(service: TheService, caller: RuleKeeper, audit: Audit, raw: Raw, response: Response) -> RuleSaved:
    """A rule under an id of ours. Each fault of a rule that cannot be read comes with an example that can."""
    shown = _save(service, caller, audit, f"rule_{uuid.uuid4().hex[:12]}", raw)
    response.headers["Location"] = f"/v1/rules/{shown.id}"
    return shown


@router.put(
    "/{rule_id}",
    summary="Add a rule under an id, or its next version",
    dependencies=[Depends(only_json)],
    openapi_extra=REQUEST_BODY,
)
def put(
    *,
    service: TheService,
    caller: RuleKeeper,
    audit: Audit,
    rule_id: RuleId,
    raw: Raw,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=30, description="The ETag of the rule, as read.")
    ] = None,
) -> RuleSaved:
    """The next version of a rule. Alerts that are open live on under the version that opened them.

    A rule that is out of force stays so (`enabled`) until it is enabled.

    With If-Match and the ETag of the rule as it was read, 412 where somebody has saved another meanwhile.
    """
    shown = _save(service, caller, audit, storable_id(rule_id), raw, expected=_version(if_match))
    response.headers["ETag"] = _etag(shown)
    return shown


@router.post("/{rule_id}/disable", summary="Put a rule out of force")
def disable(service: TheService, caller: RuleKeeper, audit: Audit, rule_id: RuleId) -> RuleStands:
    """No figure opens an alert of it until it is enabled; it is found by its id, and listed no more.

    Alerts that are open stay so: no figure moves them, and a person can close them.
    """
    return _stand(service, caller, audit, rule_id, "disable")


@router.post("/{rule_id}/enable", summary="Put a rule back in force")
def enable(service: TheService, caller: RuleKeeper, audit: Audit, rule_id: RuleId) -> RuleStands:
    """Figures that arrive from now on are followed again; open alerts of it go on with the next of them."""
    return _stand(service, caller, audit, rule_id, "enable")


@router.post(
    "/rehearse",
    summary="Replay a rule on the past, without saving it",
    dependencies=[Depends(only_json)],
    openapi_extra=REQUEST_BODY,
)
def rehearse(
    *,
    service: TheService,
    caller: Reader,
    raw: Raw,
    first: Annotated[Month, Query(alias="from")] = None,
    last: Annotated[Month, Query(alias="to")] = None,
    mode: Annotated[
        Literal["known", "latest"],
        Query(description="On what was known at each moment, or on today's figures with the difference."),
    ] = "known",
    budget: Annotated[
        float | None, Query(gt=0, le=1e6, description="Alerts a year that the desk accepts, over all series.")
    ] = None,
) -> RehearsalShown:
    """Every alert that would have been, when it would have been known and how long it would have lasted.

    Each figure is judged by the forecast published before it; where none was, by one made now from what was
    known then, and the answer says so. At most 15 years.
    """
    rule = parse_rule(clean_json(raw), rule_id="rehearsed", version=1)
    with service.engine.begin() as connection:
        told = rehearse_rule(
            connection,
            rule,
            first=None if first is None else CalendarMonth.parse(first),
            last=None if last is None else CalendarMonth.parse(last),
            latest=mode == "latest",
            alerts_a_year=budget,
            budget=service.settings.alert_budget,
            portfolio=service.settings.portfolio,
            desk=caller.desk,
        )
        names = forecasters.names(connection, [rule], desk=caller.desk)
    return RehearsalShown.of(told, names=names)


def _etag(shown: RuleShown) -> str:
    return f'"v{shown.version}"'


def _version(if_match: str | None) -> int | None:
    """The version that an If-Match names; ProblemError where it names none of a rule."""
    if if_match is None:
        return None
    digits = if_match.strip().removeprefix('"v').removesuffix('"')
    if not digits.isascii() or not digits.isdecimal():
        raise ProblemError(
            "changed-meanwhile", f'If-Match: {if_match!r} is not the ETag of a rule, such as "v3".'
        )
    return int(digits)


def _save(
    service: TheService,
    caller: Caller,
    audit: Auditor,
    rule_id: str,
    raw: Any,
    *,
    expected: int | None = None,
) -> RuleSaved:
    """Save a rule of the caller's own desk; another desk's is neither changed nor taken over."""
    with service.engine.begin() as connection:
        owner = rules.desk_of(connection, rule_id)
        if owner is not None and not caller.sees(owner):
            raise ProblemError("not-found", f"There is no rule {rule_id!r} of your desk.")
        saved = save_rule(connection, rule_id, clean_json(raw), now=service.now(), expected=expected)
        caller.narrowed(saved.after.desk)
        before = None if saved.before is None else RuleShown.of(saved.before, enabled=saved.enabled)
        names = forecasters.names(connection, [saved.after], desk=caller.desk)
        shown = RuleShown.of(saved.after, enabled=saved.enabled, names=names)
        audit.note(connection, "rule.saved", rule_id, before=before, after=shown)
    return RuleSaved(
        **dict(shown),
        open_alerts=saved.open_alerts,
        open_alerts_in_words=saved.open_alerts_in_words,
    )


def _stand(
    service: TheService, caller: Caller, audit: Auditor, rule_id: str, act: Literal["enable", "disable"]
) -> RuleStands:
    """Put a rule of the caller's own desk out of force or back; kept where it changed anything."""
    change = enable_rule if act == "enable" else disable_rule
    with service.engine.begin() as connection:
        owner = rules.desk_of(connection, rule_id)
        if owner is None or not caller.sees(owner):
            raise UnknownRuleError(rule_id)
        told = change(connection, rule_id, now=service.now())
        if told.changed:
            audit.note(
                connection, f"rule.{act}d", rule_id, before=asdict(told.before), after=asdict(told.after)
            )
    return RuleStands.of(told)
