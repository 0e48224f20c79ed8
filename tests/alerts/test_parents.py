"""Parent and child: the same figure, taken more widely over partners or goods."""

from __future__ import annotations

import pytest

from alerts.parents import IMPORTS, identity, parents
from alerts.scope import Traits

IMPORTED = frozenset({IMPORTS})
WORLD = Traits("W", reporter="CHN", hs_code="8505", unit="t")


def of(child: Traits, parent: Traits) -> bool:
    """True where one is a parent of the other."""
    counts, wider = identity(child), identity(parent)
    return counts is not None and wider is not None and wider in parents(counts)


@pytest.mark.parametrize(
    ("child", "is_child"),
    [
        (Traits("a", reporter="CHN", hs_code="8505", unit="T", partner="USA"), True),
        (Traits("b", reporter="CHN", hs_code="850511", unit="t"), True),
        (Traits("c", reporter="CHN", hs_code="850511", unit="t", partner="USA"), True),
        (Traits("d", reporter="CHN", hs_code="8505", unit="t"), False),
        (Traits("e", reporter="CHN", hs_code="8506", unit="t", partner="USA"), False),
        (Traits("f", reporter="CHN", hs_code="85", unit="t", partner="USA"), False),
        (Traits("g", reporter="VNM", hs_code="8505", unit="t", partner="USA"), False),
        (Traits("h", reporter="CHN", hs_code="8505", unit="USD", partner="USA"), False),
        (Traits("i", reporter="CHN", hs_code="8505", unit="t", partner="USA", tags=IMPORTED), False),
        (Traits("j", hs_code="8505", unit="t", partner="USA"), False),
        (Traits("k", reporter="CHN", commodity="magnets", unit="t", partner="USA"), False),
    ],
    ids=lambda given: getattr(given, "id", None),
)  # fmt: skip
def test_a_child_is_narrower_and_otherwise_the_same(child: Traits, is_child: bool) -> None:
    """Reporter, unit and flow agree, partner or goods are narrower, and nothing unknown makes a child."""
    assert of(child, WORLD) is is_child
    assert not of(WORLD, child)


def test_goods_without_a_code_are_the_same_by_their_name() -> None:
    """Two commodities of one name are parent and child by partner alone; another name is none."""
    world = Traits("W", reporter="CHN", commodity="Magnets", unit="t")
    assert of(Traits("a", reporter="CHN", commodity="magnets", unit="t", partner="USA"), world)
    assert not of(Traits("b", reporter="CHN", commodity="ores", unit="t", partner="USA"), world)


def test_no_series_is_its_own_ancestor() -> None:
    """Parents of parents are parents, and the widest comes first."""
    narrow = identity(Traits("a", reporter="CHN", hs_code="850511", unit="t", partner="USA"))
    assert narrow is not None
    wider = parents(narrow)
    assert (wider[0].hs_code, wider[0].partner) == ("85", None)
    assert narrow not in wider
    for each in wider:
        assert set(parents(each)) <= set(wider)
        assert each not in parents(each)
