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
EXPONENTS = ("unitmult", "powercodecode")
"""Columns that scale the unit beside them by a power of ten: SDMX's UNIT_MULT, and the OECD's code of it."""
SCALES = ("scalarfactor", "multiplier", "unitmultiplier", "powercode")
"""Columns that scale the unit beside them in words or as a factor."""
BESIDE_UNIT = frozenset({*EXPONENTS, *SCALES})
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


_NO_VOLUME = frozenset(
    [
        *(
            "price",
            "prices",
            "pricing",
            "cost",
            "costs",
            "share",
            "shares",
            "percent",
            "percents",
            "percentage",
        ),
        *("percentages", "pct", "bps", "change", "changes", "chg", "yoy", "mom", "qoq", "growth", "index"),
        *("indices", "indexes", "idx", "rate", "rates", "ratio", "ratios", "usd", "eur", "cny", "rmb", "jpy"),
        *("gbp", "brl", "rub", "dollar", "dollars", "euro", "euros", "yuan", "cif", "fob"),
        *(
            "preis",
            "preise",
            "anteil",
            "ver\u00e4nderung",
            "prix",
            "part",
            "variation",
            "evolution",
            "indice",
        ),
        *(
            "precio",
            "precios",
            "preco",
            "pre\u00e7o",
            "valor",
            "participacao",
            "taxa",
            "цена",
            "доля",
            "индекс",
        ),
    ]
)
_NO_VOLUME_IN = (
    *("%", "\u2030", "$", "\u20ac", "\u00a5", "\u00a3"),
    *(
        "价格",
        "单价",
        "価格",
        "単価",
        "占比",
        "比重",
        "比率",
        "同比",
        "环比",
        "增长",
        "增減",
        "指数",
        "金额",
        "金額",
    ),
    *("美元", "割合", "前年比"),
)
"""Words and signs in a column's name by which its figures are money, a share, a change or an index."""
_WORD = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])")

_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def folded(name: str) -> str:
    """A column's name for comparison: no case, blanks, lines, dots or brackets."""
    return re.sub(r"[\s_\-./():]+", "", unicodedata.normalize("NFKC", name).lower())


def words_of(name: str) -> set[str]:
    """The words that a column's name may be found by: whole, and without what stands in brackets."""
    return {folded(name), folded(_BRACKETED.sub("", unicodedata.normalize("NFKC", name)))}


def is_no_volume(name: str) -> bool:
    """True where a column's name says that its figures are money, a share, a change or an index."""
    plain = unicodedata.normalize("NFKC", name)
    words = {word.lower() for word in _WORD.findall(plain)}
    return bool(words & _NO_VOLUME) or any(sign in plain for sign in _NO_VOLUME_IN)


def scale_of(name: str) -> str | None:
    """Which of EXPONENTS and SCALES a column is, with SDMX's label behind a colon or without; or None."""
    word = folded(name.partition(":")[0])
    return word if word in BESIDE_UNIT else None


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
