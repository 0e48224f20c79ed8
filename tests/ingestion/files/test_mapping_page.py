"""The page on the mapping of a file: each of its examples is read, and it names each key and no other."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from services.ingestion.files.mapping import Layout, Mapping, Months, NewSeries, Numbers, Table, parse
from services.ingestion.files.packing import Given
from services.ingestion.files.preview import shown
from services.ingestion.files.reading import FileReading
from services.usecases.preview_file import mapped

PAGE = (Path(__file__).parents[3] / "services" / "docs" / "mappings.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
MAPPINGS = [text for kind, text in BLOCKS if kind == "toml"]
EXAMPLES = [
    (file, mapping, figures)
    for (_, file), (kind, mapping), (end, figures) in zip(BLOCKS, BLOCKS[1:], BLOCKS[2:], strict=False)
    if (kind, end) == ("toml", "text")
]
PARTS = {"file": Layout, "table": Table, "months": Months, "numbers": Numbers}
KEYS = {f"{part}.{each.name}" for part, kind in PARTS.items() for each in fields(kind)} | {
    each.name for each in fields(Mapping) if each.name not in PARTS
}


@pytest.mark.parametrize(("file", "mapping", "figures"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_gives_the_figures_that_stand_below_it(file: str, mapping: str, figures: str) -> None:
    """A file of the page, read by the mapping below it, gives the figures below that."""
    understood = mapped(Given.of_bytes("example", file.encode()), parse("mapping", mapping), 10_000)
    reading = FileReading(understood.grid, understood.mapping)
    found = [shown(figure) for batch in reading.batches() for figure in batch]
    assert found == figures.splitlines()


def test_each_key_has_an_example_that_is_read() -> None:
    """No key is without an example, and every mapping of the page is one."""
    assert len(EXAMPLES) >= len(MAPPINGS) - 1
    used: set[str] = set()
    registered: set[str] = set()
    for text in MAPPINGS:
        parse("mapping", text)
        raw = tomllib.loads(text)
        used |= {key for key in raw if key not in PARTS}
        used |= {f"{part}.{key}" for part in PARTS for key in raw.get(part, {})}
        registered |= {key for each in raw.get("register", []) for key in each}
    assert used == KEYS
    assert registered == {each.name for each in fields(NewSeries)}


def test_the_table_of_keys_is_that_of_the_mapping() -> None:
    """The page lists each key that a mapping may have and no other, with the default that it has."""
    listed = re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert {key for key, _ in listed} == KEYS
    held = {
        f"{part}.{each.name}": getattr(kind(), each.name)
        for part, kind in PARTS.items()
        for each in fields(kind)
    }
    for key, said in listed:
        if (quoted := re.fullmatch(r"`(.*)`", said)) and held.get(key) is not None:
            assert quoted[1] == {False: "false"}.get(held[key], held[key]), key
        elif said.isdigit():
            assert int(said) == held[key], key
