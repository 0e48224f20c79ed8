"""What a column is for, by its name: the words that agencies use, in the languages that we have met."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

Role = Literal["series", "month", "year", "value", "unit", "stage"]

_WORDS: dict[Role, str] = {
    "series": "seriesid uniqueid series serieskey vector seriescode",
    "month": (
        "month ds timeperiod refdate period refperiod yearmonth monthid reportingperiod date time mes comes "
        "refmonth 月 月份 年月 时间 时期 日期 数据年月 時間軸月次 時間軸 時点 refperiodid refperiodcode"
    ),
    "year": "year coano ano refyear yr 年 年份 年度",
    "value": (
        "obsvalue y quantity netmass netwgt netweight kgliquido qty1mo quantitymonth qty volume "
        "数量 数值 值 値 valuequantity tonnes exports figure figures quantityinkg value"
    ),
    "unit": (
        "unit uom units unitofmeasure unitmeasure qtyunit qtyunitabbr unitqy1 measureunit 单位 计量单位 単位"
    ),
    "stage": "stage flag flags obsflag obsstatus status",
}
ORDER: dict[Role, dict[str, int]] = {
    role: {word: at for at, word in enumerate(words.split())} for role, words in _WORDS.items()
}
BESIDE_UNIT = frozenset({"scalarfactor", "unitmult", "multiplier"})
"""Columns that scale the unit beside them."""
NEVER = frozenset(
    [
        "primaryvalue",
        "fobvalue",
        "cifvalue",
        "altqty",
        "grosswgt",
        "vlfob",
        "allvalmo",
        "decimals",
        "isqtyestimated",
        "isnetwgtestimated",
        "coordinate",
        "uomid",
        "scalarid",
        "symbol",
        "terminated",
        "suppunit",
        "lastupdate",
        "last_update",
        "annotation",
    ]
)
"""Columns beside the figure that neither name a series nor hold a volume."""


_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def folded(name: str) -> str:
    """A column's name for comparison: no case, blanks, lines, dots or brackets."""
    return re.sub(r"[\s_\-./():]+", "", unicodedata.normalize("NFKC", name).lower())


def words_of(name: str) -> set[str]:
    """The words that a column's name may be found by: whole, and without what stands in brackets."""
    return {folded(name), folded(_BRACKETED.sub("", unicodedata.normalize("NFKC", name)))}


def is_code(name: str) -> bool:
    """True where a column's name says that it holds codes, which look like figures and are none."""
    word = folded(name)
    return word.endswith("code") or word in {"hs", "hs2", "hs4", "hs6", "hs8", "hs10", "cn8", "ncm", "sh4"}


def columns_for(role: Role, names: Sequence[str]) -> list[str]:
    """Columns that may have a role, the likeliest first."""
    order = ORDER[role]
    found = [name for name in names if words_of(name) & order.keys()]
    return sorted(found, key=lambda name: min(order[word] for word in words_of(name) & order.keys()))


def known(name: str) -> bool:
    """True where a name is that of any role."""
    return any(words_of(name) & words.keys() for words in ORDER.values())
