"""Names as people write them on the command line: a path where a name was asked for means the thing that lies there."""

import os
from collections.abc import Iterable
from pathlib import Path

from workbench.errors import DataError, ParameterError
from workbench.studies.definition.project import Project
from workbench.wording import sentence, shown


def study_name(project: Project, text: str) -> str:
    """The study that `text` names: itself, or the notebook of the project that it is the path of.

    Parameters
    ----------
    text
        `churn_survival`, `churn_survival.ipynb` or a path of it (`notebooks/churn_survival.ipynb`). Any other text
        comes back as it is, for `find_study` to validate.
    project
        Where studies, data and reports are.
    """
    path = Path(text)
    if path.suffix != ".ipynb":
        return text
    places = (path, project.root / path, project.notebooks / path)
    inside = any(place.is_file() and place.resolve().parent == project.notebooks.resolve() for place in places)
    return path.stem if inside else text


def dataset_name(project: Project, text: str) -> str:
    """The dataset that `text` names: itself, or the folder in data/ that it is a path of.

    Parameters
    ----------
    project
        Where studies, data and reports are.
    text
        The dataset's name, its folder or its dataset.yaml; any other text comes back as it is.

    Raises
    ------
    DataError
        When it is a file of data: that has to become a dataset first.
    """
    if "\0" in text:
        return text
    path = Path(text)  # of any length: os.path says no where Path raises
    home = path.parent if path.name == "dataset.yaml" else path
    for place in (home, project.root / home):
        if os.path.isdir(place) and place.resolve().parent == (project.root / "data").resolve():
            return place.resolve().name
    if path.suffix and os.path.isfile(path):
        template = "got the file {file}, expected a dataset; `workbench data add NAME --from {file}` makes one of it."
        raise DataError(sentence(template, file=shown(text, longest=300)[1:-1]))
    return text


def sort_slips(more: Iterable[str], texts: Iterable[str], dataset: str | None) -> tuple[list[str], str | None]:
    """Words that follow a study's name: `name=value` is a parameter, the first other word the dataset.

    Parameters
    ----------
    more
        The words.
    texts, dataset
        What `-p` and `--dataset` gave.

    Returns
    -------
    tuple
        All parameters as texts, and the dataset.

    Raises
    ------
    ParameterError
        When a word is left over, or the dataset is named twice.
    """
    texts, faults = list(texts), []
    for word in more:
        if "=" in word:
            texts.append(word)
        elif dataset is None:
            dataset = word
        elif word != dataset:
            template = "got {word} beside the dataset {dataset}, expected one dataset; parameters are name=value."
            faults.append(sentence(template, word=shown(word), dataset=shown(dataset)))
    if faults:
        raise ParameterError(*faults)
    return texts, dataset
