"""Where the outcome stands: NPS, top box and mean, weighted and not, by segment, and corrected for who answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtri

from workbench.exhibits import Column, People, Showable, Table
from workbench.findings import Finding
from workbench.models.drivers.model.what_if import scorings
from workbench.models.drivers.responses.nonresponse import LASTING_TO_DAY, TENTH, Readiness, corrected, readiness
from workbench.models.drivers.responses.ratings import TOP_TWO, Ratings
from workbench.models.levels import as_levels, lump_levels
from workbench.wording import number, percent, sentence

DRAWS = 2000  # ends of a 90% interval are then known to a twentieth of its width
SHARES = ("top_box", "top_two")


def measure_label(measure: str) -> str:
    """Header of a column with a measure of the outcome.

    Parameters
    ----------
    measure
        `nps`, `top_box`, `top_two` or `mean`.
    """
    if measure == "nps":
        return sentence("NPS")
    if measure == "top_box":
        return sentence("top box")
    return sentence("top two tenths") if measure == "top_two" else sentence("mean")


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcomeLevel:
    """The outcome's measures as posteriors.

    Attributes
    ----------
    ratings, confidence
        The answers, and the level of every interval.
    measures
        As of `what_if.scorings`: `nps` of a recommendation, `top_box` and `mean`; `mean` and `top_two` of wide scales.
    table
        `segment`, `group`, `n`, `measure`, `estimate`, `lower`, `upper`, `unweighted`: everyone first, then groups of
        10 and more.
    range
        `lower`, `upper` of the first measure among all who were asked, chance included: by what the data show of who
        answers, else if people had answered more or less readily the more satisfied they are.
    response_ratio
        How many times as readily the most satisfied tenth may have answered as the least satisfied, or the reverse.
    readiness
        What the data show of that; None where they do not show enough, and `response_ratio` is assumed.
    """

    ratings: Ratings
    confidence: float
    measures: tuple[str, ...]
    table: pd.DataFrame
    range: tuple[float, float]
    response_ratio: float
    readiness: Readiness | None = None

    @property
    def measure(self) -> str:
        """The first measure, which findings tell."""
        return self.measures[0]

    @cached_property
    def everyone(self) -> pd.DataFrame:
        """Rows of the table about everyone, by measure."""
        return self.table[self.table["segment"] == ""].set_index("measure")

    def metrics(self) -> dict[str, float]:
        """`nps`, `nps_lower`, `nps_upper` of a recommendation; else `top_box` and `mean`, or `mean` and `top_two`."""
        if self.measure != "nps":
            return {name: self._of("estimate", name) for name in self.measures}
        names = {"nps": "estimate", "nps_lower": "lower", "nps_upper": "upper", "nps_unweighted": "unweighted"}
        return {name: self._of(what, "nps") for name, what in names.items()}

    def _of(self, what: str, measure: str) -> float:
        return float(self.everyone[what].to_dict()[measure])

    def wide(self) -> pd.DataFrame:
        """One row a group, measures side by side.

        `segment`, `group`, `n`, and of each measure its estimate, `<measure>_lower`, `<measure>_upper` and
        `<measure>_unweighted`.
        """
        frame = self.table[self.table["measure"] == self.measure][["segment", "group", "n"]].reset_index(drop=True)
        for measure in self.measures:
            rows = self.table[self.table["measure"] == measure].reset_index(drop=True)
            for of in ("estimate", "lower", "upper", "unweighted"):
                frame[measure if of == "estimate" else f"{measure}_{of}"] = rows[of]
        return frame

    def exhibits(self) -> Iterator[Showable]:
        """Where the outcome stands, among those who answered and those who were asked, and by group."""
        yield self.findings()
        yield self.metrics()
        by = {"segment": Column(sentence("by"))} if self.ratings.splits else {}
        first = (self.measure, f"{self.measure}_lower", f"{self.measure}_upper")
        labels = (measure_label(self.measure), sentence("lower"), sentence("upper"))
        unit = "share" if self.measure in SHARES else ""
        last = self.measures[-1]
        yield Table(
            name="outcome_level",
            frame=self.wide(),
            caption=sentence(
                "The outcome by group, weighted as the data say; the files have all measures with intervals, and "
                "without weights."
            ),
            people=People(count="n", by=["group"], within=["segment"]),
            columns={
                **by,
                "group": Column(sentence("group")),
                "n": Column(sentence("n")),
                **{name: Column(label, unit) for name, label in zip(first, labels, strict=True)},
                **({last: Column(measure_label(last), "share" if last in SHARES else "")} if last not in first else {}),
            },
        )

    def findings(self) -> list[Finding]:
        """Where the outcome stands, and how far it may lie from that of all who were asked."""
        estimate, lower, upper = (self._of(what, self.measure) for what in ("estimate", "lower", "upper"))
        unit = "share" if self.measure in SHARES else sentence("points") if self.measure == "nps" else ""
        unit = unit or sentence("scale points")
        answered = Finding(
            id="outcome_level",
            statement=self._stands(),
            estimate=estimate,
            unit=unit,
            interval=(lower, upper),
            interval_kind=sentence("{level} credible (Bayesian bootstrap)", level=percent(self.confidence)),
            evidence="descriptive",
            n=self.ratings.n,
            table="outcome_level",
        )
        asked = Finding(
            id="outcome_of_all_asked",
            statement=self._of_all_asked(),
            estimate=estimate,
            unit=unit,
            interval=self.range,
            interval_kind=sentence("{level} credible, with nonresponse", level=percent(self.confidence)),
            evidence="descriptive" if self.readiness else "assumed",
            n=self.ratings.n,
            table="outcome_level",
        )
        return [answered, asked]

    def _of_all_asked(self) -> str:
        """How far the outcome of all who were asked may lie from that of those who answered."""
        show = percent if self.measure in SHARES else number
        low, high = (show(end) for end in self.range)
        if self.readiness is None:
            return sentence(
                "Among all who were asked it is {low} to {high}, if the most satisfied answer up to {ratio} times as "
                "readily or as rarely.",
                ratio=number(self.response_ratio),
                low=low,
                high=high,
            )
        least, most = self.readiness.ratios(_reach(self.confidence))
        return sentence(
            "Among all who were asked it is {low} to {high}: invitations show that the most satisfied answer {least} "
            "to {most} times as readily."
            if self.readiness.of_invitations
            else "Among all who were asked it is {low} to {high}: repeated answers show that the most satisfied answer "
            "{least} to {most} times as readily.",
            least=number(least, 2),
            most=number(most, 2),
            low=low,
            high=high,
        )

    def _stands(self) -> str:
        ratings = self.ratings
        weighted = ratings.weighting == "survey"
        words = {name: self._of("estimate", name) for name in self.measures}
        if self.measure == "nps":
            return sentence(
                "The weighted Net Promoter Score of those who answered is {value}."
                if weighted
                else "The Net Promoter Score of those who answered is {value}.",
                value=number(words["nps"]),
            )
        if self.measure == "mean":
            low, high = ratings.scale
            return sentence(
                "“{label}” averages {mean} on a scale from {low} to {high} (weighted); {share} answer {from_} or more."
                if weighted
                else "“{label}” averages {mean} on a scale from {low} to {high}; {share} answer {from_} or more.",
                label=ratings.outcome_label,
                mean=number(words["mean"]),
                low=number(low),
                high=number(high),
                share=percent(words["top_two"]),
                from_=number(low + TOP_TWO * (high - low)),
            )
        return sentence(
            "{value} of those who answered give “{label}” the top score (weighted); the mean is {mean}."
            if weighted
            else "{value} of those who answered give “{label}” the top score; the mean is {mean}.",
            value=percent(words["top_box"]),
            label=ratings.outcome_label,
            mean=number(words["mean"]),
        )


def outcome_level(ratings: Ratings, *, confidence: float, response_ratio: float, random_seed: int) -> OutcomeLevel:
    """Measures of the outcome, for everyone and by each of the ways to split people.

    Parameters
    ----------
    ratings
        The answers; groups too small to show are lumped together.
    confidence
        Level of every interval.
    response_ratio
        At least 1, see `OutcomeLevel`.
    random_seed
        Fixes the bootstrap.

    Notes
    -----
    The Bayesian bootstrap (Rubin 1981) with survey weights inside: each draw weights answers by exponential variates
    times their weights, so that uneven weights widen intervals and their unit does not matter; all answers of one
    customer by the same variate, and with replicate weights by variates of their variance (`Design.multipliers`).

    Half an answer is added at either end of the scale (Jeffreys' prior of a share), of the size of an answer among as
    many equal ones as the weights are worth: a group of which all agree has an interval, too, as has a top answer that
    nobody gave.
    """
    measures, scores = scorings(ratings.points, ratings.scale, is_nps=ratings.is_nps)
    rng = np.random.default_rng(random_seed)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = np.array(ratings.scale, dtype=float)
    end_scores = scorings(ends, ratings.scale, is_nps=ratings.is_nps)[1]
    frames = []

    def add(segment: str, group: str, where: np.ndarray) -> None:
        masses, more = _level_masses(ratings, where, rng)
        drawn = (masses @ scores.T + more @ end_scores.T) / (masses.sum(1) + more.sum(1))[:, None]
        weighted = np.bincount(ratings.levels[where], weights=ratings.weights[where], minlength=len(ratings.points))
        # Frequency weights count people: without them nobody would be asked about, but rows of a file.
        copies = None if ratings.weighting != "frequency" else ratings.weights[where]
        plain = np.bincount(ratings.levels[where], weights=copies, minlength=len(ratings.points))
        estimate = scores @ weighted / weighted.sum()
        lower, upper = np.quantile(drawn, tails, axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "segment": segment,
                    "group": group,
                    "n": ratings.people(where),
                    "measure": measures,
                    "estimate": estimate,
                    "lower": np.minimum(lower, estimate),  # where all agree, the estimate is the end of what can be
                    "upper": np.maximum(upper, estimate),
                    "unweighted": scores @ plain / plain.sum(),
                }
            )
        )

    add("", sentence("all"), np.arange(len(ratings.levels)))
    for column, label in ratings.splits.items():
        levels = as_levels(ratings.table[column])
        groups = levels.map(lump_levels(levels, label=label, check=column)[0])
        for group in sorted(groups.unique()):
            add(label, group, np.flatnonzero(groups == group))
    masses, more = _level_masses(ratings, np.arange(len(ratings.levels)), rng)
    seen, assumed = readiness(ratings), np.log(response_ratio) / TENTH
    if seen is not None and not seen.says_more_than(assumed, _reach(confidence)):
        seen = None
    drawn = rng.normal(seen.slope, seen.error, len(masses)) if seen else np.full(len(masses), assumed)
    everybody = [
        corrected(
            np.column_stack([masses, more]),
            np.concatenate([ratings.points, ends]),
            np.concatenate([scores[0], end_scores[0]]),
            slope,
        )
        for slope in ((drawn, LASTING_TO_DAY * drawn) if seen else (drawn, -drawn))
    ]
    low, high = np.minimum(*everybody), np.maximum(*everybody)
    return OutcomeLevel(
        ratings=ratings,
        confidence=confidence,
        measures=measures,
        table=pd.concat(frames, ignore_index=True),
        range=(float(np.quantile(low, tails[0])), float(np.quantile(high, tails[1]))),
        response_ratio=response_ratio,
        readiness=seen,
    )


def _reach(confidence: float) -> float:
    """Standard errors on either side of an interval."""
    return float(ndtri((1 + confidence) / 2))


def _level_masses(ratings: Ratings, where: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(draws, K): weight of each level in each draw; and (draws, 2), what is added at the ends of the scale."""
    count = len(ratings.points)
    levels, weights = ratings.levels[where], ratings.weights[where]
    if ratings.design_weighting != "survey":
        masses = rng.gamma(np.bincount(levels, weights=weights, minlength=count) + 1e-12, size=(DRAWS, count))
        return masses, rng.gamma(0.5, size=(DRAWS, 2))
    masses, design = np.zeros((DRAWS, count)), ratings.design.subset(where)
    order = np.argsort(levels, kind="stable")
    bounds = np.searchsorted(levels[order], np.arange(count + 1))
    for draw in range(DRAWS):
        sums = np.concatenate([[0.0], np.cumsum((design.multipliers(len(levels), rng) * weights)[order])])
        masses[draw] = sums[bounds[1:]] - sums[bounds[:-1]]
    size = np.sum(weights**2) / np.sum(weights)  # of an answer, were there only as many as the weights are worth
    return masses, size * rng.gamma(0.5, size=(DRAWS, 2))
