"""Rules as they are shown. As they are given they are read by alerts.rules, which names every fault."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from alerts.rules import RULE_EXAMPLE, Rule, dump_rule
from services.api.schemas.common import Shown


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
                    "in_words": "Warning to rare-earths on a shock; over when recovered.",
                    "rule": RULE_EXAMPLE,
                }
            ]
        }
    )

    id: str
    version: int
    name: str
    desk: str
    in_words: str
    rule: dict[str, Any] = Field(description="The rule as it may be PUT again.")

    @classmethod
    def of(cls, rule: Rule) -> RuleShown:
        """A rule as it is shown."""
        return cls(
            id=rule.id,
            version=rule.version,
            name=rule.name,
            desk=rule.desk,
            in_words=rule.in_words(),
            rule=dump_rule(rule),
        )


class RuleSaved(RuleShown):
    """A version just saved, the alerts that are open, and what becomes of them."""

    open_alerts: list[str] = Field(
        default_factory=list, description="Ids of the alerts that live on under an earlier version."
    )
    open_alerts_in_words: str = "No alert of this rule is open."


REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}, "example": RULE_EXAMPLE}},
    }
}
"""The body of a rule for OpenAPI."""
