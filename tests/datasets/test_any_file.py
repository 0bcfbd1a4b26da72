"""Files with traits drawn at random, whose truth is known: each gives the right number, a question or a refusal."""

import dataclasses
import datetime
import re

import numpy as np
import pandas as pd
import pytest

from workbench import datasets
from workbench.datasets.draft import add
from workbench.errors import DataError
from workbench.models.survival.curves.kaplan_meier import kaplan_meier
from workbench.models.survival.lifetimes.read import read_lifetimes

EPOCH, TODAY = datetime.date(1899, 12, 30), datetime.date(2026, 6, 30)
HORIZONS = [3, 6, 12]


@dataclasses.dataclass
class File:
    """What is brought, and what is true of it."""

    table: str
    rows: pd.DataFrame  # texts as the file has them
    truth: dict[str, float]
    extracted: bool = False
    questions: tuple[str, ...] = ()


class Draw:
    """Traits of one file."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def one(self, *of):
        return of[self.random.integers(len(of))]

    def maybe(self, probability=0.5):
        return self.random.random() < probability


def dated(draw, days):
    """Days in one of many dresses; an empty text for none."""
    form = draw.one(
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d/%m/%y",
        "%m/%d/%y",
        "%Y/%m/%d",
        "%Y%m%d",
        "%d %b %Y",
        "%b %d, %Y",
        "%Y年%m月%d日",
        "%Y-%m-%d %H:%M:%S",
        "%m/%d/%Y %I:%M %p",
        "%Y-%m-%dT00:00:00Z",
        "%Y-%m-%dT00:00:00+08:00",
        "excel",
        "epoch_ms",
    )
    zero = datetime.date(1970, 1, 1)
    written = {
        "excel": lambda day: str((day - EPOCH).days),
        "epoch_ms": lambda day: str((day - zero).days * 86_400_000),
    }.get(form, lambda day: day.strftime(form))
    return [written(day) if day is not None else "" for day in days], form


def subscriptions(draw):
    n = 150
    first_only = draw.maybe(0.3)  # contracts that begin on the first days of a month
    starts, ends = [], []
    for _ in range(n):
        day = datetime.date(2023, 1, 1) + datetime.timedelta(days=int(draw.random.integers(1000)))
        starts.append(day.replace(day=int(draw.one(1, 5, 10))) if first_only else day)
        left = starts[-1] + datetime.timedelta(days=int(draw.random.exponential(400)) + 1)
        left = left.replace(day=int(draw.one(1, 5, 10))) if first_only else left
        ends.append(left if starts[-1] < left <= TODAY else None)
    texts, form = dated(draw, [*starts, *ends])
    ids = identifiers(draw, n)
    rows = pd.DataFrame({"customer_id": ids, "start": texts[:n], "end": texts[n:]})
    code = draw.one("", "", "9999-12-31", "2099-12-31", "open", "NULL", "0000-00-00")
    if code and (form in ("%Y-%m-%d",) or not code[0].isdigit()):
        rows.loc[rows["end"] == "", "end"] = code
    rows["plan"] = [draw.one("Basic", "Plus", "Pro") for _ in range(n)]
    truth = pd.DataFrame({"customer_id": ids, "start": pd.to_datetime(starts), "end": pd.to_datetime(pd.Series(ends))})
    names = draw.one(
        {},
        {"customer_id": "Customer ID", "start": "Start Date", "end": "Cancelled At"},
        {"customer_id": "客户编号", "start": "开始日期", "end": "结束日期", "plan": "套餐"},
        {"customer_id": "Kundennr", "start": "Vertragsbeginn", "end": "Vertragsende", "plan": "Tarif"},
    )
    return File("subscriptions", rows.rename(columns=names), survival("subscriptions", truth, ""))


def lifetimes(draw):
    n = 150
    months = draw.random.exponential(20, n) + 0.1
    gone = draw.random.random(n) < 0.6
    unit = draw.one("months", "months", "days", "weeks")
    size = {"months": 1.0, "days": 30.4375, "weeks": 4.348125}[unit]
    durations = np.round(months * size, draw.one(0, 1, 2)) if unit != "days" else np.round(months * size)
    durations = np.maximum(durations, 1)
    header = draw.one("tenure", "duration", f"tenure_{unit}", f"Duration ({unit})")
    yes, no = draw.one(
        ("1", "0"),
        ("1", "2"),
        ("2", "1"),
        ("Yes", "No"),
        ("churned", "active"),
        ("Cancelled", "Active"),
        ("ja", "nein"),
        ("oui", "non"),
        ("是", "否"),
        ("流失", "在网"),
        ("TRUE", "FALSE"),
        ("Lost", "Retained"),
        ("A", "B"),
    )
    event = draw.one("churn", "churned", "event", "left")
    if {yes, no} == {"1", "0"} and draw.maybe(0.3):
        event, yes, no = "active", "0", "1"
    ids = identifiers(draw, n)
    rows = pd.DataFrame(
        {"customer_id": ids, header: [f"{each:g}" for each in durations], event: np.where(gone, yes, no)}
    )
    rows["region"] = [draw.one("NA", "EU", "APAC") for _ in range(n)]
    frame = pd.DataFrame({"customer_id": ids, "duration": durations / size, "event": gone})
    truth = survival("lifetimes", frame, "months")
    truth["region NA"] = float((rows["region"] == "NA").sum())
    return File("lifetimes", rows, truth)


def survival(table, frame, unit):
    lives = read_lifetimes(table, frame, time_unit=unit or "months")
    curve = kaplan_meier(lives.frame, time_unit=lives.time_unit).at(HORIZONS)
    found = dict(
        zip([f"S({h})" for h in HORIZONS], curve.set_index("horizon").reindex(HORIZONS)["survival"], strict=True)
    )
    return found | {"customers": float(len(lives.frame)), "left": float(lives.frame["event"].sum())}


def survey(draw):
    n = 300
    mood = draw.random.normal(size=n)

    def item(low, high):
        latent = 0.8 * mood + 0.6 * draw.random.normal(size=n)
        return np.clip(np.round((low + high) / 2 + latent * (high - low) / 4), low, high).astype(int)

    low, high = draw.one((1, 5), (1, 5), (1, 6), (1, 7), (0, 10), (0, 5), (-3, 3), (1, 9), (0, 100))
    recommend, truth, rows = item(0, 10), {}, pd.DataFrame({"response_id": range(1000, 1000 + n)})
    code, kind = draw.one(
        ("", ""), ("", ""), ("99", "code"), ("N/A", "code"), ("Prefer not to say", "code"), ("6", "six"), ("98", "code")
    )
    words = {1: "Strongly disagree", 2: "Disagree", 3: "Neutral", 4: "Agree", 5: "Strongly agree"}
    worded = (low, high) == (1, 5) and draw.maybe(0.3)
    for name in ("rate_speed", "rate_price", "rate_staff"):
        points = item(low, high)
        texts = [words[each] for each in points] if worded else points.astype(str).tolist()
        out = draw.random.random(n) < (0.2 if kind and (kind == "code" or (low, high) == (1, 5)) else 0)
        if worded and code.isdigit():
            out[:] = False
        if (low, high) == (0, 100) and code.isdigit():
            out[:] = False
        rows[name] = np.where(out, code, texts)
        truth[name] = float(points[~out].mean())
        truth[f"{name} span"] = float(high - low)
    header = draw.one("nps", "likelihood_to_recommend", "How likely are you to recommend us?", "Weiterempfehlung")
    rows[header] = recommend.astype(str)
    truth["nps"] = float(100 * ((recommend >= 9).mean() - (recommend <= 6).mean()))
    if draw.maybe():
        rows["satisfaction"] = item(0, 10).astype(str)
        rows = rows[
            ["response_id", "satisfaction", *[name for name in rows if name not in ("response_id", "satisfaction")]]
        ]
    return File("surveys", rows, truth)


def orders(draw):
    n = 400
    amounts = np.round(draw.random.lognormal(5, 1.5, n), 2)
    style = draw.one("plain", "us", "eu", "eu plain", "whole us", "dollar", "euro", "swiss", "three")
    if style in ("whole us", "three"):
        amounts = np.round(amounts)
    grouped = [f"{each:,.2f}" for each in amounts]

    def swapped(text):
        return text.translate(str.maketrans(",.", ".,"))

    written = {
        "plain": [f"{each:.2f}" for each in amounts],
        "us": grouped,
        "eu": [swapped(each) for each in grouped],
        "eu plain": [f"{each:.2f}".replace(".", ",") for each in amounts],
        "whole us": [f"{each:,.0f}" for each in amounts],
        "dollar": [f"${each}" for each in grouped],
        "euro": [f"{swapped(each)} €" for each in grouped],
        "swiss": [each.replace(",", "’") for each in grouped],
        "three": [f"{each:,.0f}".replace(",", ".") for each in amounts],
    }[style]
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=int(draw.random.integers(700))) for _ in range(n)]
    texts, _ = dated(draw, days)
    customers = [str(7000 + int(draw.random.integers(60))) for _ in range(n)]
    rows = pd.DataFrame(
        {"order_id": [f"{i}" for i in range(n)], "customer_id": customers, "order_date": texts, "amount": written}
    )
    names = draw.one(
        {},
        {"order_id": "订单编号", "customer_id": "客户编号", "order_date": "下单时间", "amount": "金额"},
        {"order_id": "Bestellnr", "customer_id": "Kundennr", "order_date": "Bestelldatum", "amount": "Betrag"},
        {"order_id": "Order ID", "customer_id": "Customer ID", "order_date": "Order Date", "amount": "Total"},
    )
    truth = {
        "revenue": float(amounts.sum()),
        "customers": float(len(set(customers))),
        "orders": float(n),
        "days": float(sum((day - EPOCH).days for day in days)),
    }
    return File("transactions", rows.rename(columns=names), truth)


def identifiers(draw, n):
    return [draw_form.format(i) for draw_form in [draw.one("c{}", "{:05d}", "{}", "K-{}")] for i in range(100, 100 + n)]


def written(draw, file, path):
    """The file in some encoding, with a separator and rows that are no data."""
    separator = draw.one(",", ",", ";", "\t")
    lines = []
    if draw.maybe(0.15):
        lines += [
            separator.join(["Export of June"] + [""] * (len(file.rows.columns) - 1)),
            separator * (len(file.rows.columns) - 1),
        ]
    body = file.rows.to_csv(index=False, sep=separator).rstrip("\n")
    lines.append(body)
    if file.table == "transactions" and draw.maybe(0.2):
        lines.append(separator.join(["Total", "", "", "1"]))
    text = "\n".join(lines) + "\n"
    encoding = draw.one("utf-8", "utf-8", "utf-8-sig", "utf-16", "gb18030" if re.search("[一-鿿]", text) else "cp1252")
    path.write_bytes(text.encode(encoding, "replace" if encoding == "cp1252" else "strict"))
    return f"{separator!r} {encoding}"


def told(table, dataset):
    """The same numbers, of what has entered."""
    frame = dataset.load(table).frame
    definition = dataset.table(table)
    if table in ("subscriptions", "lifetimes"):
        months = {"days": 30.4375, "weeks": 4.348125, "months": 1.0, "": 1.0, "years": 1 / 12}[definition.time_unit]
        if table == "lifetimes":
            frame = frame.assign(duration=frame["duration"] / months)
        found = survival(table, frame, "months")
        if "region" in frame:
            found["region NA"] = float((frame["region"] == "NA").sum())
        return found
    if table == "transactions":
        days = (frame["timestamp"] - pd.Timestamp(EPOCH)).dt.days
        return {
            "revenue": frame["amount"].sum(),
            "customers": float(frame["customer_id"].nunique()),
            "orders": float(len(frame)),
            "days": float(days.sum()),
        }
    found = {}
    items = {column.name: column for column in definition.columns if column.role}
    for name in ("rate_speed", "rate_price", "rate_staff"):
        if name in items:
            found[name] = float(frame[name].mean())
            found[f"{name} span"] = float(items[name].scale[1] - items[name].scale[0])
    recommend = next((column.name for column in definition.columns if column.measure == "nps"), None)
    if recommend is not None:
        found["nps"] = float(100 * ((frame[recommend] >= 9).mean() - (frame[recommend] <= 6).mean()))
    return found


def outcome(seed, root):
    """`right`, `asked` or what was silently wrong of one file."""
    draw = Draw(seed)
    file = draw.one(subscriptions, lifetimes, survey, orders)(draw)
    path = root / f"f{seed}.csv"
    dress = written(draw, file, path)
    try:
        made = add(f"d{seed}", path, root=root)
        text = made.read_text("utf-8")
        made.write_text(text.replace("currency:  #", "currency: EUR  #"), "utf-8")
        dataset = datasets.find(f"d{seed}", root)
        if file.table not in dataset.tables:
            return "asked"  # another table, which no study of this kind reads
        found = told(file.table, dataset)
    except DataError:
        return "asked"
    wrong = {
        name: (value, found.get(name))
        for name, value in file.truth.items()
        if name in found
        and not (np.isnan(value) and np.isnan(found[name]))
        and abs(found[name] - value) > 1e-6 * max(1, abs(value))
    }
    lacking = file.table == "surveys" and "nps" not in found
    if wrong or lacking:
        return f"seed {seed}, {file.table}, {dress}: {wrong or 'no score'}\n{file.rows.head(3).to_csv()}\n{text}"
    return "right"


def outcomes(seeds, root):
    return [outcome(seed, root) for seed in seeds]


def judged(found):
    wrong = [each for each in found if each not in ("right", "asked")]
    assert not wrong, "\n\n".join(wrong)
    return found.count("right") / len(found)


def test_twenty_files_of_random_traits_are_right_or_asked(tmp_path):
    assert judged(outcomes(range(20), tmp_path)) > 0.6


@pytest.mark.slow
def test_two_hundred_files_of_random_traits_are_right_or_asked(tmp_path):
    assert judged(outcomes(range(1000, 1200), tmp_path)) > 0.6
