"""Several rows of one customer in `lifetimes`: episodes, each from its `entry` to its `duration`."""

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from workbench.datasets.contract.rules import Rule


def broken(rows: ir.Table) -> Iterator[tuple[Rule, ir.Table]]:
    """The rules of episodes, and the rows that break each.

    Parameters
    ----------
    rows
        Columns `customer_id`, `entry`, `duration`, `event`; a missing entry is 0.
    """
    rows = rows.filter(rows["customer_id"].notnull())
    begins = rows["entry"].fill_null(0)
    window = ibis.window(group_by=rows["customer_id"], order_by=[begins, rows["duration"]])
    beside = rows.mutate(**{"before-": rows["duration"].lag().over(window), "after-": begins.lead().over(window)})
    overlap = beside["entry"].fill_null(0) < beside["before-"]
    yield Rule("entry", "no_overlap", None), beside.filter(overlap)
    early = beside["event"] & beside["after-"].notnull()
    yield Rule("event", "last_event", None), beside.filter(early)
