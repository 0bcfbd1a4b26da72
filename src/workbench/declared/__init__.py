"""Tables that studies write for other studies: declared once, checked when written and when read. A leaf.

A study's tables are found by its name and theirs; what a declaration says of columns, unit and draws is what
`docs/tables_for_studies.md` lists. A study of your own declares a table where it keeps it:
`run.keep(frame, "scores", declared=Declared(…))`.
"""

from collections.abc import Mapping

from workbench.declared import (
    attrition_risk,
    campaign_return,
    churn_survival,
    clv_roi,
    driver_analysis,
    pilot_evaluation,
)
from workbench.declared.contract import Declared, Field, faults

TABLES: Mapping[str, Mapping[str, Declared]] = {
    study: {each.name: each for each in tables}
    for study, tables in {
        "attrition_risk": attrition_risk.TABLES,
        "campaign_return": campaign_return.TABLES,
        "churn_survival": churn_survival.TABLES,
        "clv_roi": (*clv_roi.TABLES, *campaign_return.TABLES),
        "driver_analysis": driver_analysis.TABLES,
        "pilot_evaluation": pilot_evaluation.TABLES,
    }.items()
}


def declared(study: str, table: str) -> Declared | None:
    """What is declared of a table of a study; None where nothing is.

    Parameters
    ----------
    study
        Name of a study.
    table
        Name of the table.
    """
    return TABLES.get(study, {}).get(table)


__all__ = ["TABLES", "Declared", "Field", "declared", "faults"]
