"""What two runs tell together that neither tells alone: of how few people a number in both differs.

A run of other segments, of another part or as of another day counts the same groups of nearly the same people. Where
one has three more than the other, whatever is told of both tells of these three.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.suppression import SMALLEST_GROUP
from workbench.wording import plural

MOST_COMPARED = 30
"""Runs of a study on a dataset that are compared, the newest: more would make a list wait for longer than a second."""
# Of a table, what its lists are within, and what a list is by: how many people, None where they are hidden.
Counts = Mapping[tuple[str, tuple], Mapping[tuple, float | None]]
# Parameters that say who is drawn, not who is counted: their runs tell of the same people.
DRAWN_BY = frozenset({"seed"})


@dataclass(frozen=True)
class Together:
    """Two runs that tell of few people.

    Attributes
    ----------
    run, other
        Ids, the later first.
    people
        Of how few.
    table
        Where; empty where it is a finding.
    """

    run: str
    other: str
    people: int
    table: str

    def __str__(self) -> str:
        """The warning, as a list of runs has it."""
        told = {"run": self.run, "other": self.other}
        if not self.table:
            return plural(
                "Runs {run} and {other} together tell of {n} person (their findings): pass on one of them only.",
                "Runs {run} and {other} together tell of {n} people (their findings): pass on one of them only.",
                self.people,
                **told,
            )
        return plural(
            "Runs {run} and {other} together tell of {n} person (table {table}): pass on one of them only.",
            "Runs {run} and {other} together tell of {n} people (table {table}): pass on one of them only.",
            self.people,
            **told,
            table=self.table,
        )


def told_together(reports: Path, manifests: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Together]]:
    """Pairs of runs that tell of few people; of each run the pair that tells of fewest.

    Parameters
    ----------
    reports
        The folder of all runs.
    manifests
        Of runs, the newest first.

    Returns
    -------
    tuple
        The manifests, with `tells_with` (`run_id`, `people`, `table`) on the later run of each pair; the pairs.
    """
    alike: dict[tuple, list[Mapping[str, Any]]] = {}
    for each in manifests:
        if each.get("status") == "succeeded" and each.get("dataset"):
            alike.setdefault((each["study"], each["dataset"]), []).append(each)
    nearest: dict[str, Together] = {}
    for runs in alike.values():
        newest = runs[:MOST_COMPARED]
        if len({_asked(each) for each in newest}) < 2:
            continue
        counts = {each["run_id"]: counts_of(reports / each["study"] / each["run_id"], each) for each in newest}
        for later, earlier in itertools.combinations(newest, 2):
            if _asked(later) == _asked(earlier):
                continue
            one, two = later["run_id"], earlier["run_id"]
            for people, table in few_between(counts[one], counts[two]):
                if one not in nearest or people < nearest[one].people:
                    nearest[one] = Together(one, two, people, table)
    marks = {
        pair.run: {"tells_with": {"run_id": pair.other, "people": pair.people, "table": pair.table}}
        for pair in nearest.values()
    }
    return [{**each, **marks.get(each["run_id"], {})} for each in manifests], list(nearest.values())


def _asked(manifest: Mapping[str, Any]) -> str:
    """What decides whom a run is about."""
    parameters = {name: value for name, value in (manifest.get("parameters") or {}).items() if name not in DRAWN_BY}
    data = (manifest.get("data") or {}).get("fingerprints") or manifest.get("fingerprints")
    return json.dumps([parameters, manifest.get("where"), data], sort_keys=True, default=str)


def counts_of(folder: Path, manifest: Mapping[str, Any]) -> Counts:
    """How many people the public tables and the findings of a run count; nothing of what cannot be read.

    Parameters
    ----------
    folder
        Of the run.
    manifest
        Its manifest.
    """
    found: dict[tuple[str, tuple], dict[tuple, float | None]] = {}
    for name, told in (manifest.get("tables") or {}).items():
        if isinstance(told, Mapping) and isinstance(told.get("people"), Mapping):
            for within, by, people in _rows(folder / "tables" / f"{Path(name).name}.parquet", told["people"]):
                found.setdefault((name, within), {})[by] = people
    try:
        findings = json.loads((folder / "results.json").read_text(encoding="utf-8"))["findings"]
        said = {(each["id"],): each["n"] for each in findings if each["n"] is not None}
    except (OSError, ValueError, LookupError, TypeError):
        said = {}
    for name, people in said.items():
        found[("", name)] = {(): people}  # findings are no list: nothing adds up
    return found


def _rows(path: Path, people: Mapping[str, Any]) -> Iterator[tuple[tuple, tuple, float | None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        count, by, within = str(people["count"]), [*people["by"]], [*people["within"]]
        rows = pq.read_table(path, columns=list(dict.fromkeys([count, *by, *within]))).to_pylist()
    except (pa.ArrowInvalid, OSError, LookupError, TypeError):
        return
    for row in rows:
        yield tuple(row.get(name) for name in within), tuple(row.get(name) for name in by), row.get(count)


def few_between(one: Counts, two: Counts, *, k: int = SMALLEST_GROUP) -> Iterator[tuple[int, str]]:
    """Of how few people a number in both differs, and in which table.

    Compared are numbers of the same group, and of a list whose groups are others the number of all that differ: what
    one run shows as two groups and the other as one.

    Parameters
    ----------
    one, two
        Counts of two runs.
    k
        The smallest group that is shown.

    Examples
    --------
    >>> one = {("groups", ()): {("a",): 40, ("b",): 12, ("c",): 30}}
    >>> list(few_between(one, {("groups", ()): {("a",): 40, ("b and c",): 39}}))
    [(3, 'groups')]
    """
    for place in one.keys() & two.keys():
        mine, other = one[place], two[place]
        pairs = [(mine[group], other[group]) for group in mine.keys() & other.keys()]
        alone, theirs = (
            [list_[group] for group in list_.keys() - rest.keys()] for list_, rest in ((mine, other), (other, mine))
        )
        if alone and theirs and None not in {*mine.values(), *other.values()}:
            pairs.append((_total(alone), _total(theirs)))
        for first, second in pairs:
            if first is not None and second is not None and 0 < (apart := round(abs(first - second))) < k:
                yield apart, place[0]


def _total(counts: Iterable[float | None]) -> float:
    return sum(count for count in counts if count is not None)
