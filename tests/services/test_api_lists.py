"""Lists beside the series: families, tags, desks, records, and how far the work has come."""

from __future__ import annotations

from api_stage import MAGNETS, Stage, assert_problem


def test_series_are_found_by_words_families_and_tags(stage: Stage) -> None:
    """Every word must stand somewhere; what a pattern would mean is read as letters."""
    stage.register(commodity="rare-earth magnets", family="CN_RE", tags=["magnets"])
    stage.register("COPPER", family="METALS", tags=["metals"])
    for words, found in (
        ("MAGNETS rare", [MAGNETS]),
        ("copper magnets", []),
        ("c", ["CN_EXP_REPM_T", "COPPER"]),
        ("%", []),
    ):
        answer = stage.client.get("/v1/series", params={"q": words}).json()
        assert [each["id"] for each in answer["items"]] == found, words
    families = stage.client.get("/v1/families").json()["items"]
    assert families == [{"name": "CN_RE", "series": 1}, {"name": "METALS", "series": 1}]
    assert [each["name"] for each in stage.client.get("/v1/tags").json()["items"]] == ["magnets", "metals"]


def test_a_desk_is_there_once_something_names_it(stage: Stage) -> None:
    """A rule or an endpoint makes a desk; what is its own is counted."""
    assert stage.client.get("/v1/desks").json()["items"] == []
    stage.client.post("/v1/endpoints", json={"desk": "metals", "url": "https://desk.example.com/hook"})
    stage.client.post("/v1/endpoints", json={"desk": "grains", "url": "https://desk.example.com/hook"})
    desks = stage.client.get("/v1/desks", params={"limit": 1}).json()
    assert desks["items"] == [{"name": "grains", "rules": 0, "endpoints": 1, "keys": 0, "alerts": 0}]
    rest = stage.client.get("/v1/desks", params={"after": desks["next"]}).json()
    assert [each["name"] for each in rest["items"]] == ["metals"]


def test_records_are_told_with_the_months_they_rest_on(stage: Stage) -> None:
    """The lowest figure of those held is a record as of when it was known, and only from then on."""
    stage.register()
    for month in range(1, 13):
        known = f"2024-{month + 1:02}-20T02:00:00Z" if month < 12 else "2025-01-20T02:00:00Z"
        stage.upload({"month": f"2024-{month:02}", "value": 100 + month, "known_from": known}, history=True)
    stage.upload({"month": "2025-01", "value": 5, "known_from": "2025-02-20T02:00:00Z"})
    lowest = stage.client.get("/v1/records", params={"direction": "lowest"}).json()["items"]
    assert (lowest[0]["month"], lowest[0]["since"], lowest[0]["months_held"]) == ("2025-01", None, 13)
    before = {"direction": "lowest", "as_of": "2025-02-20T01:59:59Z"}
    assert "2025-01" not in [
        each["month"] for each in stage.client.get("/v1/records", params=before).json()["items"]
    ]
    assert stage.client.get("/v1/records", params={"years": 5}).json()["items"] == []


def test_progress_counts_jobs_by_how_they_stand(stage: Stage) -> None:
    """A figure orders a refit: it waits, is listed by id, and is counted from the moment it was made."""
    stage.register()
    stage.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"})
    standing = {each["kind"]: each for each in stage.client.get("/v1/jobs/progress").json()["items"]}
    assert standing["refresh_forecast"] == {
        "kind": "refresh_forecast", "waiting": 1, "running": 0, "done": 0, "failed": 0,
    }  # fmt: skip
    later = stage.client.get("/v1/jobs/progress", params={"since": "2025-08-01T12:00:01Z"}).json()
    assert later["items"] == []
    job = stage.client.get("/v1/jobs").json()["items"][0]
    alone = stage.client.get(f"/v1/jobs/{job['id']}").json()
    assert alone | job == alone  # of one job more is told than in a list
    assert_problem(stage.client.get("/v1/jobs/99"), 404, "not-found")
