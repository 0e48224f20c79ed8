"""Each shape that agencies and desks use: what is read of it, what is guessed, and what is said."""

from __future__ import annotations

import pytest
from publications import PUBLICATIONS, Publication, merged

from services.ingestion.files.mapping import of_dictionary, parse, to_dictionary
from services.ingestion.files.mapping_text import to_toml
from services.ingestion.files.packing import Given
from services.ingestion.files.preview import lines, try_reading
from services.ingestion.files.reading import FileReading
from services.ingestion.files.understanding import understand
from services.usecases.preview_file import mapped

LIMIT = 10_000_000
each_publication = pytest.mark.parametrize("publication", PUBLICATIONS, ids=lambda each: each.name)


def given(publication: Publication) -> Given:
    return Given.of_bytes(publication.name, publication.content)


@each_publication
def test_a_publication_is_read_as_it_stands(publication: Publication) -> None:
    """A file in the shape of a real publication gives its figures without being edited."""
    understood = understand(given(publication), limit=LIMIT)
    mapping = of_dictionary("mapping", merged(to_dictionary(understood.mapping), publication.choices))
    again = mapped(given(publication), parse("mapping.toml", to_toml(mapping)), LIMIT)
    assert again.mapping == mapping
    reading = FileReading(again.grid, again.mapping)
    figures = [figure for batch in reading.batches(2) for figure in batch]
    found = [
        (
            each.series_id,
            str(each.span),
            each.marker if each.value is None else each.value,
            each.unit,
            each.stage,
        )
        for each in figures
    ]
    assert found == publication.rows
    assert reading.tally.noted == publication.notes


@each_publication
def test_nothing_is_guessed_without_being_said(publication: Publication) -> None:
    """What is not certain of a file stands among the guesses and questions, and nothing else does."""
    understood = understand(given(publication), limit=LIMIT)
    assert {*understood.guesses, *understood.questions} == publication.doubts
    if publication.encoding:
        assert understood.mapping.file.encoding == publication.encoding


@each_publication
def test_a_preview_says_what_was_understood(publication: Publication) -> None:
    """A preview names the file, its shape, its first figures, each guess and each note that was left out."""
    understood = understand(given(publication), limit=LIMIT)
    mapping = of_dictionary("mapping", merged(to_dictionary(understood.mapping), publication.choices))
    preview = try_reading(understood, FileReading(understood.grid, mapping))
    said = "\n".join(lines(preview))
    assert publication.name.split(".")[0][:4] in said or "12100119" in said
    assert "Its shape:" in said
    assert preview.refused is None
    assert publication.rows[0][0] in said
    for choice in publication.doubts:
        assert choice in said
    if publication.notes:
        assert f"{publication.notes} rows left out" in said
