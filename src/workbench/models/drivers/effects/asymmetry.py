"""Penalty and reward: whether a step below the middle of a driver's scale weighs more than one above it, or less.

Every draw of the two slopes belongs to exactly one kind, so that the kinds' probabilities add up to 1. With *below* and
*above* the change in the latent outcome (in log-odds; of a probit in standard deviations of its noise) for a tenth of
the scale on either side of the middle, and *e* the smallest effect that counts:

| kind | in words | definition |
|---|---|---|
| reversed | a better rating goes with a worse outcome | min(below, above) < −e and below + above < 0 |
| indifferent | no side weighs | not reversed, and none above e |
| must-be | bad ratings cost, good ones bring little | below − above > max(e, below / 2) |
| attractive | good ratings bring, bad ones cost little | above − below > max(e, above / 2) |
| one-dimensional | both sides weigh, neither twice the other | all else |

The names are Kano's (Kano, Seraku, Takahashi, Tsuji 1984), who asks for them; here they are read off ratings by
penalty–reward contrasts (Brandt 1987), in one regression with a kink instead of two dummies. What ratings tell about
Kano's categories has its limits (Mikulić, Prebežac 2011): they say how the outcome goes with performance, not what
customers would say if a thing were absent.
"""

import numpy as np
import pandas as pd

from workbench.models.drivers.model.driver_model import DriverModel
from workbench.models.drivers.model.what_if import points_of
from workbench.wording import sentence

KINDS = ("must_be", "one_dimensional", "attractive", "indifferent", "reversed")
DRAWS = 2000  # probabilities are then known to a hundredth


def kinds_of(below: np.ndarray, above: np.ndarray, smallest_effect: float) -> dict[str, np.ndarray]:
    """Which draws are of which kind; every draw is of one.

    Parameters
    ----------
    below, above
        (draws,): effect of a tenth of the scale on either side of its middle.
    smallest_effect
        Of a tenth of the scale, below which an effect counts as none.

    Examples
    --------
    >>> found = kinds_of(np.array([1, 1, 0.1, 0, -1.0]), np.array([-0.2, 0.8, 0.9, 0.05, 0.5]), 0.1)
    >>> [name for draw in range(5) for name in found if found[name][draw]]
    ['must_be', 'one_dimensional', 'attractive', 'indifferent', 'reversed']
    """
    reverse = (np.minimum(below, above) < -smallest_effect) & (below + above < 0)
    weighs = ~reverse & (np.maximum(below, above) > smallest_effect)
    must = weighs & (below - above > np.maximum(smallest_effect, below / 2))
    attracts = weighs & (above - below > np.maximum(smallest_effect, above / 2))
    return {
        "must_be": must,
        "one_dimensional": weighs & ~must & ~attracts,
        "attractive": attracts,
        "indifferent": ~reverse & ~weighs,
        "reversed": reverse,
    }


def asymmetry_table(model: DriverModel, smallest_effect: float) -> pd.DataFrame:
    """Penalty and reward of each driver, from a model with a slope on either side of the middle of each scale.

    Parameters
    ----------
    model
        A fitted model; the alternative is a Laplace approximation over all its imputations.
    smallest_effect
        Of a tenth of the scale, in the unit of the effects, see `kinds_of`.

    Returns
    -------
    DataFrame
        `driver`, `label`; `below`, `above` (effect of a tenth of the scale on either side of the middle) and their
        ends; `kind` (that with a probability of half or more, else `open`), the probabilities of `KINDS`, and
        `reversed_below`, that of a better rating going with a worse outcome below the middle more than above it.
    """
    ratings = model.ratings
    columns, alternative = model.alternative("asymmetric")
    coefficients = alternative.draws(DRAWS, np.random.default_rng(model.random_seed))[0]
    mean = np.einsum("nsc,s->nc", coefficients, model.segment_shares)
    rows, tenths = [], points_of("tenth", ratings.ends)
    for place, name in enumerate(ratings.drivers):
        own = np.flatnonzero((columns.driver == place) & ~columns.usage)
        below, above = (tenths[place] * mean[:, column] / columns.sd[place] for column in own)
        chances = {kind: draws.mean() for kind, draws in kinds_of(below, above, smallest_effect).items()}
        ends = [model.interval(each) for each in (below, above)]
        rows.append(
            {
                "driver": name,
                "label": ratings.labels[name],
                "below": below.mean(),
                "below_lower": ends[0][0],
                "below_upper": ends[0][1],
                "above": above.mean(),
                "above_lower": ends[1][0],
                "above_upper": ends[1][1],
                "kind": next((kind.replace("_", "-") for kind, p in chances.items() if p >= 0.5), sentence("open")),
                **chances,
                "reversed_below": (below < above).mean(),
            }
        )
    return pd.DataFrame(rows)
