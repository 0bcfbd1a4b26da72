"""What a draft is sure of, what it assumes and what it asks: small files of each kind, with what is right for them."""

import datetime
import io

import numpy as np
import pandas as pd
import pytest

from workbench import datasets
from workbench.datasets import conversation
from workbench.datasets.draft import add, add_draft, drafted
from workbench.errors import DataError

DAYS = [datetime.date(2024, 1, 1) + datetime.timedelta(days=17 * i) for i in range(40)]


class Drafts:
    """Files become datasets."""

    def __init__(self, root):
        self.root, self.count = root, 0

    def file(self, content, name="x.csv", encoding="utf-8"):
        path = self.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def text(self, content, name="x.csv", encoding="utf-8"):
        """The draft, and below it each question in one line."""
        draft = drafted(self.file(content, name, encoding))
        return "\n".join([draft.text, *(question.text for _, question in conversation.open_questions(draft))])

    def dataset(self, content, *edits, name="x.csv", encoding="utf-8"):
        self.count += 1
        path = add(f"d{self.count}", self.file(content, name, encoding), root=self.root)
        text = path.read_text().replace("currency:  #", "currency: EUR  #")
        for old, new in edits:
            assert old in text, text
            text = text.replace(old, new)
        path.write_text(text)
        return datasets.find(f"d{self.count}", self.root)

    def frame(self, table, content, *edits, **more):
        return self.dataset(content, *edits, **more).load(table).frame


@pytest.fixture
def drafts(tmp_path):
    return Drafts(tmp_path)


def table(**columns):
    out = io.StringIO()
    pd.DataFrame(columns).to_csv(out, index=False)
    return out.getvalue()


def contracts(form, days=DAYS, **more):
    starts = [day.strftime(form) for day in days]
    return table(customer_id=[f"c{i}" for i in range(len(days))], start=starts, end=[""] * len(days), plan="a", **more)


# Dates ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%d/%m/%y",
        "%d %b %Y",
        "%B %d, %Y",
        "%d-%b-%y",
        "%Y年%m月%d日",
        "%Y/%m/%d",
        "%Y%m%d",
        "%m/%d/%Y %I:%M %p",
        "%d/%m/%Y %H:%M",
        "%Y-%m-%dT%H:%M:%SZ",
    ],
)
def test_dates_of_every_dress_are_read_where_one_reading_fits(drafts, form):
    frame = drafts.frame("subscriptions", contracts(form))
    assert frame["start"].dt.date.tolist() == DAYS


def test_months_years_of_two_digits_serials_and_seconds_since_1970_are_read(drafts):
    assert 'format: "%Y-%m"' in drafts.text(contracts("%Y-%m"))
    serials = [str((day - datetime.date(1899, 12, 30)).days) for day in DAYS]
    seconds = [
        str(int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp())) for day in DAYS
    ]
    ids = [f"c{i}" for i in range(len(DAYS))]
    for form, texts in (("excel", serials), ("epoch", seconds), ("epoch_ms", [f"{each}000" for each in seconds])):
        text = drafts.text(table(customer_id=ids, start=texts, end=[""] * len(ids), plan="a"))
        assert f"start: {{from: start, format: {form}}}  # guess: confirm" in text


@pytest.mark.parametrize(
    ("months", "names"),
    [
        (
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
            "Kundennr,Beginn,Ende,Tarif",
        ),
        (
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
            "client,début,fin,forfait",
        ),
    ],
)
def test_months_are_read_in_other_languages(drafts, months, names):
    words = months.split()
    rows = "".join(f"{i},{day.day}. {words[day.month - 1]} {day.year},,A\n" for i, day in enumerate(DAYS))
    assert drafts.frame("subscriptions", f"{names}\n{rows}")["start"].dt.date.tolist() == DAYS


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%y"])
def test_days_that_may_be_months_are_asked_with_counts_and_readings(drafts, form):
    text = drafts.text(contracts(form, [day.replace(day=1 + i % 12) for i, day in enumerate(DAYS)]))
    assert "All 40 dates fit each of the readings." in text
    assert "the day comes first" in text
    assert "the month comes first" in text
    with pytest.raises(DataError, match="In which order are these dates written"):
        drafts.dataset(contracts(form, [day.replace(day=1 + i % 12) for i, day in enumerate(DAYS)]))


def test_another_column_of_the_file_that_is_certain_answers_for_both(drafts):
    few = [day.replace(day=1 + i % 12) for i, day in enumerate(DAYS)]
    late = [f"{day:%m/%d/%Y}" for day in (each.replace(day=28, year=2026) for each in few)]
    text = drafts.text(table(customer_id=range(40), start=[f"{day:%m/%d/%Y}" for day in few], end=late, plan="a"))
    assert 'start: {from: start, format: "%m/%d/%Y"}  # guess: confirm' in text
    assert 'end: {from: end, format: "%m/%d/%Y"}\n' in text


def test_one_day_beyond_12_among_thousands_decides(drafts):
    days = [datetime.date(2024, 1 + i % 12, 1 + i % 12) for i in range(3000)] + [datetime.date(2024, 5, 31)]
    assert 'format: "%m/%d/%Y"' in drafts.text(contracts("%m/%d/%Y", days))


def test_two_orders_in_one_column_are_asked(drafts):
    starts = [f"{day:%d/%m/%Y}" if i % 2 else f"{day:%m/%d/%Y}" for i, day in enumerate(DAYS)]
    text = drafts.text(table(customer_id=range(40), start=starts, end=[""] * 40, plan="a"))
    assert "No order fits all 40" in text


def test_midnights_of_a_place_are_its_days(drafts):
    starts = [f"{day}T00:00:00+{'02' if 3 < day.month < 11 else '01'}:00" for day in DAYS]
    frame = drafts.frame("subscriptions", table(customer_id=range(40), start=starts, end=[""] * 40, plan="a"))
    assert frame["start"].dt.date.tolist() == DAYS
    shifted = [f"{day}T{22 if 3 < day.month < 11 else 23}:00:00Z" for day in DAYS]
    text = drafts.text(table(customer_id=range(40), start=shifted, end=[""] * 40, plan="a"))
    assert "In which time zone are these days?" in text


@pytest.mark.parametrize("code", ["2099-12-31", "9999-12-31", "1900-01-01", "0000-00-00", "open", "2999-12-31"])
def test_a_code_for_no_end_is_named_and_no_end(drafts, code):
    ends = [code if i % 3 else str(day + datetime.timedelta(days=90)) for i, day in enumerate(DAYS)]
    content = table(customer_id=range(40), start=DAYS, end=ends, plan="a")
    assert f"say '{code}': taken for none" in drafts.text(content)
    assert drafts.frame("subscriptions", content)["end"].isna().sum() == 26


def test_the_last_day_of_a_century_in_two_digits_is_no_end(drafts):
    def short(day):
        return f"{day:%m/%d/%y}"

    ends = ["12/31/99" if i % 3 else short(day + datetime.timedelta(days=90)) for i, day in enumerate(DAYS)]
    content = table(customer_id=range(40), start=[short(day) for day in DAYS], end=ends, plan="a")
    assert "say '12/31/99': taken for none" in drafts.text(content)
    assert drafts.frame("subscriptions", content)["end"].isna().sum() == 26
    real = table(customer_id=range(40), start=["01/15/97"] * 40, end=["12/31/99"] * 20 + ["06/30/01"] * 20, plan="a")
    assert "taken for none" not in drafts.text(real)


# Codes ---------------------------------------------------------------------------------------------------------------


def lifetimes(words, header="churn", counts=None):
    rows = [word for word, n in zip(words, counts or [30] * len(words), strict=True) for _ in range(n)]
    return table(
        customer_id=[f"c{i}" for i in range(len(rows))],
        tenure=[1.5 + i % 30 for i in range(len(rows))],
        **{header: rows},
    )


@pytest.mark.parametrize(
    ("left", "stayed", "header"),
    [
        ("Cancelled", "Active", "status"),
        ("Lost", "Retained", "churn"),
        ("ja", "nein", "gekündigt"),
        ("oui", "non", "churn"),
        ("sí", "no", "baja"),
        ("是", "否", "是否流失"),
        ("已流失", "未流失", "churn"),
        ("流失", "在网", "状态"),
        ("churned", "active", "status"),
        ("Yes", "No", "Churn"),
        ("TRUE", "FALSE", "churn"),
        ("1", "0", "churned"),
        ("0", "1", "active"),
        ("no", "yes", "is_active"),
        ("nein", "ja", "aktiv"),
    ],
)
def test_words_for_leaving_are_known_in_several_languages(drafts, left, stayed, header):
    frame = drafts.frame("lifetimes", lifetimes([left, stayed], header, [20, 40]))
    assert frame["event"].sum() == 20


@pytest.mark.parametrize(
    ("words", "header"),
    [(["1", "2"], "churn"), (["A", "B"], "event"), (["0", "1", "2"], "event"), (["1", "0"], "status")],
)
def test_codes_that_say_nothing_are_asked(drafts, words, header):
    text = drafts.text(lifetimes(words, header))
    assert "Which value says that a customer has left? Rows: " in text
    assert 'Write true_values: ["1"]' in text or "A" in words
    with pytest.raises(DataError, match="has left"):
        drafts.dataset(lifetimes(words, header))


@pytest.mark.parametrize(
    ("header", "longest", "said"),
    [
        ("tenure", 70, "unit: months}"),
        ("tenure_days", 900, "unit: days}"),
        ("weeks", 300, "unit: weeks}"),
        ("Dauer (Tage)", 1200, "unit: days}"),
        ("在网天数", 1200, "unit: days}"),
    ],
)
def test_units_follow_the_name_or_the_size(drafts, header, longest, said):
    content = table(customer_id=range(50), **{header: np.linspace(1, longest, 50).round(1)}, churn=[0, 1] * 25)
    assert said in drafts.text(content)


def test_durations_of_a_thousand_are_asked_for_their_unit(drafts):
    text = drafts.text(table(customer_id=range(50), tenure=np.linspace(1, 1300, 50).round(), churn=[0, 1] * 25))
    assert "In which unit is this duration? The longest is 1,300." in text
    assert "unit: months" not in text
    assert "Write unit: days (the longest is 3.6 years)." in text


def attribute(values, header="region", **more):
    n = len(values)
    return table(
        customer_id=[f"c{i}" for i in range(n)],
        tenure=[1.5 + i % 30 for i in range(n)],
        churn=[0, 1] * (n // 2),
        **{header: values},
        **more,
    )


def test_a_frequent_word_in_a_column_of_texts_is_an_answer(drafts):
    frame = drafts.frame("lifetimes", attribute(["NA", "EU", "APAC", "NA"] * 25, add_on=["None", "Backup"] * 50))
    assert (frame["region"] == "NA").sum() == 50
    assert (frame["add_on"] == "None").sum() == 50


def test_a_word_that_may_be_either_is_asked_with_its_count(drafts):
    text = drafts.text(attribute(["NA", "red", "green", "blue"] * 25, "colour"))
    assert "Is 'NA' an answer here, or does it say that there is none? It stands in 25 of 100 rows (25%)" in text
    assert "Write missing: [NA] (a gap" in text


def test_words_for_a_gap_among_numbers_and_rare_ones_are_gaps(drafts):
    spend = ["NA"] * 30 + [str(i) for i in range(70)]
    frame = drafts.frame(
        "lifetimes", attribute(["x", "y"] * 50, "colour", spend=spend, size=["n/a"] * 2 + ["s", "m"] * 49)
    )
    assert frame["spend"].isna().sum() == 30
    assert frame["size"].isna().sum() == 2


def test_numbers_that_stand_for_none_are_named(drafts):
    ages = [999 if i % 10 == 0 else 20 + i % 50 for i in range(100)]
    text = drafts.text(
        attribute(["x", "y"] * 50, "colour", age=ages, spend=[-99 if i % 5 == 0 else i for i in range(100)])
    )
    assert 'age: {from: age, type: number, missing: ["999"]}' in text
    assert 'spend: {from: spend, type: number, missing: ["-99"]}' in text


# Ratings -------------------------------------------------------------------------------------------------------------


def survey(low, high, n=600, seed=1, names=("q_speed", "q_price", "q_staff", "overall_satisfaction"), strength=0.8):
    random = np.random.default_rng(seed)
    mood = random.normal(size=n)
    items = {}
    for name in names:
        latent = strength * mood + random.normal(size=n) * (1 - strength**2) ** 0.5
        points = np.clip(np.round((low + high) / 2 + latent * (high - low) / 4), low, high).astype(int)
        items[name] = points
    return {"response_id": np.arange(n), **items}


@pytest.mark.parametrize(
    ("low", "high"), [(1, 5), (1, 6), (0, 10), (1, 7), (1, 10), (0, 5), (0, 4), (-3, 3), (1, 9), (0, 100), (1, 4)]
)
def test_every_scale_reaches_as_far_as_its_answers(drafts, low, high):
    text = drafts.text(table(**survey(low, high)))
    assert text.count(f"scale: [{low}, {high}]") == 4, text
    assert "question" not in text
    assert "role: outcome, measure: csat" in text


@pytest.mark.parametrize("code", [6, 0, 99, 98, 77])
def test_a_code_among_answers_is_found_by_what_its_people_say_elsewhere(drafts, code):
    columns = survey(1, 5)
    random = np.random.default_rng(2)
    for name in ("q_speed", "q_price", "q_staff"):
        columns[name] = np.where(random.random(600) < 0.25, code, columns[name])
    text = drafts.text(table(**columns))
    keys = 'not_applicable: ["6"]' if code == 6 else f'scale: [1, 5], missing: ["{code}"], role: driver'
    assert text.count(keys) == 3, text
    assert "question" not in text


def test_a_code_of_which_nothing_tells_is_asked_with_both_readings(drafts):
    text = drafts.text(table(**survey(1, 6, names=("overall_satisfaction", "rate_a"), strength=0.0)))
    assert "Is 6 an answer here, or a code for none? Of 600 answers: 6: " in text
    assert "Write scale: [1, 6] (an answer: the scale reaches from 1 to 6)." in text
    assert 'Write scale: [1, 5], not_applicable: ["6"]' in text


def test_what_does_not_apply_is_no_missing_answer(drafts):
    columns = survey(1, 5)
    columns["q_staff"] = np.where(np.arange(600) % 3 == 0, "N/A", columns["q_staff"].astype(str))
    columns["q_price"] = np.where(np.arange(600) % 7 == 0, "Prefer not to say", columns["q_price"].astype(str))
    frame = drafts.frame("surveys", table(**columns))
    assert frame["q_staff__not_applicable"].sum() == 200
    assert frame["q_price"].isna().sum() == 86


def test_only_a_recommendation_on_0_to_10_is_the_net_promoter_score(drafts):
    text = drafts.text(
        table(**survey(0, 10, names=("rate_a", "rate_b", "satisfaction_overall", "likelihood_to_recommend")))
    )
    assert text.index("measure: nps") < text.index("measure: csat")
    assert "likelihood_to_recommend, scale: [0, 10], role: outcome, measure: nps" in text
    assert "measure: nps" not in drafts.text(table(**survey(0, 10, names=("rate_a", "rate_b", "satisfaction"))))
    assert "measure: nps" not in drafts.text(table(**survey(1, 10, names=("rate_a", "rate_b", "would_recommend"))))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"], "satisfaction"),
        (["非常不满意", "不满意", "一般", "满意", "非常满意"], "总体满意度"),
        (["sehr unzufrieden", "unzufrieden", "teils/teils", "zufrieden", "sehr zufrieden"], "Zufriedenheit"),
        (["1 - Very poor", "2", "3", "4", "5 - Excellent"], "overall"),
        (["Poor", "Fair", "Good", "Very good", "Excellent"], "overall"),
    ],
)
def test_ratings_in_words_become_points(drafts, words, kind):
    columns = survey(1, 5, names=("rate_a", "rate_b", kind))
    worded = {
        name: [words[each - 1] for each in values] if name != "response_id" else values
        for name, values in columns.items()
    }
    found = drafts.dataset(table(**worded))
    frame = found.load("surveys").frame
    (outcome,) = [column.name for column in found.table("surveys").columns if column.role == "outcome"]
    assert frame[outcome].astype(int).tolist() == columns[kind].tolist()


def test_a_word_that_is_on_no_scale_is_asked(drafts):
    columns = survey(1, 5, names=("rate_a", "satisfaction"))
    words = ["Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Splendid"]
    text = drafts.text(
        table(
            response_id=columns["response_id"],
            satisfaction=[words[each - 1] for each in columns["satisfaction"]],
            rate_a=columns["rate_a"],
        )
    )
    assert "Which points of the scale are these answers? 'Splendid' stand beside" in text


def test_items_that_point_the_other_way_are_turned_or_asked(drafts):
    columns = survey(1, 5, names=("nps_like", "rate_a", "rate_b"))
    columns = {
        "response_id": columns["response_id"],
        "overall_satisfaction": columns["nps_like"],
        "rate_a": columns["rate_a"],
        "effort_score": 6 - columns["rate_b"],
    }
    assert "effort_score, scale: [1, 5], direction: low_is_good, role: driver" in drafts.text(table(**columns))
    columns["rate_c"] = columns.pop("effort_score")
    text = drafts.text(table(**columns))
    assert (
        "Is 1 the best or the worst answer to 'rate_c'? Who gives more here gives less to the outcome (correlation −"
        in text
    )
    assert "Its name fits both." in drafts.text(table(**survey(1, 5, names=("grade_a", "grade_b", "grade_overall"))))


def test_a_survey_without_an_outcome_asks_for_it(drafts):
    assert "Which of these items is what you want to explain" in drafts.text(
        table(**survey(1, 5, names=("q_a", "q_b", "q_c")))
    )


def test_choices_in_one_cell_are_split(drafts):
    columns = survey(1, 5)
    columns["why"] = ["Price", "Price;Service, support", "Quality;Price;Service, support"] * 200
    text = drafts.text(table(**columns))
    assert 'why: {from: why, split: ";"}' in text


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig"])
def test_chinese_files_are_read_as_people_read_them(drafts, encoding):
    rows = "".join(f"订单{i},客户{i % 20},2024-03-{1 + i % 28:02},{i}.5,电子产品\n" for i in range(1, 200))
    content = "订单编号,客户编号,下单时间,金额,商品类别\n" + rows
    text = drafts.text(content, encoding=encoding)
    for part in (
        "order_id: {from: 订单编号}",
        "customer_id: {from: 客户编号}",
        "timestamp: {from: 下单时间}",
        "amount: {from: 金额}",
    ):
        assert part in text, text
    frame = drafts.frame("transactions", content, name="y.csv", encoding=encoding)
    assert frame["amount"].sum() == sum(i + 0.5 for i in range(1, 200))
    assert set(frame["category"]) == {"电子产品"}


def test_names_and_headers_in_chinese_stay_so(drafts):
    rows = "".join(f"K{i},2023-0{1 + i % 9}-11,,套餐{i % 3},{30 + i % 5},华东\n" for i in range(60))
    text = drafts.text("客户编号,开始日期,结束日期,套餐,月费,地区\n" + rows)
    for part in (
        "subscriptions:",
        "start: {from: 开始日期}",
        "end: {from: 结束日期}",
        "plan: {from: 套餐}",
        "price: {from: 月费}",
        "地区: {from: 地区, type: category}",
    ):
        assert part in text, text
    assert "\\u" not in text


def test_bytes_that_are_another_script_are_no_western_letters(drafts):
    for encoding, word in (
        ("big5", "訂單編號與客戶的資料說明"),
        ("cp932", "お客様番号とご注文の日付"),
        ("cp1251", "Номер клиента и дата заказа"),
    ):
        rows = "".join(f"{i},{word},2024-01-0{1 + i % 9}\n" for i in range(30))
        text = drafts.text(f"id,{word},date\n{rows}", encoding=encoding)
        assert f"encoding: {encoding}" in text, text


@pytest.mark.parametrize(
    ("amounts", "keys"),
    [
        (["$1,594.63", "$416.89", "($12.00)"], ['thousands: ","', "currency: USD"]),
        (["1.594,63 €", "416,89 €", "12,00 €"], ['decimal: ","', 'thousands: "."', "currency: EUR"]),
        (["¥1,200.50", "¥36.00", "¥9.90"], ['thousands: ","', "currency: CNY"]),
        (["1’594.63", "416.89", "12.10"], ['thousands: "’"']),
    ],
)
def test_money_is_money_however_it_is_dressed(drafts, amounts, keys):
    many = [amounts[i % 3] for i in range(60)]
    text = drafts.text(
        table(
            order_id=range(60),
            customer_id=[i % 9 for i in range(60)],
            order_date=[str(DAYS[i % 40]) for i in range(60)],
            amount=many,
        )
    )
    for key in (*keys, "transactions:", "amount: {from: amount}"):
        assert key in text, text
    assert "personal" not in text


def test_shares_are_numbers_and_no_persons(drafts):
    text = drafts.text(attribute(["x", "y"] * 50, "colour", discount=[f"{i / 2}%" for i in range(100)]))
    assert 'discount: {from: discount, type: number, unit: "%"}' in text


def test_rows_above_and_below_the_table_are_left_out_and_said(drafts):
    rows = "".join(f"{i},c{i % 9},2024-01-{1 + i % 28:02},{i}\n" for i in range(1, 40))
    content = "Orders 2024,,,\n,,,\norder_id,customer_id,date,amount\n" + rows + f"Total,,,{sum(range(1, 40))}\n"
    text = drafts.text(content)
    assert "header: 3" in text
    assert "skip: [-1]" in text
    assert "# note: The last row adds the others up, or is a note: it is left out." in text
    assert drafts.frame("transactions", content, name="y.csv")["amount"].sum() == sum(range(1, 40))


def test_a_second_row_of_names_is_left_out_and_names_the_items(drafts):
    columns = survey(0, 10, names=("Q1", "Q2", "Q3"))
    body = table(**columns).splitlines()
    extra = [
        "Response ID,How likely are you to recommend us?,Speed,Staff",
        '"{""ImportId"":""a""}","{""ImportId"":""b""}",x,y',
    ]
    text = drafts.text("\n".join([body[0], *extra, *body[1:]]) + "\n")
    assert "skip: [2, 3]" in text
    assert (
        'q1: {from: Q1, label: "How likely are you to recommend us?", scale: [0, 10], role: outcome, measure: nps}'
        in text
    )


def workbook(path, **sheets):
    with pd.ExcelWriter(path) as book:
        for title, frame in sheets.items():
            frame.to_excel(book, sheet_name=title, index=False)
    return path


def test_sheets_with_one_header_are_one_table_and_others_are_said(drafts):
    years = {
        str(year): pd.DataFrame(
            {
                "customer_id": [f"{year}-{i}" for i in range(9)],
                "start": [f"{year}-03-0{1 + i}" for i in range(9)],
                "end": "",
                "plan": "a",
            }
        )
        for year in (2023, 2024)
    }
    assert 'sheet: "*"' in drafted(workbook(drafts.root / "a.xlsx", **years)).text
    about = pd.DataFrame({"Field": ["start"], "Meaning": ["first day"]})
    text = drafted(workbook(drafts.root / "b.xlsx", About=about, **years)).text
    assert 'sheet: ["2023", "2024"]' in text
    assert "# note: Left out, for they tell of the data: 'About'." in text


def test_sep_line_says_the_separator(drafts):
    rows = "".join(f"c{i};{day:%d.%m.%Y};;a\n" for i, day in enumerate(DAYS))
    frame = drafts.frame("subscriptions", "sep=;\ncustomer_id;start;end;plan\n" + rows)
    assert frame["start"].dt.date.tolist() == DAYS


# Ids and tables ------------------------------------------------------------------------------------------------------


def test_the_subscription_is_told_from_the_customer(drafts):
    header = "id,Customer ID,Plan,Currency,Amount,Status,Start Date (UTC),Current Period End (UTC),Canceled At (UTC),"
    header += "Ended At (UTC)\n"
    paid, days = "pro,usd,49.00,active", [f"{1 + i % 28:02} 03:42" for i in range(60)]
    rows = "".join(
        f"sub_{i:06}x,cus_{i // 2:06}k,{paid},2025-01-{day},2025-03-01 03:42,,2025-02-{day}\n"
        for i, day in enumerate(days)
    )
    text = drafts.text(header + rows)
    for part in (
        "subscriptions:",
        "customer_id: {from: Customer ID}",
        'start: {from: "Start Date (UTC)"}',
        'end: {from: "Ended At (UTC)"}',
        "price: {from: Amount}",
    ):
        assert part in text, text


def test_repeated_ids_with_dates_and_prices_are_purchases(drafts):
    text = drafts.text(
        table(Id=[i % 12 for i in range(60)], Date=[str(DAYS[i % 40]) for i in range(60)], Price=range(60))
    )
    assert "transactions:" in text
    assert "customer_id: {from: Id}  # guess: confirm" in text


def test_customers_known_by_their_address_alone_have_orders(drafts):
    mails = [f"anna{i % 12}@mail.org" for i in range(60)]
    rest = {"Date": [str(DAYS[i % 40]) for i in range(60)], "Total": [5 + i for i in range(60)]}
    text = drafts.text(table(**{"Customer email": mails, "Order": [f"O{i}" for i in range(60)]}, **rest))
    assert "customer_id: {from: Customer email, personal: pseudonym}  # guess: confirm" in text
    assert "order_id: {from: Order}" in text
    once = [f"anna{i}@mail.org" for i in range(60)]
    assert "transactions:" not in drafts.text(table(Email=once, **rest))  # nobody ordered twice: no customers


def test_start_and_stop_are_episodes(drafts):
    text = drafts.text(
        table(
            id=[i // 3 for i in range(60)],
            tstart=[5 * (i % 3) for i in range(60)],
            tstop=[5 * (i % 3) + 5 for i in range(60)],
            event=[i % 3 == 2 for i in range(60)],
        )
    )
    assert "60 rows of 20 customers with entry and duration: episodes" in text


def test_answers_sent_twice_are_told_and_keep_their_id(drafts):
    columns = survey(1, 5)
    columns["response_id"] = [i if i >= 80 else i + 100 for i in range(600)]
    text = drafts.text(table(**columns))
    assert "response_id: {from: response_id}" in text
    assert "80 rows have a response_id that an earlier row has" in text


def test_what_no_table_is_says_which_came_nearest(drafts):
    text = drafts.text(
        table(
            Kundennr=[i % 9 for i in range(60)],
            Datum=[f"{DAYS[i % 40]:%d.%m.%Y}" for i in range(60)],
            Farbe=["rot", "blau"] * 30,
        )
    )
    assert "transactions comes near: customer_id ← 'Kundennr' and timestamp ← 'Datum'; it lacks amount." in text
    assert "'Kundennr' stands in several rows (9 different ones in 60), so it is no list of customers." in text


def test_two_files_with_the_same_columns_are_one_table(drafts):
    for name, year in (("a.csv", 2023), ("b.csv", 2024)):
        drafts.file(
            contracts("%Y-%m-%d", [day.replace(year=year) for day in DAYS if (day.month, day.day) != (2, 29)]), name
        )
    draft = drafted(drafts.root / "a.csv", drafts.root / "b.csv")
    assert "file: [a.csv, b.csv]" in draft.text


# The conversation ----------------------------------------------------------------------------------------------------


def test_three_lists_say_what_is_sure_assumed_and_asked(drafts):
    draft = drafted(
        drafts.file(contracts("%d/%m/%Y", [day.replace(day=1 + i % 12) for i, day in enumerate(DAYS)], price="$1.50"))
    )
    said = "\n".join(conversation.summary(draft))
    assert (
        said.index("sure:\n  subscriptions: customer_id, end, plan") < said.index("assumed") < said.index("to answer:")
    )
    assert 'format: "%d/%m/%Y": the day comes first, from 2024-01-01' in said


def test_answers_at_a_terminal_are_written_in_place_of_questions(drafts):
    content = contracts("%d/%m/%Y", [day.replace(day=1 + i % 12) for i, day in enumerate(DAYS)])
    file, said, answers = drafts.file(content), [], iter(["7", "1"])
    path, draft = add_draft(
        "mine",
        file,
        root=drafts.root,
        revised=lambda draft: conversation.answer(draft, lambda _: next(answers), said.append),
    )
    assert "question" not in path.read_text()
    assert 'start: {from: start, format: "%d/%m/%Y"}' in draft.text
    assert "Please answer with a number from 1 to 2, or with Enter." in said
    frame = datasets.find("mine", drafts.root).load("subscriptions").frame
    assert frame["start"].dt.day.tolist() == [1 + i % 12 for i in range(40)]


def test_what_is_passed_over_stays_open(drafts):
    file = drafts.file(lifetimes(["1", "2"]))
    assert "question" in conversation.answer(drafted(file), lambda _: "", lambda _: None).text

    def end(prompt):
        raise EOFError

    assert "question" in conversation.answer(drafted(file), end, lambda _: None).text
    assert 'true_values: ["1"]' in conversation.answer(drafted(file), lambda _: "1", lambda _: None).text


def test_a_third_word_of_a_status_is_asked_beside_those_that_are_known(drafts):
    text = drafts.text(lifetimes(["Churned", "Active", "Paused"], "status", [20, 30, 10]))
    assert "Write true_values: [Churned], false_values: [Active, Paused] ('Paused' is still there: 33.3% have" in text
    assert "Write true_values: [Churned, Paused], false_values: [Active] ('Paused' has left: 50% have left)." in text


def test_satisfaction_with_single_things_is_what_may_explain_satisfaction_over_all(drafts):
    names = ("satisfaction with delivery", "satisfaction with price", "Overall satisfaction")
    text = drafts.text(table(**survey(1, 5, names=names)))
    assert text.count("role: driver") == 2
    assert "from: Overall satisfaction, scale: [1, 5], role: outcome, measure: csat" in text
    assert "Which of these items is what you want to explain" in drafts.text(table(**survey(1, 5, names=names[:2])))


def test_a_survey_in_german_needs_no_english_word(drafts):
    columns = survey(0, 10, names=("Würden Sie uns weiterempfehlen?",)) | survey(
        1, 5, names=("Preis", "Service"), seed=1
    )
    columns["ID"] = columns.pop("response_id")
    text = drafts.text(table(**columns))
    assert "scale: [0, 10], role: outcome, measure: nps" in text
    assert text.count("scale: [1, 5], role: driver") == 2
    assert "response_id: {from: ID}" in text


def test_the_length_of_a_call_is_no_lifetime(drafts):
    text = drafts.text(table(customer_id=range(40), **{"duration (seconds)": range(40)}, churn=[0, 1] * 20))
    assert "duration: {from" not in text


@pytest.mark.parametrize(
    ("recommend", "overall", "drivers"),
    [
        ("Quelle est la probabilité que vous nous recommandiez ?", "Satisfaction globale", ("Accueil", "Prix")),
        ("¿Recomendaría nuestra empresa a un amigo?", "Satisfacción general", ("Atención", "Precio")),
        ("Consiglierebbe la nostra azienda?", "Soddisfazione complessiva", ("Cortesia", "Prezzo")),
        ("reco", "Overall satisfaction", ("Staff", "Speed")),
    ],
)
def test_the_recommendation_is_the_outcome_in_any_language(drafts, recommend, overall, drivers):
    columns = survey(0, 10, names=(recommend, overall)) | survey(1, 5, names=drivers)
    text = drafts.text(table(**columns))
    assert text.count("scale: [0, 10], role: outcome, measure: nps") == 1, text
    assert text.count("scale: [0, 10], role: outcome, measure: csat") == 1, text
    assert text.count("scale: [1, 5], role: driver") == 2, text


def test_who_goes_along_with_a_grade_is_asked_with_it(drafts):
    columns = survey(1, 6, names=("Gesamtnote", "Freundlichkeit", "Wartezeit"))
    text = drafts.text(table(**columns))
    assert "Is 1 the best or the worst answer to 'Gesamtnote'? Its name fits both." in text
    for item in ("Freundlichkeit", "Wartezeit"):
        assert f"Is 1 the best or the worst answer to '{item}'? Who gives more here gives more to 'Gesamtnote'" in text
    columns = survey(1, 5, names=("Schulnote gesamt", "Freundlichkeit", "Wartezeit"))
    columns["Wartezeit"] = 6 - columns["Wartezeit"]
    text = drafts.text(table(**columns))
    assert "from: Schulnote gesamt, scale: [1, 5], direction: low_is_good, role: outcome" in text
    assert "Is 1 the best or the worst answer to 'Freundlichkeit'?" in text
    assert "Is 1 the best or the worst answer to 'Wartezeit'?" not in text


def test_a_discount_is_no_mark(drafts):
    columns = survey(1, 5) | {"discount": [f"{i % 30}%" for i in range(600)]}
    assert 'discount: {from: discount, type: number, unit: "%"}' in drafts.text(table(**columns))


def test_orders_that_came_to_nothing_are_asked_and_can_be_left_out(drafts):
    columns = {
        "order_id": [f"B{i:03}" for i in range(60)],
        "customer_id": [i % 12 for i in range(60)],
        "created_at": [1_704_067_200_000 + 86_400_000 * i for i in range(60)],
        "total": [10] * 60,
        "status": ["completed"] * 40 + ["returned"] * 15 + ["cancelled"] * 5,
    }
    text = drafts.text(table(**columns))
    assert "timestamp: {from: created_at, format: epoch_ms}" in text
    assert "Rows: 'returned' 15 and 'cancelled' 5, and no amount is negative." in text
    line = "sql: SELECT * FROM rows WHERE \"status\" NOT IN ('returned', 'cancelled')"
    assert line in text
    # Amounts that take the orders back say it themselves.
    assert "came to nothing" not in drafts.text(table(**columns | {"total": [10] * 40 + [-10] * 20}))
    keep = table(
        **{name: values for name, values in columns.items() if name != "status"} | {"state": columns["status"]}
    )
    path = add("orders", drafts.file(keep, "o.csv"), root=drafts.root)
    text = path.read_text().replace("currency:  #", "currency: EUR  #")
    text = text[: text.index("      state:")].replace(
        "    columns:", "    " + line.replace("status", "state") + "\n    columns:"
    )
    path.write_text(text)
    assert datasets.find("orders", drafts.root).load("transactions").frame["amount"].sum() == 400


def test_joined_and_left_are_a_contract_and_joined_alone_is_of_a_customer(drafts):
    days = [str(DAYS[i % 30]) for i in range(60)]
    ends = [str(DAYS[i % 30 + 8]) if i % 3 else "" for i in range(60)]
    text = drafts.text(table(Customer=[f"K{i:03}" for i in range(60)], Joined=days, Left=ends))
    assert "start: {from: Joined}" in text
    assert "end: {from: Left}" in text
    assert "\n  customers:" in drafts.text(table(Customer=[f"K{i:03}" for i in range(60)], Joined=days))


def test_lost_and_retained_say_who_left_under_any_name(drafts):
    text = drafts.text(lifetimes(["Lost", "Retained"], "Outcome", [20, 40]))
    assert "event: {from: Outcome, true_values: [Lost], false_values: [Retained]}" in text


def test_a_file_of_initiatives_is_one_and_is_among_the_tables_to_choose_from(drafts):
    columns = {
        "initiative": ["Express", "Training", "Shop"],
        "driver": ["delivery", "hotline", "shop"],
        "expected_lift": [0.5, 0.4, 0.3],
        "lift_sd": [0.2, 0.2, 0.2],
        "fixed_cost": [3000, 2000, 5000],
        "cost_per_customer": [0, 0, 1],
        "reach": [1, 1, 0.5],
        "start": [1, 1, 2],
    }
    text = drafts.text(table(**columns))
    assert "\n  initiatives:" in text
    for name in columns:
        assert f"{name}: {{from: {name}" in text
    assert "initiatives" in drafts.text(table(customer_id=range(60), region=["a", "b"] * 30))  # of the others


def test_objections_to_advertising_and_times_of_contacts_are_known_in_german(drafts):
    text = drafts.text(table(kundennummer=range(60), werbewiderspruch=["ja", "nein", "nein"] * 20))
    assert "opt_out: {from: werbewiderspruch, true_values: [ja], false_values: [nein]}  # guess: confirm" in text
    times = [f"{1 + i % 28:02}.02.2024 10:25" for i in range(60)]
    text = drafts.text(table(kundennummer=[i % 20 for i in range(60)], zeitpunkt=times, kanal=["Telefon", "Mail"] * 30))
    assert "\n  interactions:" in text
    assert "timestamp: {from: zeitpunkt" in text
