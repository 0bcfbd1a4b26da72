"""The difference between arms of units: t over units, wild bootstrap among few, permutation among very few."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np

from workbench.errors import DataError
from workbench.models.trials.estimates.estimate import Estimate, from_error
from workbench.models.trials.estimates.sample import Sample
from workbench.models.trials.units.means import Units, read_units
from workbench.wording import number, sentence

FEW_UNITS = 20
"""Below, t over units leans on units being normal: the wild bootstrap (Cameron, Gelbach and Miller 2008) does not."""
VERY_FEW_UNITS = 10
"""Below, the wild bootstrap has too few distinct signs (Webb 2023): arms are dealt anew instead."""
DRAWS = 1999
"""Of the bootstrap, and of permutations where all are more: a p-value of 0.05 is off by 0.005."""
WEBB = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
"""Webb's (2023) six points: mean 0 and variance 1, and more distinct draws than two signs have."""
HALVINGS = 40
"""Of the distance in which an end of the interval lies: to a millionth of a millionth of it."""
FARTHEST = 50.0
"""Standard errors from the estimate at which an interval counts as without end."""


def of_units(sample: Sample, *, confidence: float = 0.9, random_seed: int = 0) -> Estimate:
    """The effect on a customer, with an interval that knows that units were dealt.

    Parameters
    ----------
    sample
        With `unit`; rows without outcome are left out.
    confidence
        Level of the interval, between 0 and 1.
    random_seed
        Of the bootstrap and of permutations.

    Returns
    -------
    Estimate
        The difference of means of units by their customers (adjusted for strata and, with enough units, for what was
        known before), with t over units: degrees of freedom are units − 2, less one for each further column, and fewer
        where few units have most customers; of arms that do not have as many units the error is that of each arm by
        itself (HC2), with Satterthwaite's: of units of one size it is then Welch's test. With fewer than `FEW_UNITS`
        units its interval and p-value are those of the wild bootstrap under the null hypothesis, inverted; with fewer
        than `VERY_FEW_UNITS` those of all ways to deal the arms, inverted (without end where there are too few ways).

    Raises
    ------
    DataError
        The sample says why no effect can be told; or the units of an arm are fewer than two once strata with one arm
        are left out.

    References
    ----------
    Donner and Klar (2000), chapter 5; Cochran (1977), section 9A.1, on ratios to size; Bell and McCaffrey (2002), Bias
    reduction in standard errors for linear regression with multi-stage samples, on HC2; Cameron, Gelbach and Miller
    (2008), Bootstrap-based improvements for inference with clustered errors; Ernst (2004), Permutation methods, on
    intervals by inversion; Imbens and Kolesár (2016), Robust standard errors in small samples, on t beside them.

    Examples
    --------
    >>> values = np.array([1.0, 2, 3, 4, 5, 7])
    >>> treated = np.array([False, False, False, True, True, True])
    >>> found = of_units(Sample(values=values, treated=treated, unit=np.arange(6)))
    >>> round(found.estimate, 3), round(found.se, 3), found.df, found.p_value, found.kind
    (3.333, 1.054, 4.0, 0.1, 'permutation')
    """
    used = sample.usable()
    units = read_units(used)
    if min(units.treated.sum(), (~units.treated).sum()) < 2 or units.df < 1:
        raise DataError(
            sentence(
                "Too few units to compare: {treated} treated and {control} control units are left within strata that "
                "have both, expected two of each.",
                treated=number(int(units.treated.sum())),
                control=number(int((~units.treated).sum())),
            )
        )
    found = _by_t(units, sample, used, confidence)
    if len(units.values) >= FEW_UNITS or not found.se > 0:
        return found
    generator = np.random.default_rng(random_seed)
    few = len(units.values) < VERY_FEW_UNITS
    p_of = _permuted(units, generator) if few else _wild(units, generator)
    lower, upper = (_end(p_of, found, 1 - confidence, sign) for sign in (-1.0, 1.0))
    return replace(
        found,
        lower=min(lower, found.lower),
        upper=max(upper, found.upper),
        kind="permutation" if few else "wild_bootstrap",
        p_value=max(p_of(0.0), found.p_value),
    )


def among_placebos(sample: Sample, *, confidence: float = 0.9) -> Estimate:
    """The effect on the only treated unit: where it ranks among units that were not treated, taken as if they were.

    Parameters
    ----------
    sample
        With `unit`, one of them treated. Values are best changes since before: a unit's own level is then gone. Strata
        and what was known before are passed over.
    confidence
        Level of the interval, between 0 and 1.

    Returns
    -------
    Estimate
        What the treated unit has more than the mean of the others. The p-value is the share of units, itself included,
        that lie at least as far from the others: exact where chance could as well have chosen any of them, and times
        the units it is the rank. The interval holds what is not refused so (without end among fewer than
        1 / (1 − confidence) units). The standard error is that of a unit predicted from the others; degrees of freedom
        are units − 2.

    Raises
    ------
    DataError
        Another number of treated units than one, or fewer than three others.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), section 2.4, of placebo units; Fisher's (1935) exact test with one unit.

    Examples
    --------
    >>> values = np.array([5.0, 1, 2, 3, 4])
    >>> found = among_placebos(Sample(values=values, treated=values == 5, unit=np.arange(5)))
    >>> round(found.estimate, 9), found.p_value, found.kind
    (2.5, 0.4, 'placebo')
    """
    used = replace(sample, stratum=None, before=None)
    used = used.part(used.seen)
    units = read_units(used, alike=True) if used.treated.any() and not used.treated.all() else None
    treated = 0 if units is None else int(units.treated.sum())
    if units is None or treated != 1 or units.df < 2:
        raise DataError(
            sentence(
                "Expected one treated unit among at least three others, got {treated} treated and {control} others.",
                treated=number(treated),
                control=number(0 if units is None else int((~units.treated).sum())),
            )
        )
    found = _by_t(units, sample, used, confidence)
    p_of = _permuted(units, np.random.default_rng(0))
    ends = [_end(p_of, found, 1 - confidence, sign) if found.se > 0 else found.estimate for sign in (-1.0, 1.0)]
    return replace(found, lower=ends[0], upper=ends[1], kind="placebo", p_value=p_of(0.0))


def _by_t(units: Units, sample: Sample, used: Sample, confidence: float) -> Estimate:
    arm = units.residual(units.treated.astype(float))
    squares = float(arm @ arm)
    estimate, left = units.fitted()
    influence = np.zeros(len(sample.values))
    influence[np.flatnonzero(sample.seen)[units.row]] = arm * left / squares
    variance, df = _error(units, arm, left)
    control = float(np.average(units.values - estimate * units.treated, weights=units.weight))
    return from_error(
        estimate,
        variance**0.5,
        confidence=confidence,
        kind="units",
        df=df,
        n=int(used.counts.sum()),
        units=len(units.values),
        treated=control + estimate,
        control=control,
        influence=influence,
    )


def _error(units: Units, arm: np.ndarray, left: np.ndarray) -> tuple[float, float]:
    """Variance of the effect, and its degrees of freedom.

    Units of the smaller arm may differ more than those of the other, and count more: what they all have together says
    too little of it. Arms of one size (or a single unit, which has no error of its own) may be taken together.
    """
    squares = float(arm @ arm)
    treated = units.treated
    people = int(treated.sum()), int((~treated).sum())
    if abs(people[0] - people[1]) <= 1 or min(people) < 2:
        return float(left @ left) / units.df / squares, float(units.t_df)
    basis = np.column_stack([units.basis, arm / squares**0.5])
    spare = np.maximum(1 - (basis**2).sum(axis=1), 1e-9)
    weight = arm**2 / squares**2 / spare
    variance, degrees = [], []
    for own in (treated, ~treated):
        variance.append(float(weight[own] @ left[own] ** 2))
        shared = (basis[own] * weight[own, None]).T @ basis[own]
        scatter = float(weight[own] ** 2 @ (2 * spare[own] - 1)) + float((shared**2).sum())
        degrees.append(max(float(weight[own] @ spare[own]) ** 2 / scatter - units.lost(own), 1.0))
    total = sum(variance)
    if not total > 0:
        return 0.0, float(units.t_df)
    return total, total**2 / sum(v**2 / d for v, d in zip(variance, degrees, strict=True))


def _wild(units: Units, generator: np.random.Generator) -> Callable[[float], float]:
    """p-value of each effect: residuals under that effect, times Webb's points, give the distribution of t."""
    weights = generator.choice(WEBB, size=(DRAWS, len(units.values)))
    arm = units.residual(units.treated.astype(float))
    squares = float(arm @ arm)

    def squared(values: np.ndarray) -> np.ndarray:
        """t² of sets of residual values."""
        slope = values @ arm / squares
        left = (values**2).sum(axis=-1) - slope**2 * squares
        return slope**2 * squares / np.maximum(left / units.df, 1e-300)

    def p_of(effect: float) -> float:
        away = units.left(effect)
        drawn = squared(units.residual(weights * away))
        return float((1 + (drawn >= squared(away) * (1 - 1e-12)).sum()) / (1 + DRAWS))

    return p_of


def _permuted(units: Units, generator: np.random.Generator) -> Callable[[float], float]:
    """p-value of each effect: how many ways to deal the arms within strata give a difference as large."""
    dealt, whole = _ways(units, generator)
    people = int(units.treated.sum()), int((~units.treated).sum())
    by_arm = abs(people[0] - people[1]) > 1 and min(people) > 1 and units.design.shape[1] == 1
    apart = _welch if by_arm else _slopes(units)

    def p_of(effect: float) -> float:
        away = units.left(effect)
        seen = float(apart(units.treated[None], away)[0])
        as_large = int((apart(dealt, away) >= seen * (1 - 1e-9) - 1e-12).sum())
        return as_large / len(dealt) if whole else (1 + as_large) / (1 + len(dealt))

    return p_of


def _slopes(units: Units) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """How far apart arms are, (ways,), within strata and beside fitted columns."""

    def apart(dealt: np.ndarray, away: np.ndarray) -> np.ndarray:
        arms = units.residual(dealt.astype(float))
        return np.abs(arms @ away) / np.maximum((arms**2).sum(axis=1), 1e-300)

    return apart


def _welch(dealt: np.ndarray, away: np.ndarray) -> np.ndarray:
    """How many errors arms are apart, (ways,): then also units whose effects differ are refused about as said.

    References
    ----------
    Chung and Romano (2013), Exact and asymptotically robust permutation tests.
    """
    away = away - away.mean()
    means, squares = [], np.zeros(len(dealt))
    for arm in (dealt, ~dealt):
        size = arm.sum(axis=1)
        mean = arm @ away / size
        squares += np.maximum(arm @ away**2 / size - mean**2, 0.0) / (size - 1)
        means.append(mean)
    return np.asarray(np.abs(means[0] - means[1]) / np.sqrt(np.maximum(squares, 1e-300)))


def _ways(units: Units, generator: np.random.Generator) -> tuple[np.ndarray, bool]:
    """Ways to deal the arms within strata, (ways, units) bool, and whether these are all."""
    groups = [np.flatnonzero(units.stratum == each) for each in np.unique(units.stratum)]
    many = [comb(len(own), int(units.treated[own].sum())) for own in groups]
    if float(np.prod([float(each) for each in many])) > DRAWS:
        drawn = np.repeat(units.treated[None], DRAWS, axis=0)
        for own in groups:
            drawn[:, own] = generator.permuted(drawn[:, own], axis=1)
        return drawn, False
    ways = np.zeros((1, len(units.treated)), dtype=bool)
    for own in groups:
        chosen = list(combinations(own, int(units.treated[own].sum())))
        part = np.zeros((len(chosen), len(units.treated)), dtype=bool)
        for place, places in enumerate(chosen):
            part[place, list(places)] = True
        ways = (ways[:, None] | part[None]).reshape(-1, len(units.treated))
    return ways, True


def _end(p_of: Callable[[float], float], found: Estimate, alpha: float, sign: float) -> float:
    """The effect furthest from the estimate on one side that is not refused."""
    alpha += 1e-9  # 1 − .9 is a little below 2 of 20 ways
    inside, outside = found.estimate, found.estimate + sign * FARTHEST * found.se
    if p_of(outside) > alpha:
        return sign * np.inf
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if p_of(middle) > alpha:
            inside = middle
        else:
            outside = middle
    return outside
