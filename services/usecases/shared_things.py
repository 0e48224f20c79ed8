"""What all desks share (series, measures, release calendars): one desk adds to it and changes none of it."""

from __future__ import annotations

from typing import Literal, TypeVar

Thing = TypeVar("Thing")
Kind = Literal["series", "measure", "release calendar"]


class SharedThingError(PermissionError):
    """A change by one desk to what all desks share."""

    def __init__(self, kind: Kind, name: str, desk: str) -> None:
        self.kind = kind
        self.name = name
        self.desk = desk
        super().__init__(
            f"The {kind} {name!r} is shared by all desks. A key of the desk {desk!r} may add what is not "
            "there and say again what is there unchanged; to change it use a key of no desk."
        )


class WideCalendarError(SharedThingError):
    """A release calendar of one desk for series that it does not name, so for those of others too."""

    def __init__(self, name: str, desk: str) -> None:
        super().__init__("release calendar", name, desk)
        told = (
            f"A release calendar that describes its series is told to all who watch one. A key of {desk!r} "
            f"may add {name!r} for series that it names; to describe them use a key of no desk."
        )
        self.args = (told,)


def check_unchanged(kind: Kind, name: str, *, earlier: Thing | None, given: Thing, desk: str | None) -> None:
    """SharedThingError where a desk gives a thing that is there already another description."""
    if desk is not None and earlier is not None and earlier != given:
        raise SharedThingError(kind, name, desk)
