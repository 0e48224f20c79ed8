"""What arrives as a file: opened afresh each time it is read, and unpacked up to a bound."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from services.ingestion.errors import UploadTooLargeError
from services.ingestion.files.errors import refusal

UNPACKED = 20
"""How many times the limit a packed file may unpack to: tables pack well, bombs a thousandfold."""
MOST_MEMBERS = 10_000

_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)


@dataclass(frozen=True, slots=True)
class Given:
    """A file by its name; ``open`` gives its bytes from the beginning, each time anew."""

    name: str
    open: Callable[[], BinaryIO]

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> Given:
        """A file that is in memory."""
        return cls(name, lambda: io.BytesIO(content))

    @classmethod
    def of_path(cls, path: Path) -> Given:
        """A file on this machine."""
        return cls(path.name, lambda: path.open("rb"))

    def content(self) -> bytes:
        """All of its bytes."""
        with self.open() as stream:
            return stream.read()

    def head(self, size: int) -> bytes:
        """Its first bytes."""
        with self.open() as stream:
            return stream.read(size)


def unpacked(given: Given, *, limit: int) -> tuple[Given, str | None]:
    """The file without its packing, and what that was; UploadTooLargeError where it holds too much.

    What it unpacks to is counted while it is read, not believed from its head: beyond UNPACKED times
    ``limit`` bytes it is refused.
    """
    start = given.head(4)
    bound = UNPACKED * limit
    if start.startswith(_GZIP):
        return _stream(given, lambda raw: cast("BinaryIO", gzip.GzipFile(fileobj=raw)), bound), "gzip"
    if start == _ZSTD:
        return _stream(given, _zstd, bound), "zstd"
    if start == _ZIP:
        return _zip(given, limit)
    return _stream(given, lambda raw: raw, limit, given.name), None


def _zstd(raw: BinaryIO) -> BinaryIO:
    import pyarrow as pa  # noqa: PLC0415 - 0.3 s to import, and few files are packed so

    return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))


def _zip(given: Given, limit: int) -> tuple[Given, str | None]:
    bound = UNPACKED * limit
    try:
        with given.open() as raw, zipfile.ZipFile(raw) as packed:
            members = [each for each in packed.infolist() if not each.is_dir()]
    except _BROKEN as error:
        raise refusal(
            given.name, f"it is cut short or no zip file that can be read ({error}); save it anew, or as CSV"
        ) from error
    if len(members) > MOST_MEMBERS or sum(each.file_size for each in members) > bound:
        raise UploadTooLargeError(bound)
    names = {each.filename for each in members}
    if "[Content_Types].xml" in names:
        with given.open() as raw:
            if raw.seek(0, io.SEEK_END) > limit:
                raise UploadTooLargeError(limit)
        return given, None
    if len(members) != 1:
        held = ", ".join(sorted(names)[:5]) or "none"
        reason = f"it packs {len(members)} files ({held}); take out the one with the figures and give that"
        raise refusal(given.name, reason)

    def member(raw: BinaryIO) -> BinaryIO:
        return cast("BinaryIO", zipfile.ZipFile(raw).open(members[0]))

    inner = PurePath(members[0].filename).name
    return _stream(given, member, bound, inner), "zip"


def _stream(
    given: Given, unpack: Callable[[BinaryIO], BinaryIO], bound: int, name: str | None = None
) -> Given:
    inner = name or given.name.removesuffix(PurePath(given.name).suffix)

    def opened() -> BinaryIO:
        raw = given.open()
        try:
            stream = unpack(raw)
        except _BROKEN as error:
            raw.close()
            raise refusal(given.name, f"it cannot be unpacked ({error})") from error
        return cast("BinaryIO", io.BufferedReader(_Bounded(stream, raw, bound, given.name), 1 << 16))

    return Given(inner, opened)


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than its bound, or what cannot be unpacked."""

    def __init__(self, stream: BinaryIO, raw: BinaryIO, bound: int, name: str) -> None:
        super().__init__()
        self._stream, self._raw, self._left, self._bound, self._name = stream, raw, bound, bound, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except _BROKEN as error:
            raise refusal(self._name, f"it cannot be unpacked to its end ({error})") from error
        self._left -= len(data)
        if self._left < 0:
            raise UploadTooLargeError(self._bound)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()
