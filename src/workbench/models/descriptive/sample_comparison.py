"""Whether data look like samples: shares of one data set compared with theirs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from workbench import exhibits
from workbench.exhibits import Column, Showable, Table
from workbench.findings import Check, Finding
from workbench.textwidth import wrap
from workbench.wording import listing, number, percent, plural, sentence

MOST_NAMED = 2
"""Respects, and shares, that a sentence names; the report shows all."""
CELLS_BELOW = 57
"""Letters that stand beside each other below the figure, the blanks between names left out. Measured."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleComparison:
    """Shares of one data set compared with the same shares of samples.

    Attributes
    ----------
    name
        Stable name of the finding, table and figure.
    topic
        What is compared, as the beginning of a sentence.
    shares
        One row a share, named by its index for people; one column a data set, the tested one first, between 0 and 1.
    margin
        A share is like the samples when it lies no further than this outside the range that they span (0.1: ten
        percentage points).
    note
        What a reader must know about the comparison.
    curves
        By data set, `x` and `y` of a line to draw; where there is none, shares are drawn as bars.
    axis
        Names of the axes of the curves.
    ticks, shares_on_x
        Where the x-axis has ticks (wherever it likes when None), and whether it counts shares.
    n
        Customers (or answers) of the tested data set.
    """

    name: str
    topic: str
    shares: pd.DataFrame
    margin: float
    note: str
    n: int
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]] | None = None
    axis: tuple[str, str] = ("", "")
    ticks: Sequence[float] | None = None
    shares_on_x: bool = False

    @property
    def alike(self) -> bool:
        """Whether no share lies outside its bounds."""
        return self.checks()[0].status == "pass"

    @property
    def tested(self) -> str:
        """Name of the data set that is compared with the samples."""
        return str(self.shares.columns[0])

    @property
    def samples(self) -> list[str]:
        """Names of the samples."""
        return [str(name) for name in self.shares.columns[1:]]

    def bounds(self) -> pd.DataFrame:
        """`lower` and `upper` for each share: the range of the samples, widened by the margin, within 0 and 1."""
        real = self.shares[self.samples]
        lower, upper = real.min(axis=1) - self.margin, real.max(axis=1) + self.margin
        return pd.DataFrame({"lower": lower.clip(lower=0), "upper": upper.clip(upper=1)})

    def checks(self) -> tuple[Check, ...]:
        """One check: `warn` where a share lies outside its bounds.

        Its value is how far the worst share lies outside the range of the samples, its threshold the margin.
        """
        real, values, bounds = self.shares[self.samples], self.shares[self.tested], self.bounds()
        outside = np.maximum(np.maximum(real.min(axis=1) - values, values - real.max(axis=1)), 0)
        margin = percent(self.margin).rstrip("%")
        failing = [
            sentence(
                "{share} {value}, expected {lower} to {upper}",
                share=share,
                value=percent(values[share]),
                lower=percent(bounds["lower"][share]),
                upper=percent(bounds["upper"][share]),
            )
            for share in self.shares.index[outside > self.margin]
        ]
        named, left = "; ".join(failing[:MOST_NAMED]), len(failing) - MOST_NAMED
        if left > 0:
            named = plural("{named}; and {n} more", "{named}; and {n} more", left, named=named)
        message = sentence(
            "{topic}: {data} differs from {samples} by more than {margin} percentage points ({failing})."
            if failing
            else "{topic}: {data} is like {samples}, give or take {margin} percentage points.",
            topic=self.topic,
            data=self.tested,
            samples=listing(self.samples),
            failing=named,
            margin=margin,
        )
        return (
            Check(
                name=f"like_{self.name}",
                status="warn" if failing else "pass",
                title=sentence("Unlike the samples") if failing else "",
                message=message,
                value=float(outside.max()),
                threshold=self.margin,
            ),
        )

    def finding(self) -> Finding:
        """The first share in one sentence; the table has all."""
        share = self.shares.index[0]
        first = self.shares.loc[share]
        return Finding(
            id=self.name,
            statement=sentence(
                "{topic}, {share}: {value} in {data} ({others}).",
                topic=self.topic,
                share=share,
                value=percent(float(first[self.tested])),
                data=self.tested,
                others=listing([f"{name} {percent(float(first[name]))}" for name in self.samples]),
            ),
            estimate=float(first[self.tested]),
            unit="share",
            evidence="descriptive",
            n=self.n,
            table=self.name,
            figure=self.name,
        )

    def metrics(self) -> dict[str, float]:
        """The shares of the tested data set, by `<name>_<share>`: `recommend_groups_promoters`."""
        names = [re.sub(r"\W+", "_", str(share)).strip("_") for share in self.shares.index]
        return {f"{self.name}_{name}": float(v) for name, v in zip(names, self.shares[self.tested], strict=True)}

    def table(self) -> Table:
        """`share_of` (its name), a column for each data set, and `lower` and `upper` as of `bounds`."""
        whole = pd.concat([self.shares, self.bounds()], axis=1)
        columns = {"share_of": Column(sentence("share of"))}
        columns |= {name: Column(unit="share") for name in [self.tested, *self.samples]}
        columns |= {"lower": Column(sentence("expected from"), "share"), "upper": Column(sentence("to"), "share")}
        return Table(
            name=self.name,
            frame=whole.rename_axis("share_of").reset_index(),
            caption=sentence("{topic}, and the range that is taken to be like the samples.", topic=self.topic),
            people=None,
            columns=columns,
        )

    def exhibits(self) -> Iterator[Showable]:
        """The finding, the figure and the table."""
        yield self.finding()
        words = {"title": self.title(), "alt": self.describe(), "caption": self.note}
        yield exhibits.Figure(name=self.name, draw=self.plot, **words)
        yield self.table()

    def title(self) -> str:
        """What the figure shows."""
        return sentence(
            "{topic}: {data} and {samples}", topic=self.topic, data=self.tested, samples=listing(self.samples)
        )

    def describe(self) -> str:
        """What is drawn, for people who cannot see it."""
        kind = sentence("Lines") if self.curves else sentence("Bars")
        return sentence("{kind} for each data set. {finding}", kind=kind, finding=self.finding().statement)

    def plot(self) -> Axes:
        """Lines where there are curves, otherwise bars."""
        ax = Figure(figsize=(6.2, 3.7), layout="constrained").subplots()
        if self.curves:
            draw_lines(ax, self.curves)
            ax.set_xlabel(self.axis[0])
            ax.set_ylabel(self.axis[1])
        else:
            draw_bars(ax, self.shares)
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(bottom=0)
        if self.ticks is not None:
            ax.set_xticks(self.ticks)
        if self.shares_on_x:
            ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


@dataclass(frozen=True, kw_only=True, eq=False)
class Summary:
    """Several comparisons of one data set with samples, taken together.

    Attributes
    ----------
    comparisons
        At least one, all of the same data set; what could not be compared is None, and left out.
    """

    comparisons: Sequence[SampleComparison | None]

    @property
    def made(self) -> list[SampleComparison]:
        """The comparisons that there are."""
        return [each for each in self.comparisons if each is not None]

    def finding(self) -> Finding:
        """In how many respects the data set is like the samples, and in which it is not."""
        unlike = [each.topic[:1].lower() + each.topic[1:] for each in self.made if not each.alike]
        data, n = self.made[0].tested, len(self.made) - len(unlike)
        return Finding(
            id="like_the_samples",
            statement=sentence(
                "{data} looks like the samples in {n} of {all} respects; it differs in: {which}."
                if unlike
                else "{data} looks like the samples in all {all} respects.",
                data=data,
                n=number(n),
                all=number(len(self.made)),
                which=listing(unlike[:MOST_NAMED]),
            ),
            estimate=n,
            unit=sentence("of {all} respects", all=number(len(self.made))),
            evidence="descriptive",
        )

    def exhibits(self) -> Iterator[Showable]:
        """The finding, and of each comparison its check and its metrics."""
        yield self.finding()
        yield from (each.checks() for each in self.made)
        yield {name: value for each in self.made for name, value in each.metrics().items()}


def draw_lines(ax: Axes, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Lines by name; the first stands out.

    Parameters
    ----------
    ax
        Where to draw.
    curves
        x and y of each line.
    """
    dashes: Sequence[str] = ("-", "--", "-.", ":")
    for place, (name, (x, y)) in enumerate(curves.items()):
        ax.plot(x, y, color=f"C{place}", linestyle=dashes[place % 4], linewidth=1.7 if place else 2.8, label=name)
    ax.set_xlim(left=0)
    ax.legend(loc="best")


def draw_bars(ax: Axes, shares: pd.DataFrame) -> None:
    """Groups of bars: one group a row, one bar a data set, each with its value.

    Parameters
    ----------
    ax
        Where to draw.
    shares
        One row a group, one column a data set, between 0 and 1.
    """
    width = 0.8 / shares.shape[1]
    for place, name in enumerate(shares.columns):
        at = np.arange(len(shares)) + (place - (shares.shape[1] - 1) / 2) * width
        bars = ax.bar(at, shares[name], width * 0.94, color=f"C{place}", label=name)
        ax.bar_label(bars, [percent(value) for value in shares[name]], padding=2, fontsize="small")
    room = CELLS_BELOW // len(shares)
    ax.set_xticks(range(len(shares)), ["\n".join(wrap(str(label), room)) for label in shares.index])
    ax.margins(y=0.15)
    ax.legend(loc="best")
