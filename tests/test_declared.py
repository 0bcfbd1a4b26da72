"""What studies promise each other is what stands in the docs, and what breaks a promise is named."""

import pandas as pd
import pytest

from tests.conftest import ROOT
from workbench.declared import TABLES, Declared, Field, declared, faults
from workbench.declared.page import page

SHARE = {"lowest": 0.0, "highest": 1.0}
TABLE = Declared(
    name="risk",
    about="One a customer and draw.",
    columns={
        "customer_id": Field(kind="id", about="who"),
        "draw": Field(kind="whole", about="which"),
        "stays": Field(kind="number", about="share", **SHARE),
        "leaves_<reason>": Field(kind="number", about="share", **SHARE),
        "note": Field(kind="text", about="said", missing=True),
    },
    key=("customer_id", "draw"),
    draws="one world",
    shares=("stays", "leaves_<reason>"),
)
GOOD = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "b"],
        "draw": [0, 1, 1, 0],
        "stays": [0.5, 1.0, 0.25, 0.0],
        "leaves_price": [0.25, 0.0, 0.25, 1.0],
        "leaves_other": [0.25, 0.0, 0.5, 0.0],
        "note": None,
    }
)


def test_a_table_that_keeps_its_promise_has_no_fault():
    assert faults(TABLE, GOOD) == []
    assert TABLE.private
    assert faults(TABLE, GOOD.assign(customer_id=[1, 1, 2, 2])) == []  # of a file without ids the row number is one


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (GOOD.drop(columns="stays"), "risk: got no column stays."),
        (GOOD.assign(extra=1), "risk: 'extra': no such column is declared."),
        (GOOD.assign(stays="x"), "risk.stays: got object, expected number."),
        (GOOD.assign(stays=[0.5, None, 0.25, 0.0]), "risk.stays: 1 values are missing."),
        (GOOD.assign(leaves_price=[0.25, 0.0, 0.25, 1.5]), "risk.leaves_price: 1 values lie beyond 1."),
        (GOOD.assign(draw=[0, 1, 1, 1]), "risk: 1 rows have the customer_id and draw of another row."),
        (GOOD.assign(draw=[0, 2, 2, 0]), "risk: draws do not count from 0 without a gap."),
        (GOOD.assign(stays=[0.5, 0.9, 0.25, 0.0]), "risk: in 1 rows stays and leaves_<reason> do not sum to 1."),
    ],
)
def test_what_breaks_a_promise_is_named(changed, said):
    found = [each.replace("got str,", "got object,") for each in faults(TABLE, changed)]
    assert said in found


def test_a_declaration_goes_through_plain_data_and_words_alone_change_nothing():
    again = Declared.from_data(TABLE.to_data())
    assert again == TABLE
    assert again.mark == TABLE.mark
    worded = {name: Field(**{**vars(field), "about": "other words"}) for name, field in TABLE.columns.items()}
    assert Declared(**{**vars(TABLE), "columns": worded, "about": "other words"}).mark == TABLE.mark
    assert Declared(**{**vars(TABLE), "version": 2}).mark != TABLE.mark


def test_every_table_of_a_study_is_found_by_its_name():
    assert declared("churn_survival", "survival").private
    assert not declared("churn_survival", "survival_draws").private
    assert declared("churn_survival", "none") is declared("none", "survival") is None


def test_the_page_of_tables_is_what_is_declared():
    path = ROOT / "docs" / "tables_for_studies.md"
    assert path.read_text(encoding="utf-8") == page(), "python -m workbench.declared.page > docs/tables_for_studies.md"
    for tables in TABLES.values():
        assert all(table.key and set(table.key) <= set(table.columns) for table in tables.values())
