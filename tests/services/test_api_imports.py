"""A file by the API in two steps: shown, then confirmed by its id."""

from __future__ import annotations

from typing import Any

import pytest
from api_stage import MAGNETS, Stage
from sqlalchemy import select

from services.storage.tables import jobs

TABLE = "series;month;value;unit\nM;May 2025;1.234.500;kg\nM;June 2025;n/a;kg\nnote: preliminary;;;\n".encode(
    "utf-16"
)
BYTES = {"content-type": "application/octet-stream"}


def shown(stage: Stage, content: bytes, **parameters: Any) -> dict[str, Any]:
    answer = stage.client.post(
        "/v1/imports", content=content, headers=BYTES, params={"name": "a.csv", **parameters}
    )
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_file_is_shown_corrected_and_confirmed(stage: Stage) -> None:
    """Nothing is recorded until the id is confirmed; then what was shown last is, and once only."""
    stage.register()
    before = stage.rows()["observations"]
    first = shown(stage, TABLE, source="desk")
    assert any("'M'" in line for line in first["said"])
    assert stage.rows()["observations"] == before
    mapping = {**first["mapping"], "ids": {"M": MAGNETS}}
    mapping.pop("register", None)
    again = stage.client.put(f"/v1/imports/{first['id']}/mapping", json=mapping)
    assert again.status_code == 200, again.text
    assert again.json()["ready"]
    assert f"row 2: {MAGNETS}, 2025-05: 1,234.5 t, final" in again.json()["figures"]
    assert stage.rows()["observations"] == before
    confirmed = stage.client.post(f"/v1/imports/{first['id']}/confirm")
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["recorded"] == 1
    assert stage.client.post(f"/v1/imports/{first['id']}/confirm").json() == confirmed.json()
    assert stage.rows()["observations"] == before + 1
    assert stage.client.put(f"/v1/imports/{first['id']}/mapping", json=mapping).status_code == 409


def test_what_is_asked_is_answered_and_no_other_import_is_there(stage: Stage) -> None:
    """A question has both readings and stops it; an unknown id and a wrong mapping are refused."""
    stage.register()
    asked = shown(stage, b"month;value;unit\n2025-05;1.234;kg\n", series_id=MAGNETS)
    assert not asked["ready"]
    assert "1234 by thousands and 1.234" in asked["questions"]["numbers.decimal"]
    refused = stage.client.post(f"/v1/imports/{asked['id']}/confirm")
    assert refused.status_code == 422
    assert stage.rows()["observations"] == 0
    wrong = stage.client.put(f"/v1/imports/{asked['id']}/mapping", json={"tabel": {}})
    assert wrong.status_code == 422
    assert "did you mean 'table'" in wrong.text
    assert stage.client.post("/v1/imports/imp_none/confirm").status_code == 404
    assert stage.client.post("/v1/imports", content=b"\x00\x01", headers=BYTES).status_code == 422


def test_the_row_of_names_can_be_said(stage: Stage) -> None:
    """A header that is named is where the names are, as with the command; below row 1 and beyond none."""
    stage.register()
    table = f"series_id;month;volume;unit\nseries;month;value;unit\n{MAGNETS};2025-05;5;t\n".encode()
    assert shown(stage, table, header=2)["mapping"]["file"]["header"] == 2
    assert shown(stage, table)["mapping"]["file"]["header"] == 1
    for wrong in (0, 10_001, "x"):
        answer = stage.client.post("/v1/imports", content=table, headers=BYTES, params={"header": wrong})
        assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("replay", [False, True])
def test_the_past_can_be_told_as_it_became_known(stage: Stage, replay: bool) -> None:
    """With replay the forecasts that it orders count as published then, as the command's --replay has it."""
    stage.register()
    table = f"series_id;month;value;unit\n{MAGNETS};2025-05;1238;t\n".encode()
    first = shown(stage, table, replay=replay)
    assert stage.client.post(f"/v1/imports/{first['id']}/confirm").status_code == 200
    with stage.engine.begin() as connection:
        ordered = connection.execute(select(jobs.c.arguments)).scalars().all()
    assert {each["replayed"] for each in ordered if "replayed" in each} == {replay}


def test_an_id_that_is_registered_is_held_to_the_rule_of_ids(stage: Stage) -> None:
    """An id that PUT /v1/series would refuse is a fault of each cell that names it; other words too."""
    table = b"series;month;value;unit\nM x;2025-05;5;t\nOK;2025-06;6;t\n"
    first = shown(stage, table)
    new = [{"id": "M x", "name": "M", "unit": "t"}, {"id": "OK", "name": "OK", "unit": "t"}]
    mapping = {**first["mapping"], "ids": {}, "register": new}
    where = f"/v1/imports/{first['id']}"
    again = stage.client.put(f"{where}/mapping", json=mapping).json()
    assert not again["ready"]
    (fault,) = again["faults"]
    assert fault.startswith("row 2, column 'series': 'M x' cannot be an id: use letters, digits and _ - . :")
    assert fault.endswith("give it one under [ids] of the mapping")
    refused = stage.client.post(f"{where}/confirm")
    assert refused.status_code == 422
    assert "row 2, column 'series'" in refused.text
    new = [
        {"id": "M x", "name": "M", "unit": "t"},
        {"id": "OK", "name": "a\nb", "unit": "t", "family": "f" * 201},
    ]
    mapping = {**first["mapping"], "ids": {"M x": "OK"}, "register": new}
    held_back = " ".join(stage.client.put(f"{where}/mapping", json=mapping).json()["said"])
    for said in ("'M x' cannot be an id", "the name of 'OK' holds a control", "the family of 'OK' is longer"):
        assert said in held_back, held_back
    assert stage.rows()["series"] == 0
