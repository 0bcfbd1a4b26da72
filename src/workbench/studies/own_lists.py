"""Lists of a run by which people act, under the customers' own ids: in its private/, for whoever has data and key."""

from pathlib import Path

from workbench import datasets
from workbench.datasets.own_ids import named, own_ids
from workbench.errors import StudyError
from workbench.studies import manifest
from workbench.studies.kept import ACTED_ON, read_list, write_own_ids
from workbench.wording import listing, sentence


def write_own_lists(folder: Path, root: Path) -> list[Path]:
    """Put the customers' own ids in the place of pseudonyms.

    Parameters
    ----------
    folder
        Of the run.
    root
        The project.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    StudyError
        The run has no such list, or its lists have those ids already.
    DataError
        Without the key, or where data and key are not those of the run.
    """
    lists = {name: found for name in ACTED_ON if (found := read_list(folder, name)) is not None}
    if not lists:
        template = "run {run} has no list of customers to act on: expected {names} in its private/."
        raise StudyError(sentence(template, run=folder.name, names=listing(list(ACTED_ON), "or")))
    known = own_ids(datasets.find(str(manifest.read_manifest(folder)["dataset"]), root))
    if not known:
        template = "run {run}: its lists have your own ids already; no id of the dataset is replaced."
        raise StudyError(sentence(template, run=folder.name))
    return [write_own_ids(folder, named(frame, known), name) for name, frame in lists.items()]
