"""Who is of no unit, where whole units were dealt."""

from typing import Any

import pandas as pd

from workbench.errors import DataError
from workbench.wording import number, sentence, shown


def in_units(rows: pd.DataFrame, design: Any, name: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of a known unit, and how many customers of each arm have none: those were not dealt, and are left out.

    Parameters
    ----------
    rows
        Of the pilot: `customer_id`, `arm`, and the column of the unit.
    design
        With `unit`: the column's name; empty where customers were dealt.
    name
        Of the pilot.

    Raises
    ------
    DataError
        Nobody is of a unit.
    """
    if not design.unit:
        return rows, {}
    unit = rows[design.unit]
    known = (unit.notna() & (unit.astype(str).str.strip() != "")).to_numpy()
    if not known.any():
        raise DataError(
            sentence(
                "treatments.{unit}: got no value in {n} rows of {name}, expected the {unit} of each customer, as whole "
                "ones were dealt. Bring the column, or take unit: out of design:.",
                unit=design.unit,
                n=number(len(rows)),
                name=shown(name),
            )
        )
    without = rows[~known].groupby("arm")["customer_id"].nunique()
    return rows[known], {str(arm): int(n) for arm, n in without.items()}
