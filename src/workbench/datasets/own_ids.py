"""The way back from pseudonyms to the ids of the files: for whoever has the data and the key, and nobody else."""

from dataclasses import replace
from typing import Any

from workbench.datasets.dataset import Dataset
from workbench.datasets.privacy import pseudonyms
from workbench.errors import DataError
from workbench.wording import sentence

CUSTOMER = "customer_id"


def own_ids(dataset: Dataset) -> dict[str, str]:
    """The ids of a dataset's files by their pseudonyms; empty where its ids are no pseudonyms.

    Parameters
    ----------
    dataset
        As `find` gives it.

    Raises
    ------
    DataError
        Without the key, or where a table cannot be read.
    """
    replaced = [name for name, table in dataset.tables.items() if any(map(_is_replaced, table.columns))]
    if not replaced or (key := pseudonyms.read_key(dataset.root)) is None:
        if any(column.personal == "pseudonym" for name in replaced for column in dataset.tables[name].columns):
            raise pseudonyms.NoKeyError(*(f"{name}.{CUSTOMER}" for name in replaced))
        return {}
    plain = replace(dataset, tables={name: _plain(table) for name, table in dataset.tables.items()})
    try:
        ids = {each for name in replaced for each in plain.load(name).frame[CUSTOMER].unique() if each}
    finally:
        plain.close()
    return {pseudonyms.pseudonym(each, key): each for each in ids}


def named(frame: Any, ids: dict[str, str]) -> Any:
    """A list with the customers' own ids in the place of pseudonyms.

    Parameters
    ----------
    frame
        With `customer_id`.
    ids
        As `own_ids` gives them.

    Raises
    ------
    DataError
        Where somebody in it has no id there: another key, or other data.
    """
    found = frame[CUSTOMER].astype(str).map(ids)
    if missing := int(found.isna().sum()):
        template = (
            "{n} of {all} customers of the list have no id in the dataset: expected the key and the data that the run "
            "had."
        )
        raise DataError(sentence(template, n=missing, all=len(frame)))
    return frame.assign(**{CUSTOMER: found})


def _is_replaced(column: Any) -> bool:
    return column.name == CUSTOMER and column.personal in ("pseudonym", "true")


def _plain(table: Any) -> Any:
    columns = [replace(each, personal="", impersonal=True) if _is_replaced(each) else each for each in table.columns]
    return replace(table, columns=tuple(columns))
