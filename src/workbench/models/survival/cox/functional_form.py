"""Whether numbers enter the hazard as straight lines, and curves for those that do not."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check
from workbench.models.survival.cox.model import CoxModel, fit_cox
from workbench.models.survival.lifetimes.table import entry_of, validate_lifetimes
from workbench.statistics.multiplicity import holm
from workbench.statistics.risk_sets import risk_sets
from workbench.statistics.splines import KNOTS_AT, knots_of, spline_terms
from workbench.wording import inline, listing, number, sentence

MOST_TESTED = 50_000
"""Of more customers than this so many, drawn at random, are enough to see what is not linear."""
FINER = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Quantiles of the knots of the finer curve that a curve is tested against."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FunctionalForm:
    """How numbers enter.

    Attributes
    ----------
    model
        The model to go on with: numbers that are not linear enter as restricted cubic splines.
    table
        `covariate`, `label`, `before` (p-value of a straight line, after Holm's correction), `modelled_as`, `after`
        (the same of the form that is used: for a curve, against a finer one).
    aic_gain
        By how much Akaike's criterion falls with the curves; 0 where there are none.
    """

    model: CoxModel
    table: pd.DataFrame
    aic_gain: float

    def checks(self) -> tuple[Check, ...]:
        """Which numbers enter as splines, and whether these are enough."""
        if self.table.empty:
            return ()
        curved_model = self.table[self.table["modelled_as"] != _straight()]
        still = curved_model[curved_model["after"] < 0.05]
        said = {
            "all": number(len(self.table)),
            "count": number(len(curved_model)),
            "gain": number(self.aic_gain, 2),
            "labels": listing([inline(label) for label in curved_model["label"]]),
            "still": listing([inline(label) for label in still["label"]]),
        }
        message = (
            sentence(
                "{count} of {all} numbers do not act in a straight line ({labels}): they enter as curves (restricted "
                "cubic splines, AIC {gain} lower).",
                **said,
            )
            if len(curved_model)
            else sentence("All {all} numbers fit a straight line.", **said)
        )
        message += sentence(" A finer curve would fit {still} better.", **said) if len(still) else ""
        return (
            Check(
                name="functional_form",
                status="warn" if len(still) else "pass",
                title=sentence("A finer curve would fit better" if len(still) else "How numbers enter the model"),
                message=message,
                value=len(curved_model),
            ),
        )

    def exhibits(self) -> Iterator[Showable]:
        """Which numbers enter as splines, and the tests before and after."""
        yield self.checks()
        if len(self.table):
            yield Table(
                name="functional_form",
                frame=self.table,
                caption=self.caption(),
                people=None,
                columns={
                    "label": Column(sentence("attribute")),
                    "before": Column(sentence("p before"), "p"),
                    "modelled_as": Column(sentence("modelled as")),
                    "after": Column(sentence("p after"), "p"),
                },
            )

    def caption(self) -> str:
        """What the table says."""
        return sentence(
            "Whether numbers go with the hazard in a straight line (score tests after Holm's correction), what was "
            "done, "
            "and the test against a finer curve after it."
        )


def functional_form(
    model: CoxModel, lifetimes: pd.DataFrame, *, random_seed: int, level: float = 0.05
) -> FunctionalForm:
    """Let numbers that do not enter as straight lines enter as curves.

    The rule: where the score test against a natural spline (four knots) rejects the line at `level` after Holm's
    correction over all numbers, and Akaike's criterion of the model with all these curves is lower, they are curves.

    Parameters
    ----------
    model
        As of `fit_cox`; one that is not usable is returned as it is.
    lifetimes
        The rows of its fit.
    random_seed
        Draws the customers of the tests where there are more than `MOST_TESTED`.
    level
        Of the test, for all numbers together.

    References
    ----------
    Harrell (2015), sections 2.4.4 and 20.5; Rao (1948).
    """
    columns = ["covariate", "label", "before", "modelled_as", "after"]
    unchanged = FunctionalForm(model=model, table=pd.DataFrame(columns=columns), aic_gain=0.0)
    if not model.usable or "weight" in lifetimes.columns:  # score tests hold for equal weights
        return unchanged
    used = validate_lifetimes(lifetimes)
    tested = sample(used, MOST_TESTED, random_seed)
    before = _tests(model, tested, KNOTS_AT)
    if before.empty:
        return unchanged
    curved = before["covariate"][before["p_value_holm"] < level].tolist()
    terms = {term.covariate: term for term in model.design.terms}
    knots = {name: knots_of(terms[name].filled(used[name])) for name in curved}
    curved_model, gain = model, 0.0
    if knots:
        curved_model = fit_cox(
            lifetimes,
            [term.covariate for term in model.design.terms],
            confidence=model.confidence,
            time_unit=model.time_unit,
            design=model.design.with_splines(knots),
            straight=model,
        )
        more = len(curved_model.coefficients) - len(model.coefficients)
        gain = 2 * (curved_model.log_likelihood - model.log_likelihood - more)
        if not curved_model.usable or gain <= 0:
            curved_model, gain, knots = model, 0.0, {}
    table = before.rename(columns={"p_value_holm": "before"})
    table["modelled_as"] = [
        sentence("curve (restricted cubic spline, 4 knots)") if name in knots else _straight()
        for name in table["covariate"]
    ]
    table["after"] = table["before"].astype(float)
    if knots:
        finer = _tests(curved_model, tested, FINER).set_index("covariate")["p_value_holm"]
        bent = table["covariate"].isin(list(knots))
        table.loc[bent, "after"] = table.loc[bent, "covariate"].map(finer).astype(float)
    return FunctionalForm(model=curved_model, table=table[columns], aic_gain=gain)


def sample(rows: pd.DataFrame, most: int, random_seed: int) -> pd.DataFrame:
    """All rows, or so many at random in their order.

    Parameters
    ----------
    rows
        Of any table.
    most
        How many at most.
    random_seed
        Of the draw.
    """
    if len(rows) <= most:
        return rows
    return rows.iloc[np.sort(np.random.default_rng(random_seed).choice(len(rows), most, replace=False))]


def _straight() -> str:
    return sentence("none: a straight line")


def _tests(model: CoxModel, rows: pd.DataFrame, quantiles: tuple[float, ...]) -> pd.DataFrame:
    """Score tests of further spline terms of each number, given the fitted coefficients."""
    matrix = model.design.encode(rows)
    width, extra, owners, labels = matrix.shape[1], [], [], {}
    used = {covariate for covariate, _ in model.design.columns}
    for term in model.design.terms:
        if term.is_category or term.covariate not in used:
            continue
        values = term.filled(rows[term.covariate])
        knots = knots_of(values, quantiles)
        if not knots:
            continue
        columns = spline_terms(values, knots)
        columns = columns[:, columns.std(axis=0) > 0]
        extra.append(columns / columns.std(axis=0))
        owners += [term.covariate] * columns.shape[1]
        labels[term.covariate] = term.label
    empty = pd.DataFrame(columns=["covariate", "label", "p_value", "p_value_holm"])
    if not owners:
        return empty
    scale = matrix.std(axis=0)
    scale[scale == 0] = 1.0  # a rare level that is not in the sample
    whole = np.hstack([matrix / scale, *extra])
    coefficients = np.append(model.coefficients["coefficient"].to_numpy(dtype=float) * scale, np.zeros(len(owners)))
    sums = risk_sets(
        rows["duration"].to_numpy(), rows["event"].to_numpy(), whole, coefficients, entry=entry_of(rows), scaled=False
    )
    score, information = sums.residuals.sum(axis=0), sums.information
    inverse = np.linalg.pinv(information[:width, :width])
    found = []
    for covariate, label in labels.items():
        own = width + np.flatnonzero(np.array(owners) == covariate)
        cross = information[np.ix_(own, range(width))]
        variance = information[np.ix_(own, own)] - cross @ inverse @ cross.T
        # On a sample the score of the model's own columns is not 0: it is taken off.
        pull = score[own] - cross @ inverse @ score[:width]
        statistic = float(pull @ np.linalg.pinv(variance, rcond=1e-9, hermitian=True) @ pull)
        freedom = int(np.linalg.matrix_rank(variance, tol=1e-9 * np.abs(information[np.ix_(own, own)]).max())) or 1
        found.append((covariate, label, float(chi2.sf(statistic, freedom))))
    table = pd.DataFrame(found, columns=["covariate", "label", "p_value"])
    return table.assign(p_value_holm=holm(table["p_value"].to_numpy(dtype=float)))
