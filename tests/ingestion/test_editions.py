"""Editions where rows do not say theirs: a series ends with its own, or is joined to another by rule."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from source_shop import Shop

from forecasting.months import Month
from services.ingestion.sources.census import Census
from services.ingestion.sources.comexstat import ROWS, ComexStat
from services.ingestion.sources.editions import edition_of
from services.ingestion.sources.faults import SourceMisnamedError
from services.ingestion.sources.hmrc import Hmrc
from services.ingestion.sources.source import Source
from services.storage import sources as sources_stored
from services.storage.tables import deliveries, observations
from services.usecases import follow_source

SPRING = dt.datetime(2022, 6, 1, tzinfo=dt.UTC)
"""Brazil took over HS 2022 on 1 April, so two months of it are out."""
MONTHS = ("2022-02", "2022-03", "2022-04", "2022-05")


def answer(*months: str) -> tuple[int, dict[str, str], bytes]:
    rows = [
        {
            "year": month[:4], "monthNumber": month[5:], "headingCode": "1201", "country": "China",
            "metricFOB": str(number), "metricKG": "1",
        }
        for number, month in enumerate(months, start=1)
    ]  # fmt: skip
    return 200, {}, json.dumps({"data": {"list": rows}, "success": True}).encode()


def held(shop: Shop) -> dict[str, float | None]:
    return {f"{each.series_id} {each.first_month}": each.value for each in shop.rows(observations)}


def follow(shop: Shop, words: str) -> list[str]:
    """What a search offers, followed, the value alone; its past counts as in."""
    found = follow_source.search(
        ComexStat(), f"commodity=1201 country=China {words}", now=shop.at, ask=lambda _: pytest.fail("asked")
    )
    entries = [each for each in found if each.code["measure"] == "value"]
    with shop.engine.begin() as connection:
        ids = follow_source.follow(connection, ComexStat(), entries, now=shop.at)
        sources_stored.begin(connection, ids, now=shop.at)
    return ids


def test_a_series_ends_with_its_edition_and_says_so_once(shop: Shop) -> None:
    """Its own months are read and revised on, none after them; ops is told of the change, not each poll."""
    shop.at = SPRING
    assert follow(shop, "edition=H5") == ["comexstat.H5.exports.China.1201.value"]
    shop.site.answers[ROWS] = answer(*MONTHS)
    poll = shop.poll(ComexStat())
    (told,) = poll.derived.refused
    assert told.startswith(
        "edition-changed: Brazil, ComexStat counts in H6 from 2022-04 on, and series followed in an earlier"
    )
    assert "edition=H6+H7" in told
    assert held(shop) == {
        "comexstat.H5.exports.China.1201.value 2022-02": 1.0,
        "comexstat.H5.exports.China.1201.value 2022-03": 2.0,
    }
    shop.site.answers[ROWS] = answer("2022-01", *MONTHS)
    assert shop.poll(ComexStat()).derived.revised == 2
    assert shop.count(deliveries) == 1


def test_a_series_begins_with_its_edition_and_nothing_earlier_is_withdrawn(shop: Shop) -> None:
    """What is followed now is of the edition in force; an answer of earlier months says nothing of it."""
    shop.at = SPRING
    (followed,) = follow(shop, "")
    assert followed == "comexstat.exports.China.1201.value"
    shop.site.answers[ROWS] = answer(*MONTHS)
    poll = shop.poll(ComexStat())
    assert (poll.derived.refused, poll.derived.withdrawn) == ([], 0)
    assert held(shop) == {f"{followed} 2022-04": 3.0, f"{followed} 2022-05": 4.0}


def test_two_editions_are_joined_only_by_rule_which_the_series_says(shop: Shop) -> None:
    """With edition=H5+H6 every month is read, and name, id and hs_edition hold the rule."""
    shop.at = SPRING
    assert follow(shop, "edition=H5+H6") == ["comexstat.H5-H6.exports.China.1201.value"]
    shop.site.answers[ROWS] = answer(*MONTHS)
    assert shop.poll(ComexStat()).derived.recorded == 4


def test_a_series_that_was_followed_without_an_edition_goes_on(shop: Shop) -> None:
    """Whoever followed a code before editions were told apart loses nothing."""
    shop.at = SPRING
    code = {"commodity": "1201", "country": "China", "flow": "exports", "measure": "value"}
    shop.follow("comexstat", {"soya": code}, unit="USD")
    shop.site.answers[ROWS] = answer(*MONTHS)
    assert shop.poll(ComexStat()).derived.recorded == 4


@pytest.mark.parametrize(
    ("source", "words", "edition"),
    [
        (Census(), "commodity=280530", "H5+H6, Schedule B of the month"),
        (Hmrc(), "commodity=28053010", "H5+H6, CN of the year"),
        (ComexStat(), "commodity=2805", "H5+H6, NCM of the month"),
    ],
    ids=lambda given: given.name if hasattr(given, "name") else None,
)
def test_the_rule_stands_in_name_and_edition(source: Source, words: str, edition: str) -> None:
    """A splice can be seen wherever the series is shown; what is no row of known editions is refused."""

    def found(more: str) -> Any:
        return source.search(f"{words} {more}", SPRING, lambda _: pytest.fail("asked"))[0].series

    assert found("edition=H5+H6").hs_edition == edition
    assert "(H5 and H6 joined by rule)" in found("edition=H5+H6").name
    assert found("").hs_edition == edition.removeprefix("H5+")
    assert "joined" not in found("").name
    for wrong in ("H9", "2022", "H6+H5", "H5+H7", "H5+"):
        with pytest.raises(SourceMisnamedError, match="no edition"):
            found(f"edition={wrong}")


@pytest.mark.parametrize(
    ("source", "last"),
    [("census", "2022-01"), ("comext", "2021-12"), ("hmrc", "2021-12"), ("comexstat", "2022-03")],
)
def test_each_source_took_hs_2022_over_in_its_own_month(source: str, last: str) -> None:
    """The month after the last in H5 is the first in H6; HS 2028 comes in 2028."""
    month = Month.parse(last)
    assert [edition_of(source, each) for each in (month, month + 1)] == ["H5", "H6"]
    assert [edition_of(source, Month.parse(each)) for each in ("2027-12", "2028-01")] == ["H6", "H7"]
