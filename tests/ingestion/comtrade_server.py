"""A Comtrade of our own: availability and rows in the recorded envelope, and how it misleads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gacc_server import Answer, Site

ROWS = "/data/v1/get/C/M/HS"
AVAILABLE = "/data/v1/getDa/C/M/HS"


def row(
    reporter: str, period: str, cmd: str, value: float | None, weight: float | None, **changed: Any
) -> dict[str, Any]:
    """A row with the traps of the wire: text and number for codes of one kind, a null in cifvalue."""
    return {
        "typeCode": "C", "freqCode": "M", "refPeriodId": int(period + "01"), "period": period,
        "reporterCode": int(reporter), "flowCode": "X", "partnerCode": 0, "partner2Code": 0, "cmdCode": cmd,
        "customsCode": "C00", "mosCode": "0", "motCode": 0, "qtyUnitCode": -1, "qty": 0, "netWgt": weight,
        "isNetWgtEstimated": False, "cifvalue": None, "fobvalue": value, "primaryValue": value,
        "isOriginalClassification": True, "isReported": True, "isAggregate": True, **changed,
    }  # fmt: skip


@dataclass
class Comtrade:
    """What it holds by reporter and period, and the release that each stands at."""

    site: Site
    held: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    released: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def install(self) -> None:
        self.site.answers[ROWS] = self._rows
        self.site.answers[AVAILABLE] = self._available

    def load(
        self, reporter: str, period: str, rows: list[dict[str, Any]], stamp: str, checksum: str = "1"
    ) -> None:
        self.held[reporter, period] = rows
        self.released[reporter, period] = stamp, checksum

    def _available(self, request: Mapping[str, str]) -> Answer:
        asked = parse_qs(urlsplit(request[":path"]).query)["reporterCode"][0]
        return _json(
            [
                {"reporterCode": int(reporter), "period": period, "isOriginalClassification": True,
                 "datasetChecksum": checksum, "firstReleased": stamp, "lastReleased": stamp}
                for (reporter, period), (stamp, checksum) in self.released.items()
                if reporter == asked
            ]
        )  # fmt: skip

    def _rows(self, request: Mapping[str, str]) -> Answer:
        if request.get("ocp-apim-subscription-key") != "secret-key":
            return 401, {}, b'{"statusCode":401,"message":"Access denied due to invalid subscription key."}'
        if len(request[":path"]) > 4096:
            return 414, {}, b"Request URL Too Long"
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request[":path"]).query).items()}
        codes = set(asked["cmdCode"].split(","))
        rows = self.held.get((asked["reporterCode"], asked["period"]), [])
        return _json([each for each in rows if each["cmdCode"] in codes])


def _json(rows: list[dict[str, Any]]) -> Answer:
    body = {"elapsedTime": "0.21 secs", "count": len(rows), "data": rows, "error": ""}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()
