"""A scope covers the series that it names and all that agree with its description."""

from __future__ import annotations

import json

import pytest

from alerts.errors import InvalidRuleError
from alerts.parsing import Faults, Reader
from alerts.scope import Scope, Traits, dump_scope, parse_scope, read_scope

MAGNETS = Traits("A", "magnets", frozenset({"critical"}), "CHN", "USA", "magnets", "85051110")


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(series=("A",)), True),
        (Scope(series=("B",)), False),
        (Scope(families=("ores", "magnets")), True),
        (Scope(tags=("critical",)), True),
        (Scope(reporters=("CHN",), partners=("USA",)), True),
        (Scope(reporters=("CHN",), partners=("DEU",)), False),
        (Scope(hs_prefixes=("8505",)), True),
        (Scope(hs_prefixes=("2805", "8505"), commodities=("ores",)), False),
        (Scope(series=("A",), families=("ores",)), True),
        (Scope(), False),
        (Scope(all=True), True),
    ],
)
def test_a_described_series_agrees_with_every_field(scope: Scope, covered: bool) -> None:
    """A series is watched by its name, or where each described field holds one of its texts."""
    assert scope.covers(MAGNETS) is covered


def test_what_is_not_known_of_a_series_agrees_with_nothing() -> None:
    """A series without a partner or a code is not covered by a scope that asks for one."""
    assert not Scope(partners=("USA",)).covers(Traits("A"))
    assert not Scope(hs_prefixes=("85",)).covers(Traits("A"))


def test_a_scope_reads_back_as_it_was() -> None:
    """What is dumped is what is read, and it says itself."""
    scope = Scope(series=("A",), reporters=("CHN",), hs_prefixes=("8505", "2805"))
    faults = Faults()
    assert read_scope(Reader({"scope": dump_scope(scope)}, "$", faults, {})) == scope
    assert len(faults) == 0
    assert scope.in_words() == "A and every series with reporter CHN and HS code from 8505 or 2805"


def test_every_series_is_said_in_one_word() -> None:
    """{"all": true} covers whatever comes, reads back, and says so."""
    faults = Faults()
    scope = read_scope(Reader({"scope": {"all": True}}, "$", faults, {}))
    assert len(faults) == 0
    assert (dump_scope(scope), scope.in_words()) == ({"all": True}, "every series")
    assert scope.covers(Traits("not registered yet"))


@pytest.mark.parametrize(
    ("raw", "example"),
    [
        ({"family": ["magnets"]}, {"families": ["cn-rare-earths"]}),
        ({"tag": "x"}, {"tags": ["critical"]}),
        ({"hs": ["85"]}, {"series": ["CN_EXP_REPM_T"]}),
        ({"partners": "USA"}, {"partners": ["USA"]}),
        ([], {"series": ["CN_EXP_REPM_T"]}),
    ],
)
def test_a_wrong_key_is_answered_with_what_works(raw: object, example: dict[str, object]) -> None:
    """The example beside a fault is one that is accepted, and never a null."""
    with pytest.raises(InvalidRuleError) as caught:
        parse_scope(raw)
    assert json.loads(caught.value.faults[0].example) == example
    assert parse_scope(example)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"all": "yes"}, "$.scope.all"),
        ({"all": True, "series": ["A"]}, "$.scope.all"),
        ({"all": False}, "$.scope"),
        ({}, "$.scope"),
        ({"hs_prefixes": ["85.05"]}, "$.scope.hs_prefixes"),
        (None, "$.scope"),
    ],
)
def test_a_scope_that_says_nothing_is_refused(raw: object, path: str) -> None:
    """An empty scope and a prefix that is none are faults with their path."""
    faults = Faults()
    read_scope(Reader({"scope": raw}, "$", faults, {}))
    with pytest.raises(InvalidRuleError) as refused:
        faults.raise_any()
    assert [fault.path for fault in refused.value.faults] == [path]
