"""What `data show` prints can be read at a glance."""

from workbench.datasets.page import page


def test_a_page_tells_rows_dates_and_shares_of_gaps(project):
    project.write(
        """
title: Survey
fictional: true
source: a long story about where these data come from, which goes on and on until nobody would read it in one line
tables:
  surveys:
    file: rows.csv
    segments: [area]
    columns:
      timestamp: when
      recommend: {from: q1, scale: [0, 10], missing: [11], role: outcome, label: Would recommend}
      parking: {from: q2, scale: [1, 5], not_applicable: [6], role: driver, touchpoint: car park}
      area: {type: category}
""",
        "when,q1,q2,area\n2020-01-31,9,6,a\n2020-02-01,11,6,b\n2020-02-02,3,5,\n2020-02-03,,1,b\n",
    )
    assert page(project.find()).splitlines() == [
        "Survey",
        "Fictional: these data were made up.",
        "source: a long story about where these data come from, which goes on and on until nobody would read it in one",
        "  line",
        "",
        "surveys: 4 rows, 2020-01-31 to 2020-02-03",
        "  column       label            type                missing  not applicable",
        "  response_id  Row number",
        "  timestamp    Timestamp        timestamp",
        "  recommend    Would recommend  rating                  50%                  0–10, outcome",
        "  parking      Parking          rating                                  50%  1–5, driver, car park",
        "  area         Area             category, 2 levels      25%                  segment",
        "",
        "`workbench data check people` tells what else is to be known (1 in all).",
    ]


def test_ranges_are_rounded_percentiles_of_many_and_never_of_few_or_of_what_looks_personal(project):
    yaml = "title: x\ntables: {customers: {file: rows.csv, columns: {customer_id: c, spend: , line: {type: number}}}}"
    rows = [f"{i},{i + 0.37},{13800138000 + i}" for i in range(2000)]
    (spend,) = [line for line in show(project, yaml, rows) if line.startswith("  spend")]
    assert spend.split("  ")[-1].strip() == "number, mostly 20 to 2,000"
    (line,) = [line for line in show(project, yaml, rows) if line.startswith("  line")]
    assert line.split("  ")[-1].strip() == "number"
    (spend,) = [line for line in show(project, yaml, rows[:999]) if line.startswith("  spend")]
    assert spend.split("  ")[-1].strip() == "number"


def show(project, yaml, rows):
    return page(project.write(yaml, "\n".join(["c,spend,line", *rows, ""])).find()).splitlines()


def test_rows_without_a_customer_are_told(project):
    yaml = "title: x\ntables: {subscriptions: {file: rows.csv, columns: {customer_id: c, start: s}}}"
    told = page(project.write(yaml, "c,s\na,2020-01-01\n,2020-01-01\n").find()).splitlines()
    assert "  1 row (50%) without a customer, kept out of this table." in told


def test_a_table_without_gaps_says_so(project):
    assert "lifetimes: 3 rows, nothing is missing" in page(project.find())
