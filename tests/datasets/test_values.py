"""Numbers, dates and ids as people write them, each with what it is; None: it is refused."""

import datetime
from decimal import Decimal

import pytest
from tests.datasets.test_mapping import SHOP, read

from workbench.datasets.contract import hints
from workbench.datasets.definitions.dataset import ColumnDefinition
from workbench.datasets.definitions.origin import Origin
from workbench.datasets.values import moments, numerals

DOLLARS = {"kind": "money", "unit": "USD"}
EUROS = {"kind": "money", "unit": "EUR", "thousands": ".", "decimal": ","}
AGREE = {"kind": "rating", "scale": (1, 5), "values": {"Strongly agree": "5", "非常满意": "5"}}

NUMBERS = [
    (DOLLARS | {"thousands": ","}, {"$1,594.63": 1594.63, "$(1,200.50)": -1200.5, "1,594": 1594, "1,5": None}),
    (
        DOLLARS,
        {
            "(12.00)": -12,
            "$5": 5,
            "-$5": -5,
            "$-5": -5,
            "US$ 4": 4,
            "USD 4": 4,
            "4 USD": 4,
            "CA$4": None,
            "€5": None,
            "$1,000": None,
        },
    ),
    (
        EUROS,
        {
            "1.594,63 €": 1594.63,
            "1.594": 1594,
            "385": 385,
            "-1.594,63": -1594.63,
            "(2,5)": -2.5,
            "1.59": None,
            "EUR 3": 3,
        },
    ),
    (EUROS | {"thousands": ""}, {"1594,63 €": 1594.63, "1.594,63": None}),
    (
        {"kind": "money", "unit": "CNY", "thousands": ","},
        {"1.2万": 12_000, "¥3,000": 3000, "￥5": 5, "12元": 12, "1亿": 1e8, "3千元": 3000, "(1.5万)": -15_000},
    ),
    ({"kind": "money", "unit": "EUR"}, {"12k": 12_000, "1.5M €": 1.5e6, "12kEUR": 12_000}),
    ({"kind": "money", "unit": "JPY", "thousands": ","}, {"¥3,000": 3000, "12元": None}),
    ({"kind": "money", "unit": "CHF", "thousands": "'"}, {"1'594.50": 1594.5, "Fr. 1’594": 1594}),
    ({"kind": "money", "unit": "INR", "thousands": ","}, {"₹1,00,000": 100_000, "Rs.1,500.50": 1500.5}),
    (
        {"kind": "money", "unit": "SEK", "decimal": ","},
        {"kr 12,50": 12.5, "12,50 kr.": 12.5, "12 kr": 12, "12 k": 12_000},
    ),
    (
        {"kind": "number", "thousands": " ", "decimal": ","},
        {"1 594,63": 1594.63, "1\u202f594,63": 1594.63, "1\u00a0594 000": 1_594_000},
    ),
    (
        {"kind": "number"},
        {
            "12.00-": -12,
            "−3": -3,
            "(3)": -3,
            "12%": None,
            "$5": None,
            "nan": None,
            "1e3": 1000,
            "12k": 12_000,
            "12m": None,
        },
    ),
    ({"kind": "number", "unit": "%"}, {"12%": 12, "12 %": 12, "12": 12}),
    ({"kind": "number", "unit": "share"}, {"12%": 0.12, "0.12": 0.12}),
    ({"kind": "number", "values": {"<1": "0.5"}}, {"<1": 0.5, "2": 2, "<2": None}),
    ({"kind": "rating", "scale": (0, 100)}, {"85%": 85, "85": 85}),
    (AGREE, {"Strongly agree": 5, "非常满意": 5, "4": 4, "Agree": None}),
]


@pytest.mark.parametrize(("how", "values"), NUMBERS)
def test_numbers(how, values):
    found = read(list(values), **how)
    assert dict(zip(values, found.values, strict=True)) == pytest.approx(values)
    assert found.unreadable == [value is None for value in values.values()]


@pytest.mark.parametrize(
    ("kind", "unit", "texts", "lines"),
    [
        ("money", "USD", ["$1,594.63", "(12.00)"], ['thousands: ","']),
        ("money", "EUR", ["1.594,63 €", "385,00"], ['decimal: ","', 'thousands: "."']),
        ("money", "EUR", ["1.594,63", "1.594.630,00"], ['decimal: ","', 'thousands: "."']),
        ("number", "", ["1,5"], ['decimal: ","']),
        ("number", "", ["1 594,63"], ['decimal: ","', 'thousands: " "']),
        ("number", "", ["1,594", "2,000"], ['thousands: "," (1,594 is 1594) or decimal: "," (1,594 is 1.594)']),
        ("number", "", ["1,594", "2,000,000"], ['thousands: ","']),
        ("number", "", ["$5"], ["type: money"]),
        ("number", "", ["12%"], ['unit: "%" (12% is 12) or unit: share (12% is 0.12)']),
        ("number", "", ["soon", "1,5"], []),
    ],
)
def test_the_line_with_which_numbers_can_be_read(kind, unit, texts, lines):
    style = numerals.Style(money=kind == "money", currency=unit)
    assert numerals.what_to_write(texts, style, kind=kind) == lines


DAY = datetime.datetime(2024, 3, 5)
TIMES = [
    (("excel",), {"45356": DAY, "45356.75": DAY.replace(hour=18), "soon": None}),
    (("epoch",), {"1709596800": DAY, "1709596800.5": DAY.replace(microsecond=500_000), "1e99": None}),
    (("epoch_ms",), {"1709596800000": DAY}),
    (("excel", "%d.%m.%Y"), {"45356": DAY, "05.03.2024": DAY, "05/03/2024": None}),
    (("%m/%d/%y %I:%M %p",), {"3/5/24 1:05 PM": DAY.replace(hour=13, minute=5), "3/5/24 12:00 am": DAY}),
    (("%m/%d/%y",), {"3/5/24": DAY, "3/5/68": datetime.datetime(2068, 3, 5), "3/5/69": datetime.datetime(1969, 3, 5)}),
    (
        ("%d %b %Y",),
        {"5 Mar 2024": DAY, "5 march 2024": DAY, "5 März 2024": DAY, "5 mars 2024": DAY, "5 foo 2024": None},
    ),
    (("%B %d, %Y",), {"March 5, 2024": DAY, "mar 5, 2024": DAY}),
    (
        ("%d. %B %Y",),
        {"5. Dezember 2024": datetime.datetime(2024, 12, 5), "5. août 2024": datetime.datetime(2024, 8, 5)},
    ),
    (("%Y-%m",), {"2024-03": datetime.datetime(2024, 3, 1)}),
    (("%Y年%m月%d日",), {"2024年3月5日": DAY}),
    (("iso", "%d/%m/%Y"), {"2024-03-05": DAY, "2024-03-05 00:00:00": DAY, "05/03/2024": DAY, "2024-03": None}),
    (
        (),
        {
            "2024-03-05": DAY,
            "2024-03-05T10:00:00+02:00": DAY.replace(hour=8),
            "2024-03": None,
            "9999-12-31": datetime.datetime(9999, 12, 31),
        },
    ),
]


@pytest.mark.parametrize(("formats", "values"), TIMES)
def test_times(formats, values):
    found = read(list(values), "timestamp", formats=formats)
    assert dict(zip(values, found.values, strict=True)) == values
    assert found.unreadable == [value is None for value in values.values()]


def test_seconds_since_1970_are_turned_to_the_clock_of_the_zone():
    assert read(["1709596800"], "timestamp", formats=("epoch",), time_zone="Asia/Tokyo").values == [DAY.replace(hour=9)]
    assert read([1709596800], "date", formats=("epoch",), time_zone="America/New_York").values == [
        datetime.date(2024, 3, 4)
    ]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["05/03/2024"], 'Several formats fit ("%d/%m/%Y" or "%m/%d/%Y"): say which is meant'),
        (["05/03/2024", "25/03/2024"], 'To read them, write format: "%d/%m/%Y"'),
        (["25.03.24"], 'To read them, write format: "%d.%m.%y"'),
        (["2024-03"], 'write format: "%Y-%m" (months are read as their first day)'),
        (["45201"], "To read them, write format: excel"),
        (["1700000000"], "To read them, write format: epoch"),
        (["1700000000000"], "To read them, write format: epoch_ms"),
        (["2024年3月5日"], 'write format: "%Y年%m月%d日"'),
        (["5 Mar 2024", "31 décembre 2024"], 'write format: "%d %b %Y"'),
        (["03/25/2024 1:05 PM"], 'write format: "%m/%d/%Y %I:%M %p"'),
        (["0000-00-00"], "Write missing: ['0000-00-00']"),
        (["soon", "25/03/2024"], "Say how dates are written under format:, and list codes under missing:"),
    ],
)
def test_the_line_with_which_dates_can_be_read(texts, said):
    column = ColumnDefinition(name="x", source="x", label="X", kind="date")
    assert said in hints.of_unreadable(column, texts, Origin(), SHOP, declared=True)


def test_dates_beside_others_that_can_be_read_get_a_format_besides():
    column = ColumnDefinition(name="x", source="x", label="X", kind="date")
    said = hints.of_unreadable(column, ["25/03/2024"], Origin(), SHOP, declared=True, mixed=True)
    assert said == 'To read them, write format: [iso, "%d/%m/%Y"]'


@pytest.mark.parametrize(
    ("clocks", "days", "written", "zone_said", "kind"),
    [
        ([82_800], 2, False, False, "elsewhere"),
        ([79_200, 82_800], 2, False, False, "elsewhere"),
        ([0, 82_800], 9, False, False, "elsewhere"),
        ([66_600], 2, False, False, "elsewhere"),
        ([14_400, 18_000], 2, False, False, "elsewhere"),
        ([0], 2, True, True, "written"),
        ([82_800], 2, False, True, ""),
        ([82_800], 1, False, False, ""),
        ([0], 2, False, False, ""),
        ([43_200], 2, False, False, ""),
        ([82_801], 2, False, False, ""),
        ([39_600, 43_200], 2, False, False, ""),
        ([3600, 82_800], 2, False, False, ""),
        ([], 0, False, False, ""),
    ],
)
def test_when_times_are_dates_of_a_place(clocks, days, written, zone_said, kind):
    assert moments.midnights_of(clocks, days, written=written, zone_said=zone_said) == kind


IDS = [
    {
        "1000.0": "1000",
        "1000": "1000",
        "007": "007",
        '="38001"': "38001",
        "a+b": "a+b",
        "12e5": "12e5",
        "3.8E+11": None,
        "9007199254740993.0": None,
        "4503599627370496.0": "4503599627370496",
    },
    {1000.0: "1000", 2.0**53 - 1: "9007199254740991", 2.0**53: None, -(2.0**60): None},
    {2**53 + 1: "9007199254740993"},
    {Decimal("12345678901234567890"): "12345678901234567890", Decimal(5): "5"},
]


@pytest.mark.parametrize("values", IDS)
def test_ids(values):
    found = read(list(values), "id")
    assert found.unreadable == [value is None for value in values.values()]
    known = {text: value for text, value, bad in zip(values, found.values, found.unreadable, strict=True) if not bad}
    assert known == {text: value for text, value in values.items() if value is not None}
