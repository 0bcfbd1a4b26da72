"""The page of the validation, from what is kept of each row."""

from collections.abc import Mapping

import numpy as np
from benchmarks.validation.rows import Demand, Results, Row

HEAD = """# Whether returns are so

Written by `make validation`, which goes on where it was stopped. Simulated companies whose truth is known; no real data
set at hand joins surveys to later behaviour, so this is all the validation there is.

The links are learnt by the code of the study. Approximations: effects of drivers from the normal approximation with
missing ratings imputed once (no sampling), and a base that leaves, orders and costs as customers did who were on board
on any day of the records, instead of a forecast. Truth: each initiative alone, eight futures with common noise, 36
months, 10% a year. Figures stand with two standard errors, clustered by company; a bound holds if it lies within them.

With effects of drivers sampled by NUTS in place of the approximation, ends of intervals move by less than a tenth of
their width in each of five companies of 2,000 customers (a slow test, 2,000 draws).

Looked at link by link in other companies, four by default and six with `confounding=3`: given the true rise of
satisfaction and the true slopes, the chain brings .94 to 1.1 of the true gain by default and 1.0 to 1.2 with strong
confounding. Effects of touchpoints (by default) come out at .93 of the true ones on average, and vary about them by
1.9 of their errors: ratings are coarse, so what matters most comes out low; the assumed shape (± 20%) is to hold that.
A point that a lift moves brings .93 ± .10 of the mean effect of a point. What a complaint does to leaving beside
satisfaction is left out of the chain: 1.4 to 3.3% of gains in one company, 4.6 to 9.9% in another.

With strong confounding touchpoints that do not matter seemed to: loyal customers rate everything higher (halo). A
formula for what effects borrow of that took off half of it, in the wrong places. It is read off the same customers'
other answers now, where loyalty drops out. In six companies with `confounding=3` (of other seeds than the row's) the
cover of intervals as stated rose from .69 to .81, of widened ones from .86 to .89, and the CRPS over that of the naive
chain fell from .79 to .63.
"""


def written(kept: Mapping[str, Results], rows: tuple[Row, ...], state: str) -> str:
    """The page as text.

    Parameters
    ----------
    kept
        Results by row.
    rows
        All rows.
    state
        What was measured, in words.
    """
    parts = [HEAD, f"{state}\n"]
    for row in rows:
        results = kept.get(row.name, [])
        parts.append(f"## {row.name}\n\n`{' '.join(row.settings)}`; {_counted(len(results), row.worlds)}\n")
        if results:
            lines = ["| figure | measured | demanded | |", "|---|---|---|---|"]
            lines += [_line(each, results, whole=len(results) >= row.worlds) for each in row.demands]
            parts.append("\n".join(lines) + "\n")
        if results and row.fails(results):
            parts.append(f"Cover is below 80%. What should have warned: {row.guard}\n")
    return "\n".join(parts)


def _counted(done: int, asked: int) -> str:
    if done >= asked:
        return f"{done} companies."
    return f"**{done} of {asked} companies: not run in full.**"


def _line(demand: Demand, results: Results, *, whole: bool) -> str:
    figure, error = demand.measured(results)
    holds = demand.holds(figure, error)
    verdict = "" if holds is None else "holds" if holds else "**does not hold**"
    if verdict and not whole:
        verdict = "not told by so few"
    told = f"{figure:.2f} ± {2 * error:.2f}" if np.isfinite(figure) else "not measured"
    return f"| {demand.title} | {told} | {_bounds(demand)} | {verdict} |"


def _bounds(demand: Demand) -> str:
    if demand.low is not None and demand.high is not None:
        return f"{demand.low:.2f}–{demand.high:.2f}"
    if demand.low is not None:
        return f"at least {demand.low:.2f}"
    return "reported" if demand.high is None else f"at most {demand.high:.2f}"
