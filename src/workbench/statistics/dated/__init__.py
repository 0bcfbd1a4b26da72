"""Dates that all who read dated tables share: months of the calendar, and from when until when records tell."""

from workbench.statistics.dated.calendar import months_between, months_later
from workbench.statistics.dated.records import (
    DAY,
    GRACE_DAYS,
    Recorded,
    contracts_begin,
    end_of_records,
    instants,
    paid_periods,
    planned_ends,
    records_begin,
    spell_numbers,
)

__all__ = [
    "DAY",
    "GRACE_DAYS",
    "Recorded",
    "contracts_begin",
    "end_of_records",
    "instants",
    "months_between",
    "months_later",
    "paid_periods",
    "planned_ends",
    "records_begin",
    "spell_numbers",
]
