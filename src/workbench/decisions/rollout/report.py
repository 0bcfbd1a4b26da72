"""What is shown of an evaluated pilot, in the order in which it is read."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from workbench.decisions.rollout import arms, course, for_whom, taking, trends, words
from workbench.decisions.rollout.checks import checks
from workbench.decisions.rollout.effects import Effect
from workbench.decisions.rollout.evaluation import Evaluation, good_of
from workbench.decisions.rollout.telling.phrases import Scale, scale_of
from workbench.draws import DRAWS, seed_of
from workbench.exhibits import Column, Figure, Kept, People, Showable, Table
from workbench.models.trials.estimates import Estimate, draw_together, kind_in_words, table
from workbench.statistics.horizons import DAYS_A_MONTH
from workbench.wording import sentence


def exhibits(done: Evaluation) -> Iterator[Showable]:
    """All of it.

    Parameters
    ----------
    done
        The evaluation.
    """
    yield from words.headlines(done)
    yield done.fairness
    yield from words.money(done)
    yield from words.guardrails(done)
    yield from words.others(done)
    yield from for_whom.findings(done)
    yield from checks(done)
    yield _figure(done)
    yield from taking.exhibits(done)
    yield from course.exhibits(done)
    yield from trends.exhibits(done)
    yield _outcomes(done)
    yield from arms.exhibits(done)
    yield from for_whom.exhibits(done)
    yield arms.decision(done)
    yield metrics(done)
    yield Kept(name="effects", frame=effects(done))
    yield Kept(name="effect_draws", frame=draws(done))


def metrics(done: Evaluation) -> dict[str, float | int | None]:
    """Numbers by name.

    Parameters
    ----------
    done
        The evaluation.
    """
    found: dict[str, float | int | None] = {}
    for each in done.effects:
        name = f"effect_{each.found.arm}_{each.measure.name}"
        found |= {
            name: each.found.estimate,
            f"{name}_lower": each.found.lower if np.isfinite(each.found.lower) else None,
            f"{name}_upper": each.found.upper if np.isfinite(each.found.upper) else None,
            f"{name}_se": each.found.se if np.isfinite(each.found.se) else None,
            f"{name}_plain": each.plain.estimate,
            f"{name}_plain_se": each.plain.se if np.isfinite(each.plain.se) else None,
        }
        if each.reduced is not None:
            key = f"variance_reduction_{each.measure.name}"
            found[key] = min(found.get(key, each.reduced) or 0.0, each.reduced)
    for each in (each for others in done.otherwise.values() for each in others):
        name = f"effect_{each.found.arm}_{each.measure.name}"
        one = each.found
        for end, value in {"": one.estimate, "_lower": one.lower, "_upper": one.upper, "_se": one.se}.items():
            found[f"{name}{end}"] = value if np.isfinite(value) else None
    for arm, sequence in done.sequences.items():
        name = f"effect_{arm}_{done.ready.primary.measure.name}"
        ends = [each if np.isfinite(each) else None for each in (sequence.lower, sequence.upper)]
        found |= {f"{name}_any_look_lower": ends[0], f"{name}_any_look_upper": ends[1]}
    for by in done.groups:
        found[f"groups_differ_p_{by.arm}_{by.grouping.name}"] = by.p_value
    for verdict in done.verdicts:
        told = np.isfinite(verdict.p_worth_it)
        found[f"p_worth_it_{verdict.arm}"] = verdict.p_worth_it if told else None
        found[f"expected_gain_{verdict.arm}"] = None if verdict.gains is None else verdict.gains[1.0][0]
        found[f"expected_loss_{verdict.arm}"] = None if verdict.gains is None else verdict.gains[1.0][1]
        found[f"weeks_needed_{verdict.arm}"] = verdict.weeks
    for arm, price in done.prices.items():
        found[f"smallest_effect_{arm}"] = price.smallest
    found |= arms.metrics(done)
    alike = {price.smallest for price in done.prices.values()}
    smallest = alike.pop() if len(alike) == 1 else None
    return found | {"looks": done.looks, "smallest_effect": smallest, "window_days": done.ready.days}


def effects(done: Evaluation) -> pd.DataFrame:
    """Table `effects`: of the window, by month, and by group beside what each group says alone.

    Parameters
    ----------
    done
        The evaluation.
    """
    others = [each for found in done.otherwise.values() for each in found]
    whole = table([each.found for each in (*done.effects, *others, *done.months)])
    whole = whole.assign(alone=np.nan, alone_se=np.nan)
    parts = [
        table(each.effects).assign(
            alone=[own.found.estimate for own in each.alone], alone_se=[own.found.se for own in each.alone]
        )
        for each in done.groups
    ]
    return pd.concat([whole, *parts], ignore_index=True)


def draws(done: Evaluation) -> pd.DataFrame:
    """Table `effect_draws`: effects of the window, drawn together; those of the groups of one grouping.

    Parameters
    ----------
    done
        The evaluation.
    """
    parts = []
    own = [done.samples.among_all(each.found) for each in done.effects if np.isfinite(each.found.se)]
    drawn = draw_together(own, DRAWS, random_seed=seed_of(done.ready.question.seed, "effect_draws"))
    for column, each in zip(drawn.T, own, strict=True):
        parts.append(_drawn(each, column))
    for by in done.groups:
        seed = seed_of(done.ready.question.seed, f"effect_draws {by.arm} {by.grouping.name}")
        drawn = by.shrunk.draws(DRAWS, random_seed=seed)
        parts += [_drawn(each, column) for each, column in zip(by.effects, drawn.T, strict=True)]
    return pd.concat(parts, ignore_index=True)


def _drawn(each: Estimate, column: np.ndarray) -> pd.DataFrame:
    names = {"initiative": each.initiative, "arm": each.arm, "outcome": each.outcome, "group": each.group}
    return pd.DataFrame({"draw": np.arange(DRAWS), **names, "effect": column})


def _outcomes(done: Evaluation) -> Table:
    rows = []
    currency = done.ready.question.currency
    told: list[tuple[Effect, float]] = []
    for each, p in zip(done.effects, done.p_holm, strict=True):
        told.append((each, p))
        told += [(other, np.nan) for other in done.otherwise.get((each.found.arm, each.measure.name), ())]
    for each, p in told:
        scale, found = scale_of(each.measure, currency), each.found
        sequence = done.sequences.get(found.arm) if each.measure is done.ready.primary.measure else None
        rows.append(
            {
                "arm": found.arm,
                "outcome": each.measure.name,
                "label": each.measure.label,
                "unit": scale.unit,
                "told": sentence("{label} ({unit})", label=each.measure.label, unit=scale.unit),
                "control": scale.factor * found.control,
                "treated": scale.factor * found.treated,
                "effect": scale.factor * found.estimate,
                "lower": _end(scale.factor * found.lower),
                "upper": _end(scale.factor * found.upper),
                "any_look_lower": _end(scale.factor * sequence.lower) if sequence else np.nan,
                "any_look_upper": _end(scale.factor * sequence.upper) if sequence else np.nan,
                "p_holm": p,
                "variance_reduction": np.nan if each.reduced is None else each.reduced,
                "interval": kind_in_words(found.kind, found.confidence),
                "customers": found.n,
            }
        )
    frame = pd.DataFrame(rows)
    columns = {
        **({"arm": Column(sentence("Arm"))} if frame["arm"].nunique() > 1 else {}),
        "told": Column(sentence("Outcome")),
        **({"control": Column(_without(done))} if frame["control"].notna().any() else {}),
        **({"treated": Column(sentence("With it"))} if frame["treated"].notna().any() else {}),
        "effect": Column(_difference(done)),
        "lower": Column(sentence("Lower")),
        "upper": Column(sentence("Upper")),
        "any_look_lower": Column(sentence("Lower, any look")),
        "any_look_upper": Column(sentence("Upper, any look")),
        "p_holm": Column(sentence("p (Holm)"), "p"),
        "customers": Column(sentence("Customers")),
    }
    if not done.looks > 1:
        columns = {name: each for name, each in columns.items() if not name.startswith("any_look")}
    return Table(
        name="outcomes",
        frame=frame,
        caption=sentence(
            "Effects on all outcomes: the primary one first, then guardrails; p-values of the others by Holm over all "
            "of them. What counts an outcome in another way stands below it and has none."
        )
        if done.fairness.experimental
        else sentence(
            "Differences in all outcomes, which need not be effects: the primary one first, then guardrails; p-values "
            "of the others by Holm over all of them."
        ),
        people=People(count="customers", within=["arm", "outcome", "label", "unit", "told", "interval"]),
        columns=columns,
    )


def _difference(done: Evaluation) -> str:
    """What an estimate is: an effect only where chance decided."""
    return sentence("Effect") if done.fairness.experimental else sentence("Difference")


def _without(done: Evaluation) -> str:
    """What an arm is held against: what others had, or what it would have had."""
    if done.ready.pilot.control:
        return sentence("Control")
    return sentence("Expected from before") if done.samples.before_after is not None else sentence("Without it")


def _end(value: float) -> float:
    """An end of an interval, not a number where it has none."""
    return value if np.isfinite(value) else np.nan


def _figure(done: Evaluation) -> Figure:
    measure = done.ready.primary.measure
    own = [each for each in done.months if each.measure is measure]
    return Figure(
        name="primary_effect",
        draw=lambda: _draw(done),
        title=sentence("What the pilot did to “{label}”", label=measure.label)
        if done.fairness.experimental
        else sentence("“{label}” with the pilot less without it", label=measure.label),
        alt=sentence(
            "By how much {label} of each arm lies above the control, with its interval, beside no difference and the "
            "smallest worth having.",
            label=measure.label,
        ),
        caption=_caption(done, by_month=bool(own)),
    )


def _caption(done: Evaluation, *, by_month: bool) -> str:
    primary = done.of(done.ready.primary.measure.name)
    if not np.isfinite([end for each in primary for end in (each.found.lower, each.found.upper)]).any():
        if by_month:
            return sentence("From the start to each month, the whole window last; so few units have no interval.")
        return sentence("By arm; so few units have no interval.")
    if not any(price.basis for price in done.prices.values()):
        if by_month:
            return sentence("From the start to each month, the whole window last, with intervals.")
        return sentence("By arm, with intervals.")
    if by_month:
        return sentence(
            "From the start to each month, the whole window last, with intervals; dashed: the smallest effect "
            "of the whole window worth having."
        )
    return sentence("By arm, with intervals; dashed: the smallest effect worth having.")


def _over_time(done: Evaluation, arm: str) -> list[tuple[float, Estimate]]:
    """Effects of an arm on the primary outcome by months since the start, the whole window last."""
    name = done.ready.primary.measure.name
    found = [
        (float(each.month or 0), each) for e in done.months if (each := e.found).outcome == name and each.arm == arm
    ]
    if found and done.ready.days:
        last = round(done.ready.days / DAYS_A_MONTH, 1)
        whole = [(last, each.found) for each in done.of(name) if each.found.arm == arm]
        found = [*(pair for pair in found if pair[0] < last - 0.1), *whole]
    return found


def _draw(done: Evaluation) -> Axes:
    measure = done.ready.primary.measure
    scale = scale_of(measure, done.ready.question.currency)
    arms = list(done.ready.pilot.arms)
    monthly = {arm: _over_time(done, arm) for arm in arms}
    good = scale.factor * good_of(done.ready)
    levels = {arm: good * price.smallest for arm, price in done.prices.items() if price.basis}
    if any(len(each) > 1 for each in monthly.values()):
        ax = Drawing(figsize=(6.2, 3.0), layout="constrained").subplots()
        for place, arm in enumerate(arms):
            months = np.array([month for month, _ in monthly[arm]]) + 0.08 * (place - (len(arms) - 1) / 2)
            values = _numbers([each for _, each in monthly[arm]], scale)
            (line,) = ax.plot(months, values[:, 0], "o-", label=arm)
            ax.vlines(months, values[:, 1], values[:, 2], color=line.get_color(), linewidth=1.6)
            if arm in levels and len(months):  # the whole window's, which is the last point
                ax.hlines(levels[arm], months[-1] - 0.25, months[-1] + 0.25, color=line.get_color(), linestyle="--")
        ax.axhline(0, color="0.6", linewidth=0.8)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set_xlabel(sentence("Months since the start"))
        ax.set_ylabel(sentence("{what} ({unit})", what=_difference(done), unit=scale.unit))
        if len(arms) > 1:
            ax.legend(frameon=False, fontsize=8, loc="best")
        return ax
    found = [each.found for each in done.of(measure.name)]
    ax = Drawing(figsize=(6.2, 1.0 + 0.4 * len(found)), layout="constrained").subplots()
    places = np.arange(len(found))
    values = _numbers(found, scale)
    ax.axvline(0, color="0.6", linewidth=0.8)
    for place, each in enumerate(found):
        if each.arm in levels:
            ax.vlines(levels[each.arm], place - 0.35, place + 0.35, color="0.3", linewidth=0.9, linestyle="--")
    ax.hlines(places, values[:, 1], values[:, 2], linewidth=1.8)
    ax.plot(values[:, 0], places, "o")
    ax.set_yticks(places, [each.arm for each in found])
    ax.set_ylim(-0.6, len(found) - 0.4)
    ax.invert_yaxis()
    ax.set_xlabel(sentence("{what}: “{label}” ({unit})", what=_difference(done), label=measure.label, unit=scale.unit))
    return ax


def _numbers(found: Sequence[Estimate], scale: Scale) -> np.ndarray:
    """(n, 3): estimates and ends of intervals as they are drawn."""
    rows = [[each.estimate, _end(each.lower), _end(each.upper)] for each in found]
    return scale.factor * np.array(rows, dtype=float)
