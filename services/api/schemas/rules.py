"""Rules as they are shown. As they are given they are read by alerts.rules, which names every fault."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ConfigDict, Field

from alerts.rules import RULE_EXAMPLE, Rule, dump_rule
from services.api.schemas.common import Shown
from services.usecases.enable_rule import Enabled


class RuleShown(Shown):
    """One version of a rule, and what it says in words."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "magnet-shocks",
                    "version": 1,
                    "name": "Magnet shocks",
                    "desk": "rare-earths",
                    "enabled": True,
                    "in_words": "Warning to rare-earths on a downward shock; critical on the lowest in "
                    "5 years; over when back inside the 80 % interval that was forecast before it began for "
                    "2 figures in a row; an alert on a parent speaks for its children.",
                    "rule": RULE_EXAMPLE,
                }
            ]
        }
    )

    id: str
    version: int
    name: str
    desk: str
    enabled: bool = Field(
        default=True, description="False where the rule is out of force under this version: it opens nothing."
    )
    in_words: str
    rule: dict[str, Any] = Field(description="The rule as it may be PUT again.")

    @classmethod
    def of(
        cls, rule: Rule, *, enabled: bool = True, names: Mapping[str, str] = MappingProxyType({})
    ) -> RuleShown:
        """A rule as it is shown; ``names`` are of forecasters, by id."""
        return cls(
            id=rule.id,
            version=rule.version,
            name=rule.name,
            desk=rule.desk,
            enabled=enabled,
            in_words=rule.in_words(names),
            rule=dump_rule(rule),
        )


class RuleSaved(RuleShown):
    """A version just saved, the alerts that are open, and what becomes of them."""

    open_alerts: list[str] = Field(
        default_factory=list, description="Ids of the alerts that live on under an earlier version."
    )
    open_alerts_in_words: str = "No alert of this rule is open."


class RuleStands(Shown):
    """A rule put out of force or back, and what becomes of the alerts of it that are open."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "magnet-shocks",
                    "version": 2,
                    "desk": "rare-earths",
                    "enabled": False,
                    "open_alerts": [],
                    "open_alerts_in_words": "No alert of this rule is open.",
                }
            ]
        }
    )

    id: str
    version: int = Field(description="The version of the same words that says so; as it was where it did.")
    desk: str
    enabled: bool
    open_alerts: list[str] = Field(description="Ids of the alerts that are open.")
    open_alerts_in_words: str

    @classmethod
    def of(cls, told: Enabled) -> RuleStands:
        """How a rule stands after it was enabled or disabled."""
        stands = told.after
        return cls(
            id=stands.id,
            version=stands.version,
            desk=stands.desk,
            enabled=stands.enabled,
            open_alerts=told.open_alerts,
            open_alerts_in_words=told.open_alerts_in_words,
        )


REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": RULE_EXAMPLE}},
    }
}
"""The body of a rule for OpenAPI."""
