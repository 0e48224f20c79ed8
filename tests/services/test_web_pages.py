"""The reading pages on a small history: what each says, and what it does not say of the future."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from api_stage import MAGNETS, NOW, Stage, served
from httpx import Client
from web_stage import LATER, fit, tell, tell_later

from forecasting.months import Month
from services.storage import forecasts
from services.web.app import create_web
from services.web.formats import quantity
from services.web.words import lead

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def pages(stage: Stage) -> Iterator[Client]:
    """A client of the dashboard on a stage's database and clock."""
    with served(create_web(stage.app.state.service)) as address, Client(base_url=address) as client:
        yield client


@pytest.fixture
def told(pages: Client, told_once: Callable[[Callable[[Stage], None]], None]) -> Client:
    """A client of the dashboard where magnets are known through June 2025."""
    told_once(through_june)
    return pages


def through_june(stage: Stage) -> None:
    """Magnets through June 2025: forty ordinary months, a forecast, a shock, its revision, a recovery."""
    tell(stage)
    tell_later(stage)


def rows(client: Client, address: str) -> list[dict[str, str]]:
    """The rows of a table that a page gives as a file."""
    answer = client.get(address)
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_an_installation_without_a_series_teaches_the_first_steps(pages: Client) -> None:
    """Every reading page of an empty installation is a page that says what to do, never an empty table."""
    for address in ("/", "/series", "/episodes", "/track-record"):
        answer = pages.get(address)
        assert answer.status_code == 200, address
        assert 'class="empty"' in answer.text, address
    assert "/v1/series/MAGNETS" in pages.get("/").text


def test_now_says_what_happened_to_magnets_in_may(told: Client) -> None:
    """The open alert's sentence, and the shock as a headline with what was expected instead."""
    page = told.get("/").text
    assert "1,240\u00a0t</strong> in May 2025: " in page
    assert "expected before it began" in page
    assert "Magnet exports fell" in page
    assert "Releases" in page


def test_now_puts_the_picture_of_a_shock_beside_its_alert(told: Client) -> None:
    """One place a series: the open alert bears the episode's lowest figure and picture, told nowhere else."""
    page = told.get("/").text
    assert page.count("told-with-picture") == 1
    assert page.count('class="chart spark"') == 1
    first = page.index('class="lead"')
    assert page.index("1,240\u00a0t</strong> in May 2025") < first < page.index("Figures judged last")


def test_what_happened_stays_once_it_is_acknowledged(stage: Stage, told: Client) -> None:
    """Alert, list, file and Now go on saying what the figure did, with who has it beside it."""
    before = rows(told, "/alerts?format=csv")
    said, _ = lead(before[0]["sentence"])
    assert said.startswith("Magnet exports ")
    alert = before[0]["alert"]
    assert stage.client.post(f"/v1/alerts/{alert}/acknowledge", json={"by": "Ana"}).status_code == 200
    after = rows(told, "/alerts?format=csv")
    assert [each["sentence"] for each in after] == [each["sentence"] for each in before]
    assert "Ana" in after[0]["acknowledged_by"]
    until = {"by": "Ana", "hours": 24}
    assert told.post(f"/alerts/{alert}/snooze", data=until, headers=OWN).status_code < 400
    apart = r'snoozed it until <time[^>]*>[^<]*</time>\s*<span class="muted">· <time'
    assert re.search(apart, told.get(f"/alerts/{alert}").text), "two times apart"
    for address, seen in ((f"/alerts/{alert}", "seen by "), ("/alerts", "Ana"), ("/", "has it")):
        page = told.get(address).text
        _, _, live = page.partition('id="open-alerts"' if address == "/" else 'id="alert')
        assert said in unescape(live), address
        assert seen in page, address
    assert "acknowledged the alert" not in told.get("/alerts").text


def test_what_people_made_of_alerts_stands_with_their_rule(stage: Stage, told: Client) -> None:
    """The rule shows what it came to in a year, and what was said last of each alert: useful, or noise."""
    (rule,) = rows(told, "/rules?format=csv")
    assert (rule["alerts_in_a_year"], rule["useful"], rule["noise"]) == ("1", "0", "0")
    (alert,) = stage.client.get("/v1/alerts").json()["items"]
    for act in ("noise", "useful"):
        own = {"Sec-Fetch-Site": "same-origin"}
        assert (
            told.post(f"/alerts/{alert['id']}/{act}", data={"by": "Li Wei"}, headers=own).status_code == 303
        )
    (rule,) = rows(told, "/rules?format=csv")
    assert (rule["alerts_in_a_year"], rule["useful"], rule["noise"]) == ("1", "1", "0")
    assert "Found useful" in told.get("/rules").text


def test_now_tells_once_what_is_new_to_whoever_looks(stage: Stage, told: Client) -> None:
    """The first look tells the last changes; a look an hour later says that nothing changed since."""
    assert "This browser looks for the first time" in told.get("/").text
    stage.at = NOW + dt.timedelta(hours=1)
    assert "Nothing has changed since you last looked, 1 hour ago" in told.get("/").text


def test_a_series_as_of_a_day_knows_nothing_later(told: Client) -> None:
    """On 20 June 2025 May stood at 1,238 t: no word of its revision or of June, in page or file."""
    page = told.get(f"/series/{MAGNETS}?as_of=2025-06-20").text
    assert "1,238\u00a0t" in page
    for later in ("1,240", "5,100", "Jul 2025"):
        assert later not in page, later
    now = told.get(f"/series/{MAGNETS}").text
    assert "1,240\u00a0t" in now
    assert "first print 1,238" in now
    figure = now.partition("Figures and what was expected of them")[2].partition('data-value="2025-05"')[2]
    assert '<td class="nowrap" data-value="2025-07-20T04:00:00+00:00">' in figure.partition("</tr>")[0]
    assert ">20 Jun 2025</time></small>" in figure.partition("first print ")[2].partition("</td>")[0]
    known = rows(told, f"/series/{MAGNETS}/figures.csv?as_of=2025-06-20&range=2y")
    figures = [row for row in known if row["kind"] == "figure"]
    assert (figures[-1]["period"], figures[-1]["value"], figures[-1]["verdict"]) == (
        "2025-05",
        "1238.0",
        "shock_down",
    )
    assert next(row for row in known if row["kind"] == "forecast")["period"] == "2025-06"


def test_a_series_shows_its_revisions_alerts_and_the_way_to_a_rule(told: Client) -> None:
    """An earlier print is hollow beside the one that stands; an open alert is named now, on no past day."""
    page = told.get(f"/series/{MAGNETS}").text
    assert page.count('class="print"') == 1
    assert 'class="print"' not in told.get(f"/series/{MAGNETS}?hide=revisions").text
    assert 'class="open-alert"' in page
    assert f'href="/rules/new?on={MAGNETS}"' in page
    past = told.get(f"/series/{MAGNETS}?as_of=2025-06-20").text
    assert 'class="print"' not in past
    assert 'class="open-alert"' not in past


def test_a_series_says_which_forecast_judged_its_figure(stage: Stage, told: Client) -> None:
    """What was expected of June is the judging forecast's; what was published then stands beside it."""
    page = told.get(f"/series/{MAGNETS}").text
    expected = page.partition("Expected before it came")[2].partition("</div>")[0]
    assert "by the forecast that judges" in expected
    with stage.engine.begin() as connection:
        made = forecasts.published(connection, MAGNETS, model="standard")
    before = next(each.forecast for each in made if str(each.origin) == "2025-05")
    assert before is not None
    median = quantity(float(before.median[0]), "t")
    judged = expected.partition("</dd>")[0].partition("<dd>")[2].partition("<small")[0]
    assert (f"published then: {median}" in expected) == (median != judged)


def test_a_series_says_that_its_forecast_is_being_made(stage: Stage, told: Client) -> None:
    """From a figure to its refit the page says that work is under way, and no longer."""
    assert "a forecast is being made" not in told.get(f"/series/{MAGNETS}").text
    revised = {"month": "2025-06", "value": 5200, "known_from": LATER.replace(day=30).isoformat()}
    assert stage.upload(revised, replay="true").status_code < 300
    assert "a forecast is being made" in told.get(f"/series/{MAGNETS}").text
    fit(stage)
    assert "a forecast is being made" not in told.get(f"/series/{MAGNETS}").text


def test_a_view_is_its_address(told: Client) -> None:
    """Range, layers and day stand in the address; a layer left out is not drawn; nonsense is refused."""
    assert 'class="stood"' in told.get(f"/series/{MAGNETS}").text
    shared = told.get(f"/series/{MAGNETS}?as_of=2025-06-20&range=2y&hide=stood,scenarios").text
    assert 'class="stood"' not in shared
    assert "as_of=2025-06-20&amp;range=2y&amp;hide=scenarios%2Cstood" in shared
    for nonsense in ("as_off=2025-06-20", "range=3y", "hide=everything", "as_of=yesterday"):
        assert told.get(f"/series/{MAGNETS}?{nonsense}").status_code == 422, nonsense
    assert told.get("/series/NOTHING").status_code == 404


def test_the_ledger_and_its_file_agree(told: Client) -> None:
    """One episode, on the page and in the file, with its loss and interval; none before it began."""
    (row,) = rows(told, "/episodes?format=csv")
    assert (row["series_id"], row["onset"], row["side"]) == (MAGNETS, "2025-05", "down")
    assert float(row["shortfall_lower"]) < float(row["shortfall"]) < float(row["shortfall_upper"])
    assert "May 2025" in told.get("/episodes").text
    assert "May 2025" in told.get("/episodes?family=magnets&as_of=").text
    assert rows(told, "/episodes?format=csv&family=none") == []
    assert rows(told, "/episodes?format=csv&as_of=2025-06-19") == []


def test_the_track_record_stands_beside_seasonal_naive(told: Client) -> None:
    """Lines by months ahead count pairs of a forecast and a figure that came; May's first print is scored."""
    lines = rows(told, "/track-record?by=horizon&format=csv")
    assert {"1", "2"} <= {line["horizon"] for line in lines}
    assert all(line["naive_mase"] for line in lines)
    page = told.get("/track-record").text
    assert "seasonal naive" in page
    assert "Error by months ahead" in page
    assert "<dt>Pairs scored</dt>" in page
    assert "A pair is a forecast and a figure that it foretold" in page


def test_the_track_record_says_which_months_it_stands_on(stage: Stage, told: Client) -> None:
    """Two months, both of a shock on the magnets, too few; outside it the sibling's record is left."""
    sibling = [
        {"series_id": "SIBLING", "month": f"2025-{month:02d}", "value": 1000, "known_from": LATER.isoformat()}
        for month in (5, 6)
    ]
    assert stage.upload(*sibling, replay="true").status_code < 300
    fit(stage)
    page = " ".join(told.get("/track-record").text.split())
    assert "2 months, May 2025 to June 2025; in 2 of them the episode of a shock was open" in page
    assert "Fewer than 24 months: too few to rank methods." in page
    assert page.index("too few to rank") < page.index("By months ahead")
    (line,) = (
        row for row in rows(told, "/track-record?by=series&format=csv") if row["series_id"] == "SIBLING"
    )
    outside = page.partition("Months outside episodes")[2].partition("</tr>")[0]
    figures, mase = re.findall(r'data-value="([\d.]+)"', outside)[:2]
    assert (figures, float(mase)) == (line["figures"], pytest.approx(float(line["mase"])))
    alone = " ".join(told.get(f"/track-record?series_id={MAGNETS}").text.split())
    assert "Months outside episodes" not in alone
    assert "No figure that is scored lies outside one" in alone
    then = " ".join(told.get("/track-record?as_of=2025-06-30").text.split())
    assert "1 month, May 2025; in 1 of them" in then


def test_a_family_stands_side_by_side(told: Client) -> None:
    """Siblings are an index of one axis, and shares of their sum that add up to one."""
    page = told.get("/families/magnets")
    assert page.status_code == 200
    assert "Its sibling" in page.text
    assert "<h1>magnets</h1>" in page.text  # its series share no words
    cells = [row for row in rows(told, "/families/magnets?format=csv") if row["month"] == "2025-04"]
    assert sum(float(row["share"]) for row in cells) == pytest.approx(1)
    assert told.get("/families/nothing").status_code == 404


def test_a_family_shows_its_last_parting(stage: Stage, pages: Client) -> None:
    """Siblings that parted in June and go together in July stand there as of June, and July is named."""
    stage.at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for place, name in enumerate(("ores", "magnets")):
        stage.register(name, name=name, family="metals")
        for month in range(37):
            period = Month.of(2022, 7) + month
            value = (1600.0, 600.0)[place] if month == 35 else 1000.0 + 10 * (month % (3 + place))
            figure = {"series_id": name, "month": str(period), "value": value}
            given = {**figure, "known_from": f"{period + 1}-20T02:00Z"}
            assert stage.upload(given, history="true").status_code == 200
    page = pages.get("/families/metals").text
    assert "Where they part: June 2025" in page
    assert '<strong class="down">parted</strong>' in page
    assert "In July 2025, the last that two of them hold with the year before, none did." in page
    then = pages.get("/families/metals?as_of=2025-07-31").text
    assert "Where they part: June 2025" in then
    assert "none did" not in then
