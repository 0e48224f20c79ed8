"""Which encoding a text file is in: by its mark, by being UTF-8, else detected and said to be a guess."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from services.ingestion.files.errors import refusal
from services.ingestion.files.packing import Given

SAMPLE = 1 << 16
CHUNK = 1 << 20
CANDIDATES = ("gb18030", "cp932", "cp1252", "big5", "euc_jp", "euc_kr", "cp1250", "cp1251")
"""What an encoding that is not UTF is taken to be, at most; any that Python knows can be named."""

OTHERS = frozenset({".xlsx", ".parquet", ".arrow", ".feather", ".gz", ".zip", ".zst"})
"""Endings of names that promise a file which is no text."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by Python's name; ``sure`` where the bytes allow no other."""

    name: str
    sure: bool


def encoding_of(given: Given) -> Encoding:
    """The encoding of a whole file; FileRefusedError where it is no text in any."""
    head = given.head(SAMPLE)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, sure=True)
    if wide := _utf16(head):
        return Encoding(wide, sure=True)
    if b"\x00" in head:
        said = PurePath(given.name).suffix.lower()
        named = f", nor the {said} file that its name says" if said in OTHERS else ""
        raise refusal(
            given.name, f"it holds NUL bytes and is not a text file{named}; give the table as CSV or Excel"
        )
    with given.open() as stream:
        sample = _not_utf8(stream)
    if sample is None:
        return Encoding("utf-8", sure=True)
    return Encoding(_detected(given, sample), sure=False)


def known(name: str) -> bool:
    """True where Python knows a text encoding by that name."""
    try:
        return b"a".decode(name) == "\N{LATIN SMALL LETTER A}" or name.lower().startswith("utf")
    except (LookupError, UnicodeError, AssertionError, ValueError):
        return name.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of a table's head is NUL."""
    pairs = len(head) // 2
    if pairs < 4:
        return None
    if head[1::2].count(0) > 0.6 * pairs and not head[::2].count(0):
        return "utf-16-le"
    if head[::2].count(0) > 0.6 * pairs and not head[1::2].count(0):
        return "utf-16-be"
    return None


def _not_utf8(stream: BinaryIO) -> bytes | None:
    """Lines with bytes that are not ASCII, from where UTF-8 fails on; None where all is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid = True
    kept: list[bytes] = []
    size = 0
    while size < SAMPLE:
        chunk = stream.read(CHUNK)
        if valid:
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                valid = False
        if not chunk:
            break
        if not chunk.isascii():
            lines = [line for line in chunk.splitlines() if not line.isascii()]
            for line in lines:
                if size < SAMPLE:
                    kept.append(line[:CHUNK])
                    size += len(line)
        if valid and size >= SAMPLE:
            size = 0
            kept.clear()
    return None if valid else b"\n".join(kept)


def _detected(given: Given, sample: bytes) -> str:
    import charset_normalizer  # noqa: PLC0415 - most files are UTF-8

    possible = [name for name in CANDIDATES if _decodes(sample, name)]
    best = charset_normalizer.from_bytes(sample[:SAMPLE], cp_isolation=possible).best() if possible else None
    if best is not None and best.encoding in possible:
        western = "cp1252" in possible and sample.decode("cp1252") == sample.decode(best.encoding)
        return "cp1252" if western else best.encoding
    if not possible:
        raise refusal(given.name, "it is not text in an encoding that is known; save it as UTF-8")
    return possible[0]


def _decodes(sample: bytes, name: str) -> bool:
    try:
        text = sample.decode(name)
    except UnicodeDecodeError as error:
        return error.start > SAMPLE  # the sample may end within a sign
    return not any("\x80" <= sign < "\xa0" or "\ue000" <= sign < "\uf900" for sign in text)
