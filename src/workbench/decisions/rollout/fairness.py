"""Whether the comparison is fair: who was dealt what, who was lost, who answered, what else went on. Page one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workbench.decisions.rollout.effects import Followed, Measured
from workbench.decisions.rollout.estimators import Waves
from workbench.decisions.rollout.pilot import Pilot
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check, Finding, Status
from workbench.models.trials.units.compared import FEW_UNITS
from workbench.statistics.draws import BROKEN, design_matrix
from workbench.wording import listing, month, number, p_value, percent, plural, sentence, shown

SUSPECT = 0.01
"""p-value below which arms are said to differ in what they should share: of ten such tests of a sound pilot one in ten
pilots warns."""
CROSSED = 0.02
"""Share of the control who got it later, or were in two arms at once, a choice: an effect is diluted by as much."""
FEWEST_UNITS = 6
"""Units of which an interval of 90% has ends: of the 20 ways to deal three of six, two are as extreme as the most."""
MOST_TOLD = 12  # rows of the table of balance


@dataclass(frozen=True, kw_only=True, eq=False)
class Fairness:
    """All tests of one pilot.

    Attributes
    ----------
    checks
        Each test, in words.
    ratio_p
        Of the sizes of the arms; None where nothing says what they should be.
    balance
        How far arms lie apart in what was known before: `column`, `arm`, `treated`, `control`, `apart` (standard
        deviations), `lower`, `upper`.
    experimental
        Whether chance decided, and nothing contradicts it.
    """

    checks: tuple[Check, ...]
    ratio_p: float | None
    balance: pd.DataFrame
    experimental: bool

    @property
    def doubts(self) -> list[str]:
        """Titles of the tests that warn or fail."""
        return [each.title for each in self.checks if each.status != "pass"]

    def exhibits(self) -> Iterator[Showable]:
        """The finding, the tests and the table of balance."""
        yield self._finding()
        yield from self.checks
        yield {"ratio_p": self.ratio_p}
        if len(self.balance):
            yield Table(
                name="balance",
                frame=self.balance,
                caption=sentence(
                    "What was known before the start, by arm: how many standard deviations it lies apart from the "
                    "control, with 90% intervals."
                ),
                people=None,
                columns={
                    **({"arm": Column(sentence("Arm"))} if self.balance["arm"].nunique() > 1 else {}),
                    "column": Column(sentence("Known before")),
                    "apart": Column(sentence("Apart"), sentence("standard deviations")),
                    "lower": Column(sentence("Lower")),
                    "upper": Column(sentence("Upper")),
                },
            )

    def _finding(self) -> Finding:
        passed = sum(each.status == "pass" for each in self.checks)
        names = {"n": number(passed), "all": number(len(self.checks)), "doubts": listing(self.doubts)}
        if not self.doubts:
            said = sentence("The comparison is fair: {n} of {all} tests find nothing against it.", **names)
        else:
            said = sentence(
                "The comparison is in doubt: {n} of {all} tests pass, the others speak against it.", **names
            )
        return Finding(
            id="fair",
            statement=said,
            estimate=passed,
            unit=sentence("tests passed"),
            evidence="descriptive",
            table="balance" if len(self.balance) else None,
        )


def examine(
    pilot: Pilot,
    followed: Followed,
    outcomes: Sequence[Measured],
    primary: Measured,
    days: int | None,
    waves: Waves | None = None,
) -> Fairness:
    """Test whether arms differ in nothing but what was dealt.

    Parameters
    ----------
    pilot
        Who was dealt what.
    followed
        What is recorded of them.
    outcomes, primary
        After the start.
    days
        Length of the window; None where nothing is dated.
    waves
        Of starts one after the other: all by month.
    """
    checks: list[Check] = []
    if pilot.draw is not None:
        checks.append(_design(pilot))
        checks += [_ratio(pilot)] if pilot.design.by_chance else []  # of what nobody drew no size is wrong
        checks.append(_balance(pilot))
        checks += list(_starts(pilot))
        checks.append(_contamination(pilot))
        checks += list(_few_units(pilot))
        if waves is None:
            checks += list(_lost(pilot, followed, outcomes))
            checks += list(_before(pilot, primary))
            checks += list(_elsewhere(pilot))
        else:
            checks += list(_by_month(pilot, primary, waves))
    return Fairness(
        checks=tuple(checks),
        ratio_p=pilot.draw.ratio_p if pilot.draw is not None and pilot.design.by_chance else None,
        balance=_table(pilot),
        experimental=pilot.experimental,
    )


def _check(
    name: str, status: Status, message: str, title: str, value: float | None = None, threshold: float | None = None
) -> Check:
    return Check(name=name, status=status, message=message, title=title, value=value, threshold=threshold)


def _design(pilot: Pilot) -> Check:
    words = {
        "randomised": sentence("chance dealt the arms to customers"),
        "stratified": sentence("chance dealt the arms to customers, within groups"),
        "clustered": sentence("chance dealt the arms to whole units"),
        "staggered": sentence("all came in one after the other, in an order by lot")
        if pilot.design.by_chance
        else sentence("all came in one after the other, and no lot is recorded for the order (probability)"),
        "volunteers": sentence("customers chose themselves"),
        "chosen": sentence("somebody chose the customers"),
        "unknown": sentence("nobody says how customers came into the arms"),
    }
    said = words.get(pilot.design.assignment, words["unknown"])
    if pilot.design.by_chance:
        return _check(
            "pilot_design",
            "pass",
            sentence("By its recorded design {said}: what is found is an effect.", said=said),
            sentence("Chance decided"),
        )
    return _check(
        "pilot_design",
        "warn",
        sentence(
            "By its recorded design {said}. Whoever gets it differs from others in more than that: what is found may "
            "come from who they are, and is told as an association.",
            said=said,
        ),
        sentence("Chance did not decide"),
    )


def _few_units(pilot: Pilot) -> Iterator[Check]:
    """Too few units for an interval: what is told in its place, and how many would do."""
    if pilot.unit is None:
        return
    names = {"unit": pilot.design.unit, "n": number(len(set(pilot.unit)))}
    if pilot.route == "alone":
        yield _check(
            "pilot_units",
            "warn",
            sentence(
                "One {unit} got it, of {n}: its change is ranked among those of the others, as if each had got it. "
                "The p-value is that rank over {n}; no regression can be surer.",
                **names,
            ),
            sentence("One treated unit"),
        )
    elif len(set(pilot.unit)) < FEWEST_UNITS:
        yield _check(
            "pilot_units",
            "warn",
            sentence(
                "Arms were dealt to {n} whole units ({unit}): too few for an interval. All ways to deal them anew give "
                "the p-value. Deal at least {least} next time; {well} tell well.",
                least=number(FEWEST_UNITS),
                well=number(FEW_UNITS),
                **names,
            ),
            sentence("Too few units for an interval"),
            float(len(set(pilot.unit))),
            FEWEST_UNITS,
        )


def _ratio(pilot: Pilot) -> Check:
    draw = pilot.draw
    assert draw is not None
    sizes = listing([f"{number(n)} {arm}" for arm, n in draw.units.items()])
    if pilot.route == "waves" and pilot.control and not pilot.design.unit:
        sizes = sentence("first wave: {sizes}", sizes=sizes)
    if draw.ratio_p is None:
        return _check(
            "pilot_ratio",
            "pass",
            sentence("Nothing says how large the arms should be ({sizes}).", sizes=sizes),
            sentence("Sizes of the arms"),
        )
    if draw.ratio_p < BROKEN:
        message = sentence(
            "The arms have not the sizes that were drawn ({sizes}; p {p}): customers got lost on one side, and nobody "
            "knows which. Do not use these numbers; find out who is missing, or mend probability: in dataset.yaml.",
            sizes=sizes,
            p=p_value(draw.ratio_p),
        )
        return _check("pilot_ratio", "fail", message, sentence("Arms of the wrong size"), draw.ratio_p, BROKEN)
    message = sentence(
        "The arms have the sizes that were drawn ({sizes}; p {p}).", sizes=sizes, p=p_value(draw.ratio_p)
    )
    return _check("pilot_ratio", "pass", message, sentence("Sizes of the arms"), draw.ratio_p, BROKEN)


def _balance(pilot: Pilot) -> Check:
    draw = pilot.draw
    assert draw is not None
    title = sentence("Arms alike before")
    if draw.balance_p is None:
        message = sentence(
            "Nothing is known of customers before the start, so it cannot be seen whether the arms were alike: mark "
            "columns with use: before."
        )
        return _check("pilot_balance", "pass" if pilot.design.by_chance else "warn", message, title)
    most = listing([shown(each) for each in list(draw.apart)[:3]])
    if draw.balance_p < BROKEN:
        message = sentence(
            "The arms differed before the start, most in {columns} (p {p}).", columns=most, p=p_value(draw.balance_p)
        )
        return _check("pilot_balance", "warn", message, sentence("Arms differed before"), draw.balance_p, BROKEN)
    message = sentence(
        "The arms were alike before the start, in all that is known at once (p {p}).", p=p_value(draw.balance_p)
    )
    return _check("pilot_balance", "pass", message, title, draw.balance_p, BROKEN)


def _starts(pilot: Pilot) -> Iterator[Check]:
    if not pilot.dated or pilot.design.assignment == "staggered" or pilot.roster["start"].nunique() < 2:
        return
    counts = pd.crosstab(pilot.roster["start"], pilot.roster["arm"])
    p = float(stats.chi2_contingency(counts.to_numpy()).pvalue)
    if p < BROKEN:
        message = sentence(
            "The arms did not start at the same times (p {p}): they are compared within each start.", p=p_value(p)
        )
        yield _check("pilot_starts", "warn", message, sentence("Arms started at different times"), p, BROKEN)
    else:
        message = sentence("The arms started at the same times (p {p}).", p=p_value(p))
        yield _check("pilot_starts", "pass", message, sentence("Same starts"), p, BROKEN)


def _contamination(pilot: Pilot) -> Check:
    waiting = int((pilot.roster["arm"] == pilot.control).sum())
    share = (pilot.crossed / waiting if waiting else 0.0) + pilot.twice / max(len(pilot.roster), 1)
    names = {
        "n": number(pilot.crossed),
        "share": percent(pilot.crossed / max(waiting, 1)),
        "twice": number(pilot.twice),
    }
    if share > CROSSED:
        message = sentence(
            "{n} customers of the control ({share}) got it later and stay where they were dealt; {twice} were in two "
            "arms at once and are left out. The effect of getting it is larger than what is found.",
            **names,
        )
        return _check("pilot_contamination", "warn", message, sentence("The control got it too"), share, CROSSED)
    if pilot.crossed or pilot.twice:
        message = sentence(
            "{n} customers of the control ({share}) got it later and stay where they were dealt; {twice} were in two "
            "arms at once and are left out.",
            **names,
        )
    else:
        message = sentence("Nobody of the control got it, and nobody was in two arms.")
    return _check("pilot_contamination", "pass", message, sentence("The control stayed a control"), share, CROSSED)


def _lost(pilot: Pilot, followed: Followed, outcomes: Sequence[Measured]) -> Iterator[Check]:
    """Whether one arm lost more customers, or answered less, than another."""
    arm = pilot.roster["arm"].to_numpy()
    asked = [each for each in outcomes if each.measure.table == "surveys" and each.measure.column == each.measure.name]
    known = {
        "pilot_followed": (np.isfinite(outcomes[0].after) if outcomes else None, sentence("followed to the end")),
        "pilot_answered": (asked[0].known if asked else None, sentence("answering")),
    }
    leaving = next((each for each in outcomes if each.measure.kind == "staying"), None)
    if leaving is not None:
        known["pilot_leaving"] = (leaving.after == 1, sentence("still there"))
    titles = {
        "pilot_followed": (sentence("Followed alike"), sentence("Arms were followed unlike")),
        "pilot_answered": (sentence("Answered alike"), sentence("Arms answered unlike")),
        "pilot_leaving": (sentence("Stayed alike"), sentence("Arms stayed unlike")),
    }
    for name, (there, what) in known.items():
        if there is None or there.all() or not there.any():
            continue
        p = _unlike(pilot, there)
        shares = listing([f"{percent(float(there[arm == each].mean()))} {each}" for each in sorted(set(arm))])
        names = {"what": what, "shares": shares, "p": p_value(p)}
        if p < SUSPECT:
            message = sentence(
                "The arms differ in who was {what} ({shares}; p {p}): outcomes of those alone compare different sorts "
                "of customers.",
                **names,
            )
            yield _check(name, "warn", message, titles[name][1], p, SUSPECT)
        else:
            message = sentence("As many of each arm were {what} ({shares}; p {p}).", **names)
            yield _check(name, "pass", message, titles[name][0], p, SUSPECT)


def _unlike(pilot: Pilot, there: np.ndarray) -> float:
    """p-value of as many of each arm, yes or no: of customers, or of units where whole units were dealt."""
    if pilot.unit is not None:
        return _apart(_by_arm(pilot, there.astype(float)))
    counts = pd.crosstab(pilot.roster["arm"].to_numpy(), there).to_numpy()
    return float(stats.chi2_contingency(counts).pvalue) if min(counts.shape) > 1 else 1.0


def _by_arm(pilot: Pilot, values: np.ndarray) -> list[np.ndarray]:
    """Values of customers by arm; means of units where whole units were dealt, as these are what chance dealt."""
    known = pd.DataFrame({"arm": pilot.roster["arm"].to_numpy(), "value": values})[np.isfinite(values)]
    if pilot.unit is not None:
        known = known.groupby(["arm", pilot.unit[np.isfinite(values)]], observed=True).mean().reset_index("arm")
    return [own["value"].to_numpy() for _, own in known.groupby("arm", sort=True)]


def _apart(groups: Sequence[np.ndarray]) -> float:
    """p-value of equal means; 1 where a group has nothing to compare."""
    if len(groups) < 2 or any(len(each) < 2 for each in groups) or not np.concatenate(groups).std() > 0:
        return 1.0
    found = stats.f_oneway(*groups) if len(groups) > 2 else stats.ttest_ind(*groups, equal_var=False)
    return float(found.pvalue)


def _before(pilot: Pilot, primary: Measured) -> Iterator[Check]:
    """Whether arms differed in the primary outcome before anything was done (or knew what was coming)."""
    groups = _by_arm(pilot, primary.before)
    if any(len(each) < 2 for each in groups) or np.nanstd(primary.before) == 0:
        return
    p = _apart(groups)
    names = {"label": primary.measure.label, "p": p_value(p)}
    if p < SUSPECT:
        message = sentence("The arms differed in “{label}” before the start already (p {p}).", **names)
        yield _check("pilot_anticipation", "warn", message, sentence("Arms differed in it before"), p, SUSPECT)
    else:
        message = sentence("The arms did not differ in “{label}” before the start (p {p}).", **names)
        yield _check("pilot_anticipation", "pass", message, sentence("Same outcome before"), p, SUSPECT)


def _by_month(pilot: Pilot, primary: Measured, waves: Waves) -> Iterator[Check]:
    """Of starts one after the other: the months before them, and the months that cannot be told."""
    for arm in pilot.arms if primary.measure.name in waves.monthly.values else ():
        found = waves.imputed(primary.measure, arm)
        if found is None:
            continue
        names = {"label": primary.measure.label, "arm": arm}
        if np.isfinite(found.before_p):
            broken = found.before_p < SUSPECT
            said = (
                sentence(
                    "“{label}” moved apart in the months before {arm} already (p {p}).",
                    p=p_value(found.before_p),
                    **names,
                )
                if broken
                else sentence(
                    "“{label}” did not move apart in the months before {arm} (p {p}).",
                    p=p_value(found.before_p),
                    **names,
                )
            )
            title = sentence("It moved apart before") if broken else sentence("Side by side before")
            yield _check(f"pilot_leads_{arm}", "warn" if broken else "pass", said, title, found.before_p, SUSPECT)
        if found.left_out:
            months = listing([month(pd.Timestamp(each).date()) for each in found.left_out[:MOST_TOLD]])
            yield _check(
                f"pilot_months_{arm}",
                "warn",
                sentence(
                    "Nobody was without {arm} in {months}: these months are left out, as nothing tells what would have "
                    "been.",
                    months=months,
                    **names,
                ),
                sentence("Months without a control"),
                len(found.left_out),
            )
        if found.lost:
            yield _check(
                f"pilot_seen_{arm}",
                "warn" if found.lost > CROSSED * found.total.n else "pass",
                plural(
                    "{n} customer of {all} was never seen without {arm} and tells nothing.",
                    "{n} customers of {all} were never seen without {arm} and tell nothing.",
                    found.lost,
                    all=number(found.total.n),
                    arm=arm,
                ),
                sentence("Never seen without it"),
                found.lost,
            )


def _elsewhere(pilot: Pilot) -> Iterator[Check]:
    if not pilot.elsewhere.any():
        return
    arm = pilot.roster["arm"].to_numpy()
    p = _unlike(pilot, pilot.elsewhere)
    shares = listing([f"{percent(float(pilot.elsewhere[arm == each].mean()))} {each}" for each in sorted(set(arm))])
    if p < SUSPECT:
        message = sentence(
            "More of one arm were in other initiatives meanwhile ({shares}; p {p}): their effects are mixed in.",
            shares=shares,
            p=p_value(p),
        )
        yield _check("pilot_elsewhere", "warn", message, sentence("Other initiatives mixed in"), p, SUSPECT)
    else:
        message = sentence(
            "As many of each arm were in other initiatives meanwhile ({shares}; p {p}).", shares=shares, p=p_value(p)
        )
        yield _check("pilot_elsewhere", "pass", message, sentence("Other initiatives alike"), p, SUSPECT)


def _table(pilot: Pilot) -> pd.DataFrame:
    """How far arms lie apart before the start, the farthest first."""
    columns = ["arm", "column", "treated", "control", "apart", "lower", "upper"]
    known = pilot.before.drop(columns=pilot.design.unit, errors="ignore")  # which units got it is no imbalance
    if not pilot.control or not len(known.columns):
        return pd.DataFrame(columns=columns)
    matrix, names = design_matrix(known)
    arm = pilot.roster["arm"].to_numpy()
    reach = float(stats.norm.ppf(0.95))
    rows: list[list[Any]] = []
    for each in pilot.arms:
        own, others = matrix[arm == each], matrix[arm == pilot.control]
        for name, a, b, spread in zip(names, own.T, others.T, matrix.std(axis=0), strict=True):
            apart = float((a.mean() - b.mean()) / spread)
            error = float(np.hypot(_error(a, pilot, each), _error(b, pilot, pilot.control)) / spread)
            rows.append([each, name, a.mean(), b.mean(), apart, apart - reach * error, apart + reach * error])
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["apart"].abs().sort_values(ascending=False, kind="stable").index
    farthest = frame.loc[order].drop_duplicates(["arm", "column"])  # of a category its farthest level
    return farthest.head(MOST_TOLD).round(3).reset_index(drop=True)


def _error(values: np.ndarray, pilot: Pilot, arm: str) -> float:
    """Standard error of the mean of an arm's customers; where whole units were dealt, as these lie apart."""
    if pilot.unit is None:
        return float(values.std() / np.sqrt(len(values)))
    code = np.unique(pilot.unit[(pilot.roster["arm"] == arm).to_numpy()], return_inverse=True)[1]
    moved = np.bincount(code, values - values.mean()) / len(values)
    return float(np.sqrt((moved**2).sum() * len(moved) / max(len(moved) - 1, 1)))
