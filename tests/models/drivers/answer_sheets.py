"""Surveys drawn from a known model: correlated ratings on 1–5, an ordered outcome, gaps of both kinds."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from workbench.models.drivers.ordinal.links import LOGIT
from workbench.models.drivers.responses.read import read_ratings


def column(name, role, scale, *, label="", weighting="", measure="", low_is_good=False):
    return SimpleNamespace(
        name=name,
        label=label or name,
        role=role,
        scale=scale,
        weighting=weighting,
        factor=1.0,
        measure=measure,
        low_is_good=low_is_good,
    )


def draw_answers(
    n,
    effects,
    rng,
    *,
    correlation=0.5,
    levels=5,
    segments=1,
    segment_sd=0.0,
    unused=0.0,
    missing=0.0,
    skew=0.8,
    link=LOGIT,
):
    """A surveys table, its columns, and the truth: effects of one standard deviation of each rating, by segment.

    Ratings are cut from correlated normals, skewed to the top as in real surveys. The outcome is drawn from an ordered
    logit (or probit) of the ratings themselves, scaled by their own mean and standard deviation among users.
    """
    effects = np.asarray(effects, dtype=float)
    count = len(effects)
    common = rng.standard_normal((n, 1))
    latent = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.standard_normal((n, count))
    ratings = 1 + np.searchsorted(np.array([-1.6, -1.0, -0.2, 0.7]) - skew * 0.3, latent).astype(float)
    applies = rng.random((n, count)) >= unused
    group = rng.integers(0, segments, n)
    scaled = np.zeros((n, count))
    for d in range(count):
        own = ratings[applies[:, d], d]
        scaled[:, d] = np.where(applies[:, d], (ratings[:, d] - own.mean()) / own.std(), 0)
    coefficients = effects + rng.normal(0, segment_sd, (segments, count))
    predictor = (scaled * coefficients[group]).sum(1)
    answers = predictor + link.draw(rng, n)
    cuts = np.quantile(answers, np.linspace(0, 1, levels + 1)[1:-1])
    outcome = 1 + np.searchsorted(cuts, answers).astype(float)
    frame = pd.DataFrame({"outcome": outcome, "segment": [f"s{place}" for place in group]})
    without = rng.random((n, count)) < missing
    for d in range(count):
        frame[f"d{chr(97 + d)}"] = np.where(applies[:, d] & ~without[:, d], ratings[:, d], np.nan)
        if unused:
            frame[f"d{chr(97 + d)}__not_applicable"] = ~applies[:, d] & ~without[:, d]
    columns = [column("outcome", "outcome", (1, levels)), column("segment", "", None)]
    columns += [column(f"d{chr(97 + d)}", "driver", (1, 5)) for d in range(count)]
    return frame, columns, coefficients, group


def draw_ratings(n, effects, rng, *, segment=None, **world):
    """The same as `Ratings`, with the true coefficients by segment."""
    frame, columns, coefficients, _ = draw_answers(n, effects, rng, **world)
    return read_ratings(frame, columns, segment=segment), coefficients
