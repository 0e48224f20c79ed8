"""An installation with a clock of the test's own, and a site that it polls."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from gacc_server import OTHERS, Site, exports_title, html, index, page, row
from sqlalchemy import Engine, Table, func, select

from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.source import Source
from services.settings import Settings
from services.storage import series, sources
from services.storage.series import SeriesRecord
from services.storage.sources import Followed
from services.usecases.poll_source import Poll, poll_source

RAW = "CN_EXP_RE_T"
CODE = {"commodity": "Rare Earths", "measure": "quantity", "unit": "t"}


@dataclass
class Shop:
    """An installation whose clock and waits belong to the test."""

    engine: Engine
    settings: Settings
    site: Site
    at: dt.datetime = dt.datetime(2025, 5, 9, 4, tzinfo=dt.UTC)
    waited: list[float] = field(default_factory=list)

    def clock(self) -> dt.datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += dt.timedelta(seconds=seconds)

    def poll(self, source: Source | None = None, **given: Any) -> Poll:
        """A poll, an hour and a second after the last thing that happened."""
        self.at += dt.timedelta(hours=1, seconds=1)
        return poll_source(
            self.engine, self.settings, source or Gacc(), clock=self.clock, wait=self.wait, **given
        )

    def rows(self, table: Table) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(table).order_by(table.primary_key.columns.values()[0])))

    def count(self, table: Table) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def follow(self, source: str, codes: dict[str, dict[str, str]], *, unit: str = "t") -> None:
        """Series under these ids, whose past is in."""
        with self.engine.begin() as connection:
            series.register(connection, [SeriesRecord(each, each, unit) for each in codes], now=self.at)
            sources.follow(
                connection, [Followed(each, source, code) for each, code in codes.items()], now=self.at
            )
            sources.begin(connection, list(codes), now=self.at)

    def publish(self, table: list[list[str]], *, month: str = "Apr", **changed: Any) -> None:
        """The customs' site with one release out."""
        path = f"/Statics/{month}.html"
        links = {month: path}
        self.site.answers[path] = html(
            page(changed.pop("title", exports_title(month, 2025)), table, **changed)
        )
        self.site.answers["/statics/report/preliminary.html"] = html(index(links))
        for year in (2024, 2025):
            self.site.answers[f"/statics/report/preliminary{year}.html"] = html(index({}))


def release(value: str = "4,785.0") -> list[list[str]]:
    """A table with the rare earths in it."""
    return [*OTHERS, row("Rare Earths", "Ton", value, "41.6")]
