"""Whether a rule sets figures against forecasters of its desk: asked before it is rehearsed and saved."""

from __future__ import annotations

from sqlalchemy import Connection

from alerts.errors import UnseenForecasterError
from alerts.rules import Rule
from services.storage import forecasters


def check_forecasters(connection: Connection, rule: Rule, *, desk: str) -> None:
    """UnseenForecasterError where a forecaster that a rule names is not there, or is not shown to a desk.

    Once seen it stays so: whose a forecaster is never changes, and none is taken away.
    """
    if not rule.forecasters:
        return
    seen = {each.id for each in forecasters.listed(connection, desk=desk)}
    unseen = [each for each in rule.forecasters if each not in seen]
    if unseen:
        raise UnseenForecasterError(unseen, desk)
