"""Files of our own making in the shape of what agencies publish and desks keep."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook


def text(*lines: str, encoding: str = "utf-8", end: str = "\n") -> bytes:
    return (end.join(lines) + end).encode(encoding)


def workbook(
    *rows: list[Any], sheet: str = "Data", before: str | None = None, merge: str | None = None
) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    if before is not None:
        page.title = before
        page.append(["Read me"])
        page = book.create_sheet(sheet)
    page.title = sheet
    for row in rows:
        page.append(row)
    if merge:
        page.merge_cells(merge)
    return saved(book)


def saved(book: Workbook) -> bytes:
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def parquet(**columns: list[Any]) -> bytes:
    kept = io.BytesIO()
    pq.write_table(pa.table(columns), kept)
    return kept.getvalue()


def arrow(**columns: list[Any]) -> bytes:
    table = pa.table(columns)
    kept = io.BytesIO()
    with pa.ipc.new_file(kept, table.schema) as writer:
        writer.write_table(table)
    return kept.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return kept.getvalue()


COMTRADE = text(
    "typeCode,freqCode,refPeriodId,refYear,refMonth,period,reporterISO,flowCode,partnerISO,cmdCode,qtyUnitAbbr,"
    "qty,netWgt,primaryValue",
    "C,M,20250401,2025,4,202504,CHN,X,W00,280530,kg,4785000,4785000,9.1",
    "C,M,20250501,2025,5,202505,CHN,X,W00,280530,kg,5864600,5864600,8.2",
    "C,M,20250501,2025,5,202505,CHN,M,W00,280530,kg,100,100,1.0",
)
CENSUS = json.dumps(
    [
        {
            "E_COMMODITY": "2805300000",
            "time": "2025-05",
            "QTY_1_MO": "1200",
            "UNIT_QY1": "KG",
            "CTY_CODE": "-",
        },
        {"E_COMMODITY": "2805300050", "time": "2025-05", "QTY_1_MO": "0", "UNIT_QY1": "KG", "CTY_CODE": "-"},
    ]
).encode()
CENSUS_WIRE = json.dumps(
    [
        ["E_COMMODITY", "QTY_1_MO", "UNIT_QY1", "time", "E_COMMODITY"],
        ["2805300000", "1200", "KG", "2025-05", "2805300000"],
        ["2805300050", None, "KG", "2025-05", "2805300050"],
    ]
).encode()
COMEXT_CSV = text(
    "DATAFLOW,LAST UPDATE,freq,reporter,partner,product,flow,indicators,TIME_PERIOD,OBS_VALUE,OBS_FLAG",
    "ESTAT:DS-045409(1.0),15/07/25 11:00:00,M,DE,CN,280530,2,QUANTITY_IN_100KG,2025-04,12.5,",
    "ESTAT:DS-045409(1.0),15/07/25 11:00:00,M,DE,CN,280530,2,QUANTITY_IN_100KG,2025-05,,c",
    "ESTAT:DS-045409(1.0),15/07/25 11:00:00,M,DE,JP,280530,2,QUANTITY_IN_100KG,2025-05,3,p",
)
EUROSTAT_TSV = text(
    "freq,reporter,partner,product,flow,indicators\\TIME_PERIOD\t2025-03 \t2025-04 \t2025-05 ",
    "M,DE,CN,280530,2,QUANTITY_IN_100KG\t12.5 \t: c\t7.25 p",
    "M,FR,CN,280530,2,QUANTITY_IN_100KG\t: \t0 \t1.5 e",
)
GACC_ENGLISH = workbook(
    ["(14) Major Exports by Quantity and Value, May 2025"],
    ["Unit: Value, USD million"],
    ["Commodity", "Unit", "May", None, "Jan-May", None],
    [None, None, "Quantity", "Value", "Quantity", "Value"],
    ["Rare earth and products", "tons", "5,864.6", "58.8", "24,827.0", "280.1"],
    ["Steel products", "10000 tons", "1,057.8", "7,404", "4,846.9", "33,907"],
    ["Ships", "pieces", "-", "3,210", "2,300", "18,000"],
    ["Note: figures are preliminary."],
    merge="C3:D3",
)
GACC_CHINESE = text(
    "2025年1至2月出口主要商品量值表",
    "商品名称,单位,数量,金额",
    '稀土,吨,"7,594.2",460',
    "钢材,万吨,1697.2,82000",
    "手机,个,--,1",
    "注:初步数据",
    encoding="gb18030",
)
HMRC = text(
    "MonthId|FlowTypeDescription|CommodityCode|CountryId|Value|NetMass|SuppUnit",
    "202505|EX|28053010|CN|81234.10|1520.5|0",
    "202505|EX|28053010|JP|1234.10|20|0",
    "202504|EX|28053010|CN|91234.10|1720.25|0",
)
COMEXSTAT = text(
    '"CO_ANO";"CO_MES";"CO_NCM";"CO_UNID";"CO_PAIS";"QT_ESTAT";"KG_LIQUIDO";"VL_FOB"',
    '"2025";"04";"28053010";"10";"160";12;12000;3400',
    '"2025";"05";"28053010";"10";"160";10;10500,5;3300',
    '"2025";"05";"28053090";"10";"160";1;900;330',
)
STATCAN = text(
    '"REF_DATE","GEO","DGUID","Commodity","UOM","UOM_ID","SCALAR_FACTOR","SCALAR_ID","VECTOR","COORDINATE","VALUE",'
    '"STATUS","SYMBOL","TERMINATED","DECIMALS"',
    '"2025-04","Canada","2021A0001","Wheat","Tonnes","287","thousands","3","v1001","1.1","1850.2","","","","1"',
    '"2025-05","Canada","2021A0001","Wheat","Tonnes","287","thousands","3","v1001","1.1","1710.9","p","","","1"',
    '"2025-05","Canada","2021A0001","Rye","Tonnes","287","thousands","3","v1002","1.2","","..","","","1"',
    encoding="utf-8-sig", end="\r\n",
)  # fmt: skip
ESTAT_JAPAN = text(
    '"品目コード","品目","国コード","国","時間軸(月次)","単位","数量"',
    '"280530000","レアアース","105","中華人民共和国","2025年4月","KG","12,500"',
    '"280530000","レアアース","105","中華人民共和国","2025年5月","KG","1,234,500"',
    '"280530000","レアアース","106","台湾","2025年5月","KG","…"',
    encoding="cp932",
)
DESK_SHEET = workbook(
    ["Rare earth desk, volumes we track (kt)"],
    [],
    [None, 2024, None, 2025, None],
    ["Series", "Nov", "Dec", "Jan", "Feb"],
    ["CN rare earths", 4.5, 4.1, 3.9, 3.7],
    ["Light"],
    ["CN magnets", 5.0, "n/a", 0, 5.3],
    ["* from our broker, call before use"],
    sheet="Volumes", before="Cover", merge="B3:C3",
)  # fmt: skip
YEARS_DOWN = text(
    "Year;Jan;Feb;Mar;Apr;May;Jun;Jul;Aug;Sep;Oct;Nov;Dec",
    "2023;1.234,5;1.100;999,5;..;1.000;1.001;1.002;1.003;1.004;1.005;1.006;1.007",
    "2024;1.300;-;;;;;;;;;;",
    "Source: ministry",
    encoding="utf-16",
)
ONE_SERIES = text(
    "Month\ttonnes", "Jan-Feb 2025\t12 345,5", "March 2025\t6 100", "April 2025\t(c)", encoding="cp1252"
)
RUSSIAN = text("дата;объём, тыс", "31.05.2025;10,5", "30.06.2025;11", encoding="cp1251")
DATES = workbook(
    ["series_id", "date", "volume (t)", "status"],
    ["CN-RE", dt.datetime(2025, 5, 31), 1238, "provisional"],  # noqa: DTZ001 - as a sheet has it
    ["CN-RE", dt.datetime(2025, 6, 30), 1300.5, None],  # noqa: DTZ001
)
