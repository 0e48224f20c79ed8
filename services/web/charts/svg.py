"""Elements of SVG as safe text: attributes are escaped, coordinates are rounded to a tenth of a pixel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Point = tuple[float, float]


def element(name: str, *children: Markup | str, **attributes: str | float | None) -> Markup:
    """An element; ``class_`` is class, an underscore inside a name is a hyphen, and None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>")  # noqa: S704 - every part of it was escaped above


def joined(parts: Iterable[Markup]) -> Markup:
    """Elements one after another."""
    return Markup("").join(parts)


def line(points: Sequence[Point], class_: str) -> Markup:
    """A line through points; nothing for fewer than two."""
    return element("path", d=_path(points), class_=class_) if len(points) > 1 else Markup("")


def across(points: Sequence[Point], reach: float) -> list[Point]:
    """The points, or where there is one alone, that height to each side of it: a month is not a moment."""
    if len(points) != 1:
        return list(points)
    ((x, y),) = points
    return [(x - reach, y), (x + reach, y)]


def area(upper: Sequence[Point], lower: Sequence[Point], class_: str) -> Markup:
    """What lies between two lines over the same places; nothing for fewer than two."""
    if len(upper) < 2:
        return Markup("")
    return element("path", d=f"{_path([*upper, *reversed(lower)])}Z", class_=class_)


def text(words: str, x: float, y: float, class_: str, anchor: str | None = None) -> Markup:
    """Words at a place; ``anchor`` is middle or end where they do not begin there."""
    return element("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{_text(x)} {_text(y)}" for x, y in points)


def _text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.1f}".removesuffix(".0")
