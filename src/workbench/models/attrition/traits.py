"""Groups of customers by which a forecast is evaluated: segments, and traits by which nobody may be scored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.models.attrition.population import Population
from workbench.models.attrition.population.given import TableDefinition
from workbench.wording import number, sentence

MOST_GROUPS = 12
"""Of one trait; numbers with more different values are cut into quarters, categories with more are names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trait:
    """Something by which customers fall into groups.

    Attributes
    ----------
    name, label
        Of the column, and for people.
    protected
        Whether the law forbids to decide by it: it is in no model and is read to compare how groups fare.
    groups
        By customer, in the order of whoever is asked about; *not known* where nothing is said.
    """

    name: str
    label: str
    protected: bool
    groups: pd.Series

    def of(self, ids: np.ndarray) -> pd.Series:
        """The group (N,) of each customer.

        Parameters
        ----------
        ids
            Customers (N,).
        """
        found = self.groups.reindex(ids)
        return found.astype(object).where(found.notna(), sentence("not known")).rename(self.label)


def read_traits(
    tables: Mapping[str, TableDefinition], population: Population, **given: pd.DataFrame | None
) -> tuple[Trait, ...]:
    """Segments and protected traits of customers.

    Parameters
    ----------
    tables
        Definitions of the dataset's tables, by name: `segments`, and columns with `use: protected`.
    population
        Whose groups are asked for.
    **given
        By name of a table its rows, read with protected columns; None where there is none.

    Returns
    -------
    tuple of Trait
        Segments first. A trait in one group, or in more than twelve that are no numbers, is none.
    """
    found: dict[str, Trait] = {}
    for table, rows in given.items():
        if rows is None or table not in tables:
            continue
        if "customer_id" in rows:
            rows = rows.drop_duplicates("customer_id").set_index("customer_id")
        elif population.source != table:
            continue  # rows without ids are customers of a flat file, by their position, and of nothing else
        else:
            rows = rows.reset_index(drop=True)
        for trait in _traits(tables[table], rows):
            found.setdefault(trait.name, trait)
    return tuple(sorted(found.values(), key=lambda each: each.protected))


def _traits(table: TableDefinition, rows: pd.DataFrame) -> Iterator[Trait]:
    for column in table.columns:
        protected = column.use == "protected"
        if column.name not in rows or not (protected or column.name in table.segments):
            continue
        groups = _grouped(rows[column.name])
        if 1 < groups.nunique() <= MOST_GROUPS:
            yield Trait(name=column.name, label=column.label or column.name, protected=protected, groups=groups)


def _grouped(column: pd.Series) -> pd.Series:
    """Words for groups; of a number with many values its quarters."""
    if pd.api.types.is_bool_dtype(column):
        return column.map({True: sentence("yes"), False: sentence("no")})
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= MOST_GROUPS:
        return column.astype(object).map(_word, na_action="ignore")
    quarter = pd.qcut(column, 4, duplicates="drop")
    ends = column.groupby(quarter, observed=True).agg(["min", "max"])
    words = {
        place: sentence("{low} to {high}", low=number(low), high=number(high))
        for place, low, high in zip(ends.index, ends["min"], ends["max"], strict=True)
    }
    return quarter.astype(object).map(words, na_action="ignore")


def _word(value: object) -> str:
    return number(float(value)) if isinstance(value, int | float | np.number) else str(value)
