"""Where the outcome stands: NPS, top box and mean, weighted and not, by segment, and under doubt about who answered."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtri

from workbench.findings import Finding
from workbench.models.drivers.model.what_if import scorings
from workbench.models.drivers.responses.nonresponse import OF_TODAY, TENTH, Readiness, corrected, readiness
from workbench.models.drivers.responses.ratings import TOP_TWO, Ratings
from workbench.models.levels import as_levels, lump_levels
from workbench.wording import number, percent, sentence

DRAWS = 2000
UNITS = {"nps": "points", "top_box": "share", "top_two": "share", "mean": "scale points"}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcomeLevel:
    """The outcome's measures as posteriors.

    Attributes
    ----------
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
        return self.measures[0]

    @cached_property
    def everyone(self) -> pd.DataFrame:
        """Rows of the table about everyone, by measure."""
        return self.table[self.table["segment"] == ""].set_index("measure")

    def metrics(self) -> dict[str, float]:
        """`nps`, `nps_lower`, `nps_upper` of a recommendation; else `top_box` and `mean`, or `mean` and `top_two`."""
        rows = self.everyone
        if self.measure == "nps":
            row = rows.loc["nps"]
            return {"nps": row["estimate"], "nps_lower": row["lower"], "nps_upper": row["upper"],
                    "nps_unweighted": row["unweighted"]}  # fmt: skip
        return {name: rows.loc[name, "estimate"] for name in self.measures}

    def wide(self) -> pd.DataFrame:
        """One row a group: `segment`, `group`, `n`, and of each measure its estimate, `<measure>_lower`,
        `<measure>_upper` and `<measure>_unweighted`.
        """
        frame = self.table[self.table["measure"] == self.measure][["segment", "group", "n"]].reset_index(drop=True)
        for measure in self.measures:
            rows = self.table[self.table["measure"] == measure].reset_index(drop=True)
            for of in ("estimate", "lower", "upper", "unweighted"):
                frame[measure if of == "estimate" else f"{measure}_{of}"] = rows[of]
        return frame

    def finding(self) -> Finding:
        """Where the outcome stands, and how far doubt about who answered may move it."""
        row = self.everyone.loc[self.measure]
        show = percent if UNITS[self.measure] == "share" else number
        statement = sentence(
            "{what} {doubt}",
            what=self._stands(),
            doubt=self._doubt(show(self.range[0]), show(self.range[1])),
        )
        return Finding(
            id="outcome_level",
            statement=statement,
            estimate=float(row["estimate"]),
            unit=UNITS[self.measure],
            interval=(float(row["lower"]), float(row["upper"])),
            interval_kind=sentence("{level} credible (Bayesian bootstrap)", level=percent(self.confidence)),
            evidence="descriptive",
            n=self.ratings.n,
            table="outcome_level",
        )

    def _doubt(self, low: str, high: str) -> str:
        """How far the outcome of all who were asked may lie from that of those who answered."""
        if self.readiness is None:
            return sentence(
                "These data do not show who answers. If the most satisfied tenth were up to {ratio} times as likely to "
                "answer as the least satisfied tenth, or the reverse, it is between {low} and {high} among all who "
                "were asked.",
                ratio=number(self.response_ratio),
                low=low,
                high=high,
            )
        least, most = self.readiness.ratios(_reach(self.confidence))
        template = (
            "Unanswered invitations show that the most satisfied tenth answers {least} to {most} times as readily as "
            "the least satisfied tenth: among all who were asked it is between {low} and {high}."
            if self.readiness.of_invitations
            else "Repeated answers show that the most satisfied tenth answers {least} to {most} times as readily as "
            "the least satisfied tenth: among all who were asked it is between {low} and {high}."
        )
        return sentence(template, least=number(least, 2), most=number(most, 2), low=low, high=high)

    def _stands(self) -> str:
        rows, ratings = self.everyone["estimate"], self.ratings
        weighted = ratings.weighting == "survey"
        if self.measure == "nps":
            template = (
                "The weighted Net Promoter Score of those who answered is {value}."
                if weighted
                else "The Net Promoter Score of those who answered is {value}."
            )
            return sentence(template, value=number(rows["nps"]))
        if self.measure == "mean":
            low, high = ratings.scale
            template = (
                "“{label}” averages {mean} on a scale from {low} to {high} (weighted); {share} answer {from_} or more."
                if weighted
                else "“{label}” averages {mean} on a scale from {low} to {high}; {share} answer {from_} or more."
            )
            return sentence(
                template, label=ratings.outcome_label, mean=number(rows["mean"]), low=number(low), high=number(high),
                share=percent(rows["top_two"]), from_=number(low + TOP_TWO * (high - low)),
            )  # fmt: skip
        template = (
            "{value} of those who answered give “{label}” the top score (weighted); the mean is {mean}."
            if weighted
            else "{value} of those who answered give “{label}” the top score; the mean is {mean}."
        )
        return sentence(
            template, value=percent(rows["top_box"]), label=ratings.outcome_label, mean=number(rows["mean"])
        )


def outcome_level(
    ratings: Ratings, segments=(), *, labels=None, confidence: float, response_ratio: float, random_seed: int
) -> OutcomeLevel:
    """Measures of the outcome, for everyone and by segment.

    Parameters
    ----------
    segments
        Columns of `ratings.table` to split by; groups too small to show are gathered.
    response_ratio
        At least 1, see `OutcomeLevel`.

    Notes
    -----
    The Bayesian bootstrap (Rubin 1981) with survey weights inside: each draw weights answers by exponential variates
    times their weights, so that uneven weights widen intervals and their unit does not matter; all answers of one
    customer by the same variate, and with replicate weights by variates of their variance (`Design.multipliers`).

    Half an answer is added
    at either end of the scale (Jeffreys' prior of a share), of the size of an answer among as many equal ones as the
    weights are worth: a group of which all agree has an interval, too, as has a top answer that nobody gave.
    """
    labels = labels or {}
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
    for segment in segments:
        levels = as_levels(ratings.table[segment])
        names, _ = lump_levels(levels, label=labels.get(segment, segment), check=segment)
        shown = levels.map(names)
        for group in sorted(shown.unique()):
            add(labels.get(segment, segment), group, np.flatnonzero(shown == group))
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
        for slope in ((drawn, OF_TODAY * drawn) if seen else (drawn, -drawn))
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
