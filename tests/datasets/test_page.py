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
        "  column       label            missing  not applicable",
        "  response_id  Row number",
        "  timestamp    Timestamp",
        "  recommend    Would recommend      50%                  0–10, outcome",
        "  parking      Parking                              50%  1–5, driver, car park",
        "  area         Area                 25%                  segment",
    ]


def test_a_table_without_gaps_says_so(project):
    assert "lifetimes: 3 rows, nothing is missing" in page(project.find())
