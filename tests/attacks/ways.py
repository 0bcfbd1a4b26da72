"""Ways to recover what a run hides. Each gives what it has recovered; an honest run leaves all of them empty-handed.

An attacker has all that a run left (tables, figures, findings, draws, model files) and knows everything about how the
workbench works. Where a way is hard to follow to its end (steps of a curve read off a figure), the attacker is given
the true number as soon as nothing stands in the way.
"""

import re
import stat

import numpy as np
import pandas as pd

WAYS = {}


def way(attack):
    WAYS[attack.__name__] = attack
    return attack


def numeric(frame):
    return frame.select_dtypes("number")


@way
def names_of_small_groups(left, company):
    """A level of fewer than ten people is named somewhere."""
    for _, level in company.small():
        if level not in ("yes", "no"):
            yield from (f"{level} in {where}" for where, text in left.texts.items() if level in text)


@way
def counts_below_ten(left, company):
    """A table counts fewer than ten people."""
    for name, cells in left.before.items():
        counts = pd.to_numeric(left.tables[name][cells.people], errors="coerce").dropna()
        yield from (f"{name}: {count:g} people" for count in counts if 0 < count < 10)


@way
def findings_about_few(left, company):
    """A finding rests on fewer than ten people."""
    for each in left.said:
        if each["kind"] == "finding" and each["finding"]["n"] is not None and 0 < each["finding"]["n"] < 10:
            yield each["finding"]["id"]


@way
def rest_of_a_total(left, company):
    """The total of a list less its shown groups is one hidden group, or several of fewer than ten together."""
    for name, cells in left.before.items():
        shown, true = left.tables[name], cells.frame
        if not cells.by or "suppressed" not in shown:
            continue
        lists = shown.groupby(cells.within, dropna=False).indices.values() if cells.within else [np.arange(len(shown))]
        for own in lists:
            hidden = own[shown["suppressed"].to_numpy()[own]]
            people = pd.to_numeric(true[cells.people], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            alone = len(own) > len(hidden) and len(hidden) == 1 and people[hidden[0]] > 0
            few = 0 < np.nansum(people[hidden]) < 10 and not np.isnan(people[hidden]).any() and len(own) > len(hidden)
            if alone or few:
                yield f"{name}: {people[hidden].tolist()}"


@way
def lines_of_a_cross_table(left, company):
    """The totals of all lines of a table of two attributes, put together, determine a hidden cell of few."""
    for name, cells in left.before.items():
        shown = left.tables[name]
        if len(cells.by) < 2 or "suppressed" not in shown:
            continue
        blank = np.flatnonzero(shown["suppressed"])
        lines = [shown.index[shown[axis] == value] for axis in cells.by for value in shown[axis].unique()]
        known = np.array([[i in set(line) for i in blank] for line in lines], dtype=float)
        known = known[known.any(axis=1)]
        unit = np.eye(len(blank))
        solved = unit @ np.linalg.pinv(known) @ known if len(known) else np.zeros_like(unit)
        people = pd.to_numeric(cells.frame[cells.people], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        few = (people[blank] > 0) & (people[blank] < 10)
        told = [i for i in range(len(blank)) if few[i] and np.allclose(solved[i], unit[i], atol=1e-6)]
        yield from (f"{name}: row {blank[i]}" for i in told)


@way
def numbers_beside_a_hidden_count(left, company):
    """A hidden row has an estimate or an interval, which a binomial, Wilson or log-log formula would invert."""
    for name, cells in left.before.items():
        shown = left.tables[name]
        keys = {*cells.by, *cells.within, "suppressed"}
        missing = pd.to_numeric(shown[cells.people], errors="coerce").isna()
        rest = numeric(shown.loc[missing, [each for each in shown if each not in keys]])
        yield from (f"{name}: {column}" for column in rest if rest[column].notna().any())


@way
def hidden_rows_elsewhere(left, company):
    """What is hidden in one table has numbers in another (one that is kept for machines, or draws)."""
    for name, key in left.hidden():
        if not any(isinstance(value, str) for value in key.values()):
            continue  # tenths and counts of a model have the same numbers everywhere and are other people
        for other, frame in left.tables.items():
            common = {column: value for column, value in key.items() if column in frame}
            if other == name or set(key) - {"label", "by", "of"} - set(common):
                continue
            same = np.logical_and.reduce([frame[column] == value for column, value in common.items()])
            found = numeric(frame[same]).dropna(how="all")
            if len(found) and not told_of_all(frame, common):
                yield f"{name} {key} in {other}"


def told_of_all(frame, key):
    """Whether draws of a group are but the mean of other groups: then they tell nothing of it."""
    if "draw" not in frame or "segment" not in key or "driver" not in key:
        return False
    own = frame[frame["driver"] == key["driver"]].pivot(index="draw", columns="segment", values="effect")
    others = own.drop(
        columns=[name for name in own if name != key["segment"] and own[name].equals(own[key["segment"]])]
    )
    others = others.drop(columns=key["segment"]).to_numpy()
    if others.shape[1] == 0:
        return True  # of nobody is anything told
    weights = np.linalg.lstsq(others, own[key["segment"]].to_numpy(), rcond=None)[0]
    return bool(np.allclose(others @ weights, own[key["segment"]], atol=1e-8))


@way
def customers_less_leavers(left, company):
    """Of a group that is shown so many are gone that those on board are a handful."""
    if "groups" not in left.tables:
        return
    groups = left.tables["groups"]
    there = groups["customers"] - groups["left"]
    yield from (f"{groups['group'][i]}: {there[i]:g}" for i in groups.index if 0 < there[i] < 10)


def followed(company, attribute, names, at):
    """True numbers at risk of groups (by shown name) at a time."""
    people = company.people[company.people["duration"] >= at - 1e-9]
    return people[attribute].map(names).value_counts()


def names_shown(left, company, attribute):
    """Level → the name of the group that it is shown in, as an attacker who knows the customers would guess it."""
    shown = left.tables[f"survival_by_{attribute}"]["group"].unique()
    levels = company.people[attribute].unique()
    names = {}
    for level in levels:
        own = [name for name in shown if name == level or name.startswith(f"{level} (")]
        together = [name for name in shown if name not in levels]
        names[level] = own[0] if own else together[0] if together else None
    return names


@way
def interval_of_a_curve(left, company):
    """At each horizon: numbers at risk as shown or by inversion of the log-log interval, and the rest of the total."""
    if "survival_of_all" not in left.tables:
        return
    whole = left.tables["survival_of_all"].set_index("horizon")["at_risk"]
    for attribute in company.attributes:
        table = left.tables[f"survival_by_{attribute}"]
        names = names_shown(left, company, attribute)
        for horizon, total in whole.dropna().items():
            true = followed(company, attribute, names, horizon)
            rows = table[table["horizon"] == horizon].set_index("group")
            known = {group: inverted(table, group, horizon) for group in rows.index}
            lacking = [group for group, n in true.items() if known.get(group) is None]
            rest = total - sum(n for n in known.values() if n is not None)
            if len(lacking) == 1 and 0 < rest < 10 and rest == true[lacking[0]]:
                yield f"{attribute} {lacking[0]} at {horizon}: {rest}"
            yield from (f"{attribute} {group} at {horizon}" for group, n in known.items() if n and n < 10)


def inverted(table, group, horizon):
    """How many of a group are followed at a horizon: as told, or from the steps of Greenwood's sum before it."""
    own = table[table["group"] == group].sort_values("horizon").reset_index(drop=True)
    at = own.index[own["horizon"] == horizon][0]
    if pd.notna(own["at_risk"][at]):
        return int(own["at_risk"][at])
    if at == 0:
        return None
    with np.errstate(all="ignore"):
        z = 1.6448536269514722
        loglog = np.log(-np.log(own[["survival", "lower"]].to_numpy(dtype=float)[at - 1 : at + 1]))
        spread = ((loglog[:, 1] - loglog[:, 0]) / z * np.log(own["survival"][at - 1 : at + 1])) ** 2
        gone = 1 - own["survival"][at] / own["survival"][at - 1]
        n = gone / (1 - gone) / (spread[at] - spread[at - 1])
    return round(n) if np.isfinite(n) and n > 0.5 else None


@way
def steps_of_a_drawn_curve(left, company):
    """Where one group alone is followed by few, all others' curves have their steps, which tell how many they are."""
    for attribute in company.attributes:
        lines = left.lines.get(f"survival_by_{attribute}")
        if not lines:
            continue
        drawn = np.unique(np.concatenate([line[:, 0] for line in lines if len(line) > 2]))
        names = names_shown(left, company, attribute)
        people = company.people.assign(group=company.people[attribute].map(names))
        seen_to_the_end = people.groupby("group")["event"].all()
        for at in np.unique(people.loc[people["event"] == 1, "duration"]):
            there = people[people["duration"] >= at].groupby("group").size()
            few = [group for group, n in there.items() if n < 10 and not seen_to_the_end[group]]
            others = people[(people["duration"] == at) & (people["event"] == 1) & ~people["group"].isin(few)]
            # All others had a leaver then, and each was drawn: their numbers and the total give the few away.
            if len(few) == 1 and others["group"].nunique() == len(there) - 1 and len(there) > 1 and at in drawn:
                steps = sum(at in line[:, 0] for line in lines if len(line) > 2)
                if steps >= len(there) - 1:
                    yield f"{attribute} {few[0]} at {at}: {there[few[0]]}"


@way
def variance_of_draws(left, company):
    """Draws of a group at a touchpoint where few rated are wider than others: by how much tells how few."""
    if "driver_effects" not in left.tables:
        return
    drawn, shown = left.tables["driver_effects"], left.tables["segment_effects"]
    for row in shown[shown["n"].isna()].to_dict("records"):
        key = {"segment": row["segment"], "driver": row["driver"]}
        if not told_of_all(drawn, key):
            yield str(key)


@way
def model_files(left, company):
    """What was sampled of a posterior tells of a group at a touchpoint where few rated."""
    for path in (left.folder / "model").glob("driver_posterior.zarr"):
        import xarray

        posterior = xarray.open_datatree(path, engine="zarr")["posterior"].to_dataset()
        shown = left.tables["segment_effects"]
        for row in shown[shown["n"].isna()].to_dict("records"):
            own = posterior["point_effects"].sel(segment=row["segment"], driver=row["driver"])
            if np.isfinite(own.to_numpy()).any():
                yield f"{row['segment']} {row['driver']}"


@way
def single_customers(left, company):
    """An id stands outside private/, or private/ can be read by others, or is named by what the run says."""
    ids = company.people["customer_id"]
    some = [ids.iloc[i] for i in np.linspace(0, len(ids) - 1, 25).astype(int)]
    for where, text in left.texts.items():
        if not where.startswith("private/"):
            # Within a longer word it is part of a digest: each line of the journal has one by chance.
            yield from (f"{each} in {where}" for each in some if re.search(rf"(?<!\w){each}(?!\w)", text))
            if "private/" in text:
                yield f"private/ named in {where}"
    for path in (left.folder / "private").rglob("*"):
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield f"{path.name}: mode {stat.S_IMODE(path.stat().st_mode):o}"


@way
def exact_age(left, company):
    """The columns of a customer in private/ are exact: a line through two known ages gives all others."""
    if "survival_customers" not in left.private:
        return
    table = left.private["survival_customers"].merge(company.people[["customer_id", "age"]], on="customer_id")
    for name in [each for each in table if each.startswith("column:")]:
        values = table[name]
        if values.nunique() > 12 and abs(np.corrcoef(values, table["age"])[0, 1]) > 0.999999:
            yield name
