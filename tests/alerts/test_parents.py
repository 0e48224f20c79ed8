"""Parent and child: the same figure, taken more widely over partners or goods."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.parents import EXPORTS, IMPORTS, identity, parents
from alerts.scope import Traits

EXPORTED, IMPORTED = frozenset({EXPORTS}), frozenset({IMPORTS})
WORLD = Traits("W", tags=EXPORTED, reporter="CHN", hs_code="8505", unit="t")


def exports(series_id: str, reporter: str | None = "CHN", unit: str = "t", **given: str) -> Traits:
    """A series of exports, with what is known of it beside."""
    return Traits(series_id, tags=EXPORTED, reporter=reporter, unit=unit, **given)  # type: ignore[arg-type]  # texts


def of(child: Traits, parent: Traits) -> bool:
    """True where one is a parent of the other."""
    counts, wider = identity(child), identity(parent)
    return counts is not None and wider is not None and wider in parents(counts)


@pytest.mark.parametrize(
    ("child", "is_child"),
    [
        (exports("a", hs_code="8505", unit="T", partner="USA"), True),
        (exports("b", hs_code="850511"), True),
        (exports("c", hs_code="850511", partner="USA"), True),
        (exports("d", hs_code="8505"), False),
        (exports("e", hs_code="8506", partner="USA"), False),
        (exports("f", hs_code="85", partner="USA"), False),
        (exports("g", hs_code="8505", reporter="VNM", partner="USA"), False),
        (exports("h", hs_code="8505", unit="USD", partner="USA"), False),
        (replace(exports("i", hs_code="8505", partner="USA"), tags=IMPORTED), False),
        (exports("j", hs_code="8505", reporter=None, partner="USA"), False),
        (exports("k", commodity="magnets", partner="USA"), False),
    ],
    ids=lambda given: getattr(given, "id", None),
)
def test_a_child_is_narrower_and_otherwise_the_same(child: Traits, is_child: bool) -> None:
    """Reporter, unit and flow agree, partner or goods are narrower, and nothing unknown makes a child."""
    assert of(child, WORLD) is is_child
    assert not of(WORLD, child)


def test_goods_without_a_code_are_the_same_by_their_name() -> None:
    """Two commodities of one name are parent and child by partner alone; another name is none."""
    world = exports("W", commodity="Magnets")
    assert of(exports("a", commodity="magnets", partner="USA"), world)
    assert not of(exports("b", commodity="ores", partner="USA"), world)


@pytest.mark.parametrize("tags", [(), ("steel",), (EXPORTS, IMPORTS)], ids=["none", "another", "both"])
def test_a_series_without_one_flow_is_nobodys_parent_and_nobodys_child(tags: tuple[str, ...]) -> None:
    """What a country makes or stores, or both flows together, says nothing of its exports to a partner."""
    output = Traits("P", tags=frozenset(tags), reporter="CHN", commodity="steel", unit="t")
    to_usa = exports("a", commodity="steel", partner="USA")
    assert of(to_usa, replace(output, tags=EXPORTED))
    assert not of(to_usa, output)
    assert not of(replace(output, partner="USA"), output)
    assert identity(output) is None


def test_no_series_is_its_own_ancestor() -> None:
    """Parents of parents are parents, and the widest comes first."""
    narrow = identity(exports("a", hs_code="850511", partner="USA"))
    assert narrow is not None
    wider = parents(narrow)
    assert (wider[0].hs_code, wider[0].partner) == ("85", None)
    assert narrow not in wider
    for each in wider:
        assert set(parents(each)) <= set(wider)
        assert each not in parents(each)
