"""Countries as each source codes them, under one name of ours, so that two sources' series can be paired."""

from __future__ import annotations

from typing import Literal

from forecasting.shocks.partners import EU

Scheme = Literal["iso2", "comtrade", "census", "hmrc", "english"]

_SCHEMES: tuple[Scheme, ...] = ("iso2", "comtrade", "census", "hmrc", "english")
# Comtrade departs from M49 for some; Census is Schedule C; HMRC is Eurostat's Geonomenclature,
# English is ComexStat's and GACC's names; "-" is a code that we do not know.
_AREAS = f"""
ARE AE 784 5200 647 -
ARG AR  32 3570 528 Argentina
AUS AU  36 6021 800 Australia
AUT AT  40 4330  38 Austria
BEL BE  56 4231  17 Belgium
BGR BG 100 - - -
BRA BR  76 3510 508 -
CAN CA 124 1220 404 Canada
CHE CH 757 4419  39 Switzerland
CHL CL 152 3370 512 Chile
CHN CN 156 5700 720 China
COL CO 170 3010 480 Colombia
CYP CY 196 - - -
CZE CZ 203 4351  61 -
DEU DE 276 4280   4 Germany
DNK DK 208 4099   8 -
EGY EG 818 7290 220 Egypt
ESP ES 724 4699  11 Spain
EST EE 233 - - -
FIN FI 246 4050  32 -
FRA FR 251 4279   1 France
GBR GB 826 4120   6 United-Kingdom
GRC GR 300 4840   9 -
HKG HK 344 5820 740 -
HRV HR 191 - - -
HUN HU 348 4370  64 -
IDN ID 360 5600 700 Indonesia
IND IN 699 5330 664 India
IRL IE 372 4190   7 -
ISR IL 376 5081 624 -
ITA IT 380 4759   5 Italy
JPN JP 392 5880 732 Japan
KOR KR 410 5800 728 -
LTU LT 440 - - -
LUX LU 442 - - -
LVA LV 428 - - -
MEX MX 484 2010 412 Mexico
MLT MT 470 - - -
MYS MY 458 5570 701 -
NGA NG 566 7530 288 -
NLD NL 528 4210   3 Netherlands
NOR NO 579 4039  28 -
NZL NZ 554 6141 804 -
PER PE 604 3330 504 Peru
PHL PH 608 5650 708 -
POL PL 616 4550  60 Poland
PRT PT 620 4710  10 Portugal
ROU RO 642 4850  66 -
RUS RU 643 4621  75 Russia
SAU SA 682 5170 632 Saudi-Arabia
SGP SG 702 5590 706 Singapore
SVK SK 703 - - -
SVN SI 705 - - -
SWE SE 752 4010  30 Sweden
THA TH 764 5490 680 Thailand
TUR TR 792 4890  52 -
TWN TW 490 5830 736 -
UKR UA 804 4623  72 -
USA US 842    - 400 United-States
VNM VN 704 5520 690 -
ZAF ZA 710 7910 388 South-Africa
{EU} {EU} 97 - - -
"""
_BY_CODE = {
    (scheme, code): fields[0]
    for fields in (line.split() for line in _AREAS.split("\n") if line)
    for scheme, code in zip(_SCHEMES, fields[1:], strict=True)
    if code != "-"
}
_WHOLE = {("iso2", "WORLD"), ("comtrade", "0"), ("census", "-"), ("hmrc", "all"), ("english", "all")}


def area(scheme: Scheme, code: str) -> str | None:
    """ISO alpha-3 of a source's code; None for the whole world, the code itself where it is not listed."""
    return None if (scheme, code) in _WHOLE else _BY_CODE.get((scheme, code), code)
