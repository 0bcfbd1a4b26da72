"""How many of those who would leave stay when they are contacted: a Beta distribution, learned from trials."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from workbench.errors import ParameterError
from workbench.findings import Check, Status
from workbench.wording import number, percent, sentence

GRID = 400
"""Points of each axis on which the posterior is summed: far finer than any posterior of fewer than a million calls."""
MORE_LEFT = 0.05
"""From this one-sided p-value on, contacts are said to have driven customers away."""


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Share of those who would leave that a contact keeps.

    Attributes
    ----------
    alpha, beta
        Of a Beta distribution, both above 0: as if `alpha` of `alpha + beta` had been kept.
    checks
        What the trial says against it.
    of
        Customers of trials that it was learned from, in each round anew; 0 where it is assumed.
    days
        For how many each was watched; 0 where that is not known.
    """

    alpha: float
    beta: float
    checks: tuple[Check, ...] = ()
    of: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        if not (self.alpha > 0 and self.beta > 0):
            raise ParameterError(
                sentence(
                    "Acceptance: got Beta({alpha}, {beta}), expected two numbers above 0.",
                    alpha=number(self.alpha),
                    beta=number(self.beta),
                )
            )

    @property
    def mean(self) -> float:
        """Expected share."""
        return self.alpha / (self.alpha + self.beta)

    def draws(self, count: int, random: np.random.Generator) -> np.ndarray:
        """Shares (count,) as likely as the distribution has them.

        Parameters
        ----------
        count
            How many.
        random
            Draws.
        """
        return random.beta(self.alpha, self.beta, count)

    def interval(self, level: float = 0.90) -> tuple[float, float]:
        """Equal tails.

        Parameters
        ----------
        level
            Of the interval, from 0 to 1.
        """
        low, high = stats.beta(self.alpha, self.beta).ppf([(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def updated(self, *, called: int, called_left: int, others: int, others_left: int) -> "Acceptance":
        """What is known after a trial in which chance decided who was called.

        Parameters
        ----------
        called, called_left
            Customers who were called, and how many of them left all the same.
        others, others_left
            Customers who were not, and how many of them left.

        Returns
        -------
        Acceptance
            The Beta distribution with the mean and variance of the posterior. Of those not called a share q leaves, of
            those called q (1 - acceptance), with q anywhere from 0 to 1 beforehand. A check warns where so many more
            of the called left that calls may drive customers away, which no acceptance from 0 to 1 describes.

        Raises
        ------
        ParameterError
            Counts that cannot be.
        """
        if not (0 <= called_left <= called and 0 <= others_left <= others and called and others):
            raise ParameterError(
                sentence(
                    "Trial: got {left} of {called} called and {others_left} of {others} others who left; expected at "
                    "least one customer in each group and no more leavers than customers.",
                    left=number(called_left), called=number(called),
                    others_left=number(others_left), others=number(others),
                )
            )  # fmt: skip
        share = (np.arange(GRID) + 0.5) / GRID
        kept, leaving = share[:, None], self._leaving(others, others_left)
        left = leaving * (1 - kept)
        log_posterior = (
            stats.beta.logpdf(kept, self.alpha, self.beta)
            + stats.binom.logpmf(others_left, others, leaving)
            + called_left * np.log(left)
            + (called - called_left) * np.log1p(-left)
        )
        weight = np.exp(log_posterior - logsumexp(log_posterior)).sum(1)
        mean = float(weight @ share)
        variance = float(weight @ (share - mean) ** 2)
        size = mean * (1 - mean) / variance - 1
        checks = self._harm(called, called_left, others, others_left)
        return Acceptance(alpha=mean * size, beta=(1 - mean) * size, checks=checks)

    def after(self, calls: Iterable[Mapping[str, int]]) -> "Acceptance":
        """What is known after several trials, one after the other; any that drove customers away is told.

        Parameters
        ----------
        calls
            Of each trial `called`, `called_left`, `others` and `others_left`, as `updated` takes them, and perhaps the
            `days` that each customer was watched.
        """
        found = self
        for each in calls:
            known = found.updated(**{name: count for name, count in each.items() if name != "days"})
            harm = [check for check in (*found.checks, *known.checks) if check.status == "warn"] or known.checks
            of = found.of + each["called"] + each["others"]
            found = Acceptance(
                alpha=known.alpha, beta=known.beta, checks=tuple(harm[:1]), of=of, days=each.get("days", 0)
            )
        return found

    def exhibits(self) -> Iterator[Check]:
        """What share of those who would leave a contact keeps, and whether that was assumed or learned."""
        low, high = (percent(end) for end in self.interval())
        words = {"share": percent(self.mean), "low": low, "high": high, "of": number(self.of)}
        learned = (
            sentence(
                "A contact keeps {share} of those who would leave (90% {low} to {high}): what was assumed, after {of} "
                "customers whom chance let be called or not, each watched for {days} days.",
                **words,
                days=number(self.days),
            )
            if self.days
            else sentence(
                "A contact keeps {share} of those who would leave (90% {low} to {high}): what was assumed, after {of} "
                "customers whom chance let be called or not.",
                **words,
            )
        )
        yield Check(
            name="acceptance",
            status="pass",
            value=self.mean,
            message=learned
            if self.of
            else sentence(
                "A contact is assumed to keep {share} of those who would leave (90% {low} to {high}): no randomised "
                "call tells.",
                **words,
            ),
            title=sentence("What contacts keep is learned") if self.of else sentence("What contacts keep is assumed"),
        )
        yield from self.checks

    def _leaving(self, others: int, others_left: int) -> np.ndarray:
        """Equally likely shares of leavers, given those who were not called: flat in their posterior's quantiles."""
        posterior = stats.beta(others_left + 1, others - others_left + 1)
        low, high = posterior.ppf([1e-9, 1 - 1e-9])
        return low + (np.arange(GRID) + 0.5) / GRID * (high - low)

    def _harm(self, called: int, called_left: int, others: int, others_left: int) -> tuple[Check, ...]:
        table = [[called_left, called - called_left], [others_left, others - others_left]]
        p = float(stats.fisher_exact(table, alternative="greater").pvalue)
        harmful = p < MORE_LEFT
        rates = {"called": percent(called_left / called), "others": percent(others_left / others)}
        message = (
            sentence(
                "{called} of the customers who were called left, {others} of the others: calls may drive customers "
                "away. Don't call before this is understood.",
                **rates,
            )
            if harmful
            else sentence(
                "{called} of the customers who were called left, {others} of the others: no sign that calls drive "
                "customers away.",
                **rates,
            )
        )
        title = sentence("Calls may drive customers away") if harmful else sentence("Calls drive nobody away")
        status: Status = "warn" if harmful else "pass"
        return (Check(name="calls_harm", status=status, message=message, title=title, value=p, threshold=MORE_LEFT),)
