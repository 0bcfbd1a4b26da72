"""Whether a drivers' model may be trusted: what it predicts, what simpler models lose, what its effects depend on."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import PercentFormatter

from workbench.exhibits import Column, Figure, Kept, Samples, Showable, Table
from workbench.models.drivers.model.driver_model import DriverModel
from workbench.wording import number, sentence

MOST_TICKS = 15  # numbers of two digits that stand beside each other on the axis
BAND = (0.005, 0.995)
"""Ends of the bands that a figure shows: 99 of 100 draws lie between."""


def diagnostics(model: DriverModel) -> Iterator[Showable]:
    """Predicted and observed answers, the comparison with simpler models, and how effects move with assumptions.

    Parameters
    ----------
    model
        A fitted model.
    """
    yield Figure(
        name="predictive",
        draw=partial(draw_predictive, model),
        title=sentence("Answers as predicted and as given"),
        alt=sentence("Bars of the shares of answers that the model predicts, with the observed shares as points."),
        caption=sentence("Posterior predictive distribution of the outcome."),
    )
    yield Table(
        name="comparison",
        frame=model.comparison(),
        caption=sentence("Expected log predictive density gained over simpler models (PSIS-LOO)."),
        people=None,
        columns={
            "model": Column(sentence("model")),
            "difference": Column(sentence("difference")),
            "standard_error": Column(sentence("standard error")),
        },
    )
    moves, checks = model.sensitivity()
    yield checks
    yield Table(
        name="sensitivity",
        frame=moves,
        caption=sentence(
            "How effects move with other priors, without people with missing ratings, and without levels of groups and "
            "waves, in posterior standard deviations."
        ),
        people=None,
        columns={
            "scenario": Column(sentence("scenario")),
            "label": Column(sentence("driver")),
            "effect": Column(sentence("effect")),
            "alternative": Column(sentence("alternative")),
            "shift": Column(sentence("shift")),
        },
    )


def effect_draws(model: DriverModel) -> Iterator[Showable]:
    """Draws of every effect, for studies that put money to them, and the whole posterior where it was sampled.

    Parameters
    ----------
    model
        A fitted model.
    """
    yield Kept(name="driver_effects", frame=model.effect_draws())
    if model.posterior.fits:
        yield samples(model)


def samples(model: DriverModel) -> Samples:
    """The posterior as ArviZ reads it; chains of the imputations stand one after the other.

    `point_effects` are those of which `driver_effects` has some draws: of one point of a rating. What is of segments of
    which too few rated a driver is missing.

    Parameters
    ----------
    model
        A fitted model.
    """
    posterior = model.posterior
    points = np.where(model.too_few, np.nan, model.point_effects())
    of_few = model.too_few[:, model.columns.driver] & (model.columns.driver >= 0)
    variables = {
        "point_effects": points.reshape(*posterior.cuts.shape[:2], *points.shape[1:]),
        "effects": posterior.effects,
        "coefficients": np.where(of_few, np.nan, posterior.coefficients),
        "intercepts": posterior.intercepts,
        "cuts": posterior.cuts,
    }
    return Samples(
        name="driver_posterior",
        variables=variables if posterior.sds is None else {**variables, "sds": posterior.sds},
        dimensions={
            "point_effects": ["segment", "driver"],
            "effects": ["column"],
            "coefficients": ["segment", "column"],
            "intercepts": ["segment"],
            "cuts": ["cut"],
            "sds": ["of"],
        },
        labels={
            "segment": model.ratings.segments,
            "driver": model.ratings.drivers,
            "of": ["effects", "level"],
        },
    )


def draw_predictive(model: DriverModel) -> Axes:
    """Observed shares of answers, over bands of what the model predicts, for everyone.

    Parameters
    ----------
    model
        A fitted model.
    """
    observed, predicted = model.predicted()
    shares = model.segment_shares
    low, high = np.quantile(np.einsum("nsk,s->nk", predicted, shares), BAND, axis=0)
    points = [number(float(point)) for point in model.ratings.points]
    figure = Drawing(figsize=(6.4, 3.2), layout="constrained")
    ax = figure.subplots()
    places = np.arange(len(points))
    label = sentence("predicted, 99 of 100 times")
    ax.bar(places, high - low, bottom=low, width=0.7, color="C0", alpha=0.35, label=label)
    ax.plot(places, np.einsum("sk,s->k", observed, shares), "o", color="C1", label=sentence("observed"))
    every = -(-len(points) // MOST_TICKS)
    ax.set_xticks(places[::every], points[::every])
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_ylabel(sentence("Share of answers"))
    ax.set_xlabel(model.ratings.outcome_label)
    figure.legend(loc="outside upper left", ncols=2, fontsize="small")
    return ax
