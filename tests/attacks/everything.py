"""Ways to recover something from all that the runs of a project left, by whoever has it all and nothing else.

Each gives what it has recovered: a hidden group, a person, a secret, a check that was lost.
"""

import base64
import itertools
import json
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.studies.small_groups.together import counts_of, few_between

WAYS = {}
# Columns that say by which attribute a list is; the lists of a table that differ in them alone are of the same people.
AXES = {"segment", "by", "grouping", "of", "trait", "label"}
# What people of a group that is shown did is a result, also where they are few: so is who of the control got it too.
RESULTS = re.compile("customers? of the control")
TOTALS = {"all", "All", "all customers", ""}


def way(attack):
    WAYS[attack.__name__] = attack
    return attack


@dataclass(frozen=True)
class Artifacts:
    """What one run left."""

    folder: Path
    manifest: dict

    @cached_property
    def tables(self):
        return {path.stem: pd.read_parquet(path) for path in sorted((self.folder / "tables").glob("*.parquet"))}

    @cached_property
    def counted(self):
        """Tables of groups of people: (name, rows, which columns count whom)."""
        told = {name: each["people"] for name, each in self.manifest["tables"].items() if each.get("people")}
        return [(name, self.tables[name], people) for name, people in told.items() if name in self.tables]

    @cached_property
    def results(self):
        return json.loads((self.folder / "results.json").read_text())

    @cached_property
    def texts(self):
        """All that is public, as text, tables and arrays unpacked."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            place = path.relative_to(self.folder).as_posix()
            if path.is_file() and not place.startswith("private/"):
                found[place] = path.read_bytes().decode("utf-8", errors="replace")
        found |= {f"{name} unpacked": frame.to_csv() for name, frame in self.tables.items()}
        for path in (self.folder / "model").glob("*.zarr"):
            import xarray

            with xarray.open_datatree(path, engine="zarr") as tree:
                found[path.name] = str({name: list(map(str, each.to_numpy())) for name, each in tree.coords.items()})
        return found

    def lists(self):
        """(table, people's columns, what the list is within, its rows) of each list whose counts add up."""
        for name, frame, people in self.counted:
            if not people["by"]:
                continue
            within = people["within"]
            if not within:
                yield name, people, (), frame
                continue
            for key, rows in frame.groupby(within, dropna=False):
                yield name, people, key if isinstance(key, tuple) else (key,), rows


def numbers(rows, column):
    return pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


@way
def names_of_few(runs, made, secrets):
    """A level that few have is named somewhere."""
    for run in runs:
        for where, text in run.texts.items():
            yield from (f"{level} in {run.folder.parent.name}: {where}" for level in made.levels if level in text)


@way
def ids_and_names(runs, made, secrets):
    """A customer's id, or a name of one, stands in what others may read."""
    some = made.people.iloc[np.linspace(0, len(made.people) - 1, 40).astype(int)]
    wanted = [*some["customer_id"], *(name for name in some["name"] if " " in name)]
    for run in runs:
        for where, text in run.texts.items():
            yield from (f"{each} in {run.folder.parent.name}: {where}" for each in wanted if each in text)


@way
def tables_of_single_customers(runs, made, secrets):
    """private/ can be read by others, or is linked from a report or packed into a workbook."""
    for run in runs:
        for path in (run.folder / "private").rglob("*"):
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                yield f"{path}: open to others"
        if "private/" in run.texts.get("report.html", ""):
            yield f"{run.folder.name}: the report links private/"


@way
def counts_of_few(runs, made, secrets):
    """A table or a finding counts fewer than ten people."""
    for run in runs:
        for name, rows, people in run.counted:
            few = [n for n in numbers(rows, people["count"]) if 0 < n < 10]
            yield from (f"{run.folder.parent.name} {name}: {n:g}" for n in few)
        for each in run.results["findings"]:
            if each["n"] is not None and 0 < each["n"] < 10:
                yield f"{run.folder.parent.name}: finding {each['id']}"


@way
def counts_less_leavers(runs, made, secrets):
    """Of a group that is shown, those who left are counted beside: the rest, who are on board, are a handful."""
    for run in runs:
        for name, rows, people in run.counted:
            for column in {"left", "leavers", "events", "gone"} & set(rows) - {people["count"]}:
                rest_of = numbers(rows, people["count"]) - numbers(rows, column)
                yield from (f"{run.folder.parent.name} {name}: {n:g}" for n in rest_of if 0 < n < 10)


@way
def few_in_words(runs, made, secrets):
    """A sentence counts fewer than ten customers, other than to say that there are fewer than ten."""
    said = re.compile(
        r"(?<!fewer than )(?<!under )(?<![\d.,–-])\b[1-9] (?:customers?|people|persons?)\b", re.IGNORECASE
    )
    for run in runs:
        sentences = [each["statement"] for each in run.results["findings"]]
        sentences += [each["message"] for each in run.results["checks"]]
        yield from (
            f"{run.folder.parent.name}: {each}"
            for each in sentences
            if said.search(RESULTS.sub("of the control", each))
        )


@way
def total_less_shown(runs, made, secrets):
    """A list has its own total; less the groups that it shows it leaves few, or one hidden group alone."""
    for run in runs:
        for name, people, key, rows in run.lists():
            total = rows[people["by"]].astype(str).isin(TOTALS).all(axis=1).to_numpy()
            if total.sum() == 1 and len(rows) > 1:
                yield from rest(numbers(rows, people["count"]), total, f"{run.folder.parent.name} {name} {key}")


def rest(counts, total, where):
    parts, whole = counts[~total], counts[total][0]
    if np.isnan(whole):
        return
    left, hidden = whole - np.nansum(parts), int(np.isnan(parts).sum())
    if 0 < left < 10 or (hidden == 1 and left > 0):
        yield f"{where}: {left:g} in {hidden} hidden"


@way
def another_list_is_the_total(runs, made, secrets):
    """Of the same people there is a list by another attribute that hides nothing: its sum is the total of this one."""
    for run in runs:
        found = {}
        for name, people, key, rows in run.lists():
            axes = [place for place, column in enumerate(people["within"]) if column in AXES]
            rest_of_key = tuple(value for place, value in enumerate(key) if place not in axes)
            part = ~rows[people["by"]].astype(str).isin(TOTALS).all(axis=1).to_numpy()
            if part.any() and axes:
                found.setdefault((name, rest_of_key), []).append((key, numbers(rows, people["count"])[part]))
        for (name, _), lists in found.items():
            whole = [counts.sum() for _, counts in lists if not np.isnan(counts).any()]
            for key, counts in lists:
                for total in whole:
                    left, hidden = total - np.nansum(counts), int(np.isnan(counts).sum())
                    if (0 < left < 10 or (hidden == 1 and left > 0)) and hidden:
                        yield f"{run.folder.parent.name} {name} {key}: {left:g} in {hidden} hidden"


@way
def numbers_beside_hidden_counts(runs, made, secrets):
    """A hidden row has an estimate or an interval: the formula behind it is inverted for its number of people."""
    for run in runs:
        for name, rows, people in run.counted:
            keys = {*people["by"], *people["within"], "suppressed"}
            hidden = rows[np.isnan(numbers(rows, people["count"]))]
            for column in hidden.columns.difference([*keys, people["count"]]):
                if pd.api.types.is_numeric_dtype(hidden[column]) and hidden[column].notna().any():
                    yield f"{run.folder.parent.name} {name}: {column}"


@way
def hidden_rows_elsewhere(runs, made, secrets):
    """What one table hides has numbers in another of the run, or of another run: in draws, or kept for machines."""
    for run, other in itertools.product(runs, runs):
        if run.manifest["dataset"] != other.manifest["dataset"]:
            continue
        for name, rows, people in run.counted:
            if not {"segment", "driver"} <= {*people["by"], *people["within"]}:
                continue
            hidden = rows[np.isnan(numbers(rows, people["count"]))]
            own = "driver_effects" in other.tables and run is other
            for key in hidden[["segment", "driver"]].to_dict("records") if own else ():
                drawn = other.tables["driver_effects"]
                drawn = drawn[drawn["driver"] == key["driver"]].pivot(index="draw", columns="segment", values="effect")
                shown = [each for each in drawn if each not in set(hidden["segment"])]
                if key["segment"] in drawn and not spanned(drawn[key["segment"]], drawn[shown]):
                    yield f"{name} {key}"


def spanned(one, others):
    """Whether draws are but a mean of others."""
    if others.shape[1] == 0:
        return True
    weights = np.linalg.lstsq(others.to_numpy(), one.to_numpy(), rcond=None)[0]
    return bool(np.allclose(others.to_numpy() @ weights, one, atol=1e-8))


@way
def margins_of_cells(runs, made, secrets):
    """Cells of several attributes, less from what is told of each by itself; in which tier people are is a result."""
    for run in runs:
        if "value_cells" not in run.tables or "value_by_group" not in run.tables:
            continue
        cells, groups = run.tables["value_cells"], run.tables["value_by_group"]
        axes = [each for each in cells if each.startswith("by:") and each != "by:tier"]
        for column in axes if len(axes) > 1 else ():
            told = groups[groups["grouping"] == column.removeprefix("by:")].set_index("group")["customers"].dropna()
            for group, total in told.items():
                left = total - cells.loc[cells[column] == group, "customers"].sum()
                if 0 < left < 10:
                    yield f"{column} {group}: {left:g}"


@way
def draws_less_totals(runs, made, secrets):
    """Draws of cells add up to those of all; less the cells that are shown they leave few."""
    for run in runs:
        if "value_draws" not in run.tables:
            continue
        first = run.tables["value_draws"]
        first = first[first["month"] == first["month"].min()].groupby("draw")["customers"]
        whole = first.sum().max()
        shown = run.tables["value_cells"]["customers"]
        left = shown.sum() - whole
        if (shown < 10).any() or left < -0.5:
            yield f"{run.folder.name}: cells of {shown.min():g}, {left:.1f} beside them"


@way
def card_of_the_model(runs, made, secrets):
    """The model's card counts rows by level: few have a cell of their own."""
    for run in runs:
        card = run.folder / "model" / "card.json"
        if card.is_file():
            for each in json.loads(card.read_text())["features"]:
                if each["kind"] == "category":
                    yield from (f"{each['name']}: {n}" for n in each["counts"] if 0 < n < 10)


@way
def values_of_single_customers(runs, made, secrets):
    """A number of a table is, to the cent, what one customer has spent: an end, an extreme, a group of one."""
    spent = made.people["spent"].dropna()
    # Whole numbers are counts of something else as well.
    known = set(spent[(spent > 100) & (spent % 1 != 0) & ~spent.duplicated(keep=False)].round(2))
    for run in runs:
        for name, rows in run.tables.items():
            for column in rows.select_dtypes("number"):
                values = pd.to_numeric(rows[column], errors="coerce").dropna().astype(float)
                exact = values[(values - values.round(2)).abs() < 1e-9].round(2)
                yield from (f"{run.folder.parent.name} {name} {column}: {each}" for each in exact if each in known)


@way
def two_runs_together(runs, made, secrets):
    """The same groups counted twice differ by few, and nobody was warned."""
    for one, two in itertools.combinations(runs, 2):
        same = all(one.manifest[name] == two.manifest[name] for name in ("study", "dataset"))
        told = any(each.manifest.get("tells_with") for each in (one, two))
        if same and not told:
            counts = [counts_of(each.folder, each.manifest) for each in (one, two)]
            yield from (f"{one.folder.name} {two.folder.name} {table}: {n}" for n, table in few_between(*counts))


@way
def secrets_left(runs, made, secrets):
    """A secret of the environment, or one that was given as a parameter, stands anywhere, private/ too; or encoded."""
    encoded = [base64.b64encode(f"user:{each}".encode()).decode()[8:-4] for each in secrets]
    secrets = [*secrets, *encoded, *(each.encode().hex() for each in secrets)]
    for run in runs:
        for path in sorted(run.folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                yield from (f"{path}" for each in secrets if each.encode() in content)
        for where, text in run.texts.items():
            yield from (f"{where}" for each in secrets if each in text)


@way
def checks_that_were_lost(runs, made, secrets):
    """A run that fails a check, however it hides it, reads as passed."""
    for run in runs:
        if run.manifest["study"].startswith("hides") and (run.manifest["status"], run.manifest["verdict"]) in (
            ("succeeded", "pass"),
            ("succeeded", "warn"),
        ):
            yield run.manifest["study"]
