"""Every source that the service knows, by name."""

from __future__ import annotations

from services.ingestion.sources.alfred import Alfred
from services.ingestion.sources.census import Census
from services.ingestion.sources.comexstat import ComexStat
from services.ingestion.sources.comext import Comext
from services.ingestion.sources.comtrade import Comtrade
from services.ingestion.sources.faults import UnknownSourceError
from services.ingestion.sources.gacc import Gacc
from services.ingestion.sources.hmrc import Hmrc
from services.ingestion.sources.sdmx import IMF, OECD
from services.ingestion.sources.source import Source

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (Gacc(), Census(), Comext(), Comtrade(), ComexStat(), Hmrc(), Alfred(), IMF, OECD)
}


def source_named(name: str) -> Source:
    """The source of a name; UnknownSourceError."""
    if name not in SOURCES:
        raise UnknownSourceError(name, SOURCES)
    return SOURCES[name]
