"""What was kept from a desk of one alert: the first event that it hears afterwards tells of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from alerts.events import Body, event_type
from alerts.hysteresis import Status
from alerts.states import TransitionKind
from alerts.wording import person_sentence, sentence

_RAISING = (TransitionKind.OPENED, TransitionKind.REOPENED)
_GOING_ON = {
    str(kind)
    for kind in (
        TransitionKind.UPDATED,
        TransitionKind.ESCALATED,
        TransitionKind.DEESCALATED,
        TransitionKind.CORRECTED,
    )
}


@dataclass(frozen=True, slots=True)
class Unheard:
    """Transitions of an alert that were kept from its desk since it last heard of it, the first first.

    So many ``inhibited`` of them a parent's alert spoke for, and silences kept the others. ``since`` is the
    moment from which the first of them was known, as its own body writes it.
    """

    kinds: tuple[TransitionKind, ...]
    since: str
    inhibited: int = 0

    @property
    def raised(self) -> TransitionKind | None:
        """The last opening, or reopening, among them; None where the desk has heard of it."""
        return next((kind for kind in reversed(self.kinds) if kind in _RAISING), None)


def told_late(body: Body, missed: Unheard) -> Body:
    """The body of an event with what its desk has not heard before it, in its fields and in its sentence."""
    data = {name: value for name, value in body["data"].items() if name != "sentence"}
    data["unheard"] = {
        "count": len(missed.kinds),
        "since": missed.since,
        "events": {str(kind): count for kind, count in Counter(missed.kinds).items()},
        "inhibited": missed.inhibited,
    }
    said = sentence(data) if "value" in data else person_sentence(data)
    return {**body, "data": {"sentence": said, **data}}


def told_as_opening(body: Body, missed: Unheard) -> Body:
    """The same body under the event type of the opening that was not heard, where the alert stays open.

    Whoever subscribes to openings would else never hear of it, and whoever keeps alerts by their opening
    would be told of one that it does not know. ``transition`` still says what this figure did.
    """
    data = body["data"]
    stays_open = data["alert"]["status"] == Status.OPENED and data["transition"]["kind"] in _GOING_ON
    if missed.raised is None or not stays_open:
        return body
    return {**body, "type": str(event_type(missed.raised))}
