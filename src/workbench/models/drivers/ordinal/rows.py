"""What the likelihood sees and what is believed before it: rows, priors, and the layout of all parameters."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import helmert

from workbench.models.drivers.ordinal.likelihood import kernel, log_likelihood_by_cut
from workbench.models.drivers.ordinal.links import LOGIT, Link
from workbench.models.drivers.responses.survey_design import Design

Draws = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Coefficients (…, S, C), intercepts (…, S), cuts (…, K − 1) and shifts (…, K − 1, P) of draws, or of one point."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What the likelihood sees: see `likelihood.log_likelihood`, plus the number of levels.

    Attributes
    ----------
    varying
        Bool (C,): columns whose coefficients differ by segment.
    link
        Distribution of the latent noise.
    control
        Bool (C,): columns that belong to no driver (levels of groups and waves, the mood): their prior is
        `Prior.control`. None: there are none.
    by_cut
        Int64 (P,): columns whose effects differ by cut.
    blocks
        (K − 1, B): how they differ: at each cut, blocks @ (B numbers of a column) is added to its coefficient.
    design
        How rows were drawn; None: independently of each other.
    """

    columns: np.ndarray
    levels: np.ndarray
    weights: np.ndarray
    starts: np.ndarray
    count: int
    varying: np.ndarray
    link: Link = LOGIT
    control: np.ndarray | None = None
    by_cut: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    blocks: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    design: Design | None = None

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return len(self.starts) - 1

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Columns, levels, weights and starts, as the likelihood takes them."""
        return self.columns, self.levels, self.weights, self.starts

    @property
    def of_no_driver(self) -> np.ndarray:
        """Bool (C,): `control`, also where there are none."""
        return np.zeros(self.columns.shape[1], dtype=bool) if self.control is None else self.control

    @property
    def group(self) -> np.ndarray:
        """Int64 (n,): segment of each row."""
        return np.repeat(np.arange(self.segments), np.diff(self.starts))

    @property
    def cut_effects(self) -> int:
        """P × B: parameters by which effects differ by cut; the last of all parameters."""
        return len(self.by_cut) * self.blocks.shape[1] if len(self.by_cut) else 0

    def log_likelihood(
        self,
        coefficients: np.ndarray,
        intercepts: np.ndarray,
        cuts: np.ndarray,
        shifts: np.ndarray | None = None,
    ) -> tuple[Any, ...]:
        """Value and gradients, see `likelihood.log_likelihood`; with shifts `log_likelihood_by_cut`.

        Parameters
        ----------
        coefficients, intercepts, cuts, shifts
            One point, as of `Draws`.
        """
        if not len(self.by_cut):
            return kernel(self.link.is_probit)(*self.data, coefficients, intercepts, cuts)
        compiled: Any = log_likelihood_by_cut
        return compiled(
            self.link.is_probit, *self.data, coefficients, intercepts, cuts, self.by_cut, np.ascontiguousarray(shifts)
        )

    def shifts(self, cut_effects: np.ndarray) -> np.ndarray:
        """(…, K − 1, P): what is added to coefficients of `by_cut` columns at each cut.

        Parameters
        ----------
        cut_effects
            (…, P × B): parameters.
        """
        if not len(self.by_cut):
            return np.zeros((*cut_effects.shape[:-1], self.count - 1, 0))
        each = cut_effects.reshape(*cut_effects.shape[:-1], len(self.by_cut), self.blocks.shape[1])
        return np.einsum("kb,...pb->...kp", self.blocks, each)

    @cached_property
    def maps(self) -> np.ndarray:
        """(S, K − 1 + C + 1 + P × B, Q): from all parameters to those of each segment.

        These are its cuts, coefficients, intercept and effects by cut.

        Parameters are cuts (K − 1), shared effects (C); with several segments, what each adds to the varying effects
        (S × V) and contrasts of their levels (S − 1), which add up to nothing: cuts are those of the average; and last
        the effects by cut (P × B).
        """
        cuts, width, many, cut_effects = self.count - 1, self.columns.shape[1], self.segments, self.cut_effects
        varying = np.flatnonzero(self.varying)
        extra = many * len(varying) + many - 1 if many > 1 else 0
        contrasts = level_contrasts(many)
        maps = np.zeros((many, cuts + width + 1 + cut_effects, cuts + width + extra + cut_effects))
        for s in range(many):
            maps[s, np.arange(cuts + width), np.arange(cuts + width)] = 1
            maps[s, cuts + width + 1 + np.arange(cut_effects), cuts + width + extra + np.arange(cut_effects)] = 1
            if many > 1:
                first = cuts + width + s * len(varying)
                maps[s, cuts + varying, first + np.arange(len(varying))] = 1
                levels = cuts + width + many * len(varying)
                maps[s, cuts + width, levels : levels + many - 1] = contrasts[s]
        return maps


def level_contrasts(segments: int) -> np.ndarray:
    """(S, S − 1): an orthonormal basis of levels that add up to nothing.

    Parameters
    ----------
    segments
        How many there are.
    """
    return helmert(segments).T if segments > 1 else np.zeros((1, 0))


@dataclass(frozen=True, kw_only=True)
class Prior:
    """What is believed before the data; every scale is in log-odds, or in the unit of another link (`on`).

    Attributes
    ----------
    effect
        Standard deviation of the whole linear predictor if drivers were uncorrelated: each of D drivers gets
        effect / √D for one standard deviation of its rating. None: flat, also for the cut points.
    cut_location
        Centre of the cut points' prior, sorted variates of the noise's distribution. At 0 all shares of levels would be
        equally likely; answers of customers lean to the top, so it lies below.
    segment_effect, segment_level
        Standard deviation of what a segment adds to an effect and to the level: means of Gamma(2) priors, which keep
        away from 0 (Chung et al. 2013).
    control
        Standard deviation of a difference of levels between other groups or waves, and of the effect of a person's
        mood. Wide and not estimated: levels that are drawn together let differences *between* groups back into the
        effects of drivers (Mundlak 1978; Bell, Jones 2015), which levels are there to take out.
    """

    effect: float | None = 2.0
    cut_location: float = -1.0
    segment_effect: float = 0.2
    segment_level: float = 0.3
    control: float = 2.0

    def effect_sd(self, drivers: int) -> float:
        """Prior standard deviation of one driver's effect; infinite with a flat prior.

        Parameters
        ----------
        drivers
            How many there are.
        """
        return np.inf if self.effect is None else self.effect / np.sqrt(drivers)

    def column_sds(self, rows: "Rows", drivers: int) -> np.ndarray:
        """(C,): prior standard deviations of the columns' shared coefficients.

        Parameters
        ----------
        rows
            With the columns.
        drivers
            How many drivers they belong to.
        """
        sds = np.full(rows.columns.shape[1], self.effect_sd(drivers))
        return np.where(rows.of_no_driver, self.control, sds)

    def on(self, link: Link) -> "Prior":
        """The same beliefs, said in log-odds, in the unit of a link: as wide beside its noise as beside a logit's.

        Parameters
        ----------
        link
            The link.
        """
        names = ("cut_location", "segment_effect", "segment_level", "control")
        scaled = {name: getattr(self, name) * link.unit for name in names}
        return replace(self, effect=None if self.effect is None else self.effect * link.unit, **scaled)


def by_segment(rows: Rows, parameters: np.ndarray) -> Draws:
    """Coefficients, intercepts, cuts and shifts by segment.

    Parameters
    ----------
    rows
        With the layout, see `Rows.maps`.
    parameters
        (…, Q).
    """
    cuts = rows.count - 1
    width = rows.columns.shape[1]
    varying = np.flatnonzero(rows.varying)
    shared = parameters[..., None, cuts : cuts + width]
    coefficients = np.repeat(shared, rows.segments, axis=-2)
    intercepts = np.zeros((*parameters.shape[:-1], rows.segments))
    if rows.segments > 1:
        first = cuts + width
        levels = first + rows.segments * len(varying)
        added = parameters[..., first:levels]
        coefficients[..., varying] += added.reshape(*parameters.shape[:-1], rows.segments, len(varying))
        intercepts = parameters[..., levels : levels + rows.segments - 1] @ level_contrasts(rows.segments).T
    return (
        np.ascontiguousarray(coefficients),
        np.ascontiguousarray(intercepts),
        parameters[..., :cuts].copy(),
        rows.shifts(parameters[..., parameters.shape[-1] - rows.cut_effects :]),
    )


def subset(rows: Rows, kept: np.ndarray) -> Rows:
    """The rows of a mask; segments stay, even those left empty.

    Parameters
    ----------
    rows
        All rows.
    kept
        Bool (n,).
    """
    group = rows.group[kept]
    return replace(
        rows,
        columns=np.ascontiguousarray(rows.columns[kept]),
        levels=rows.levels[kept],
        weights=rows.weights[kept],
        starts=np.searchsorted(group, np.arange(rows.segments + 1)),
        design=None if rows.design is None else rows.design.subset(kept),
    )
