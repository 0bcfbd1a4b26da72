"""What is said of past campaigns: the table of accounts in sentences, checks and numbers by name."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workbench.decisions.campaigns.accounts import LEVEL
from workbench.exhibits import Column, People, Table
from workbench.findings import Check, Finding
from workbench.models.trials.campaigns import named
from workbench.statistics.multiplicity import holm
from workbench.wording import number, percent, plural, sentence

MOST_TOLD = 3
"""Arms of which a sentence is made, a choice: all stand in the table."""
COMMON = 0.25
"""Share of recipients in other campaigns meanwhile from which a reader must know: a choice, a quarter of an effect may
be another's."""


def effects(frame: pd.DataFrame, currency: str) -> Iterator[Finding]:
    """A sentence about each arm that chance dealt, on what is money.

    Parameters
    ----------
    frame
        Rows of accounts whose evidence is experimental.
    currency
        Of all money.
    """
    valued = frame[frame["gain"].notna()]
    rows: list[Any] = list(valued.head(MOST_TOLD).itertuples())
    for row in rows:
        about = {
            "arm": f"{row.initiative} ({row.arm})",
            "n": number(abs(row.effect)),
            "label": row.label,
            "currency": currency,
            "most": number(row.break_even),
            "roi": number(row.roi) if row.cost > 0 else "",
            "low": number(1 + row.gain_lower / row.cost) if row.cost > 0 else "",
            "high": number(1 + row.gain_upper / row.cost) if row.cost > 0 else "",
        }
        if row.lower <= 0 <= row.upper:
            said = sentence("These data cannot tell whether {arm} changes “{label}”.", **about)
        elif row.upper < 0:
            said = sentence("For each recipient, {arm} lowers “{label}” by {n} {currency}.", **about)
        elif row.cost > 0:
            said = sentence(
                "For each recipient, {arm} raises “{label}” by {n} {currency}: 1 spent returns {roi} ({low} to "
                "{high}).",
                **about,
            )
        else:
            said = sentence(
                "For each recipient, {arm} raises “{label}” by {n} {currency}: it pays as long as one costs less than "
                "{most}.",
                **about,
            )
        yield Finding(
            id=f"campaign_{row.initiative}_{row.arm}",
            statement=said,
            estimate=row.effect,
            interval=(row.lower, row.upper),
            interval_kind=sentence("{level} confidence (Welch)", level=percent(LEVEL)),
            unit=sentence("{currency} a recipient", currency=currency).strip(),
            evidence="experimental",
            n=int(row.recipients + row.others),
            table="campaign_experiments",
        )


def comparisons(frame: pd.DataFrame, currency: str) -> Iterator[Finding | Check]:
    """What is said of campaigns whose recipients somebody chose: all together, the largest, and the time before.

    Parameters
    ----------
    frame
        Rows of accounts whose evidence is associational.
    currency
        Of all money.
    """
    if frame.empty:
        return
    yield _headline(frame)
    largest = frame.sort_values("recipients", ascending=False).iloc[0]
    low, high = _range(largest)
    about = {"name": largest["initiative"], "currency": currency, "n": number(abs(largest["effect"]))}
    about |= {"low": number(low), "high": number(high), "raw": number(largest["raw"])}
    if largest["effect"] >= 0:
        said = sentence(
            "Recipients of campaign {name}, the largest, spent {n} {currency} more than comparable customers "
            "({low} to {high}); the bare comparison says {raw}.",
            **about,
        )
    else:
        said = sentence(
            "Recipients of campaign {name}, the largest, spent {n} {currency} less than comparable customers "
            "({low} to {high}); the bare comparison says {raw}.",
            **about,
        )
    yield Finding(
        id=f"campaign_{largest['initiative']}",
        statement=said,
        estimate=float(largest["effect"]),
        interval=(low, high),
        interval_kind=_kind(largest),
        unit=sentence("{currency} a recipient", currency=currency).strip(),
        evidence="associational",
        n=int(largest["recipients"] + largest["others"]),
        table="campaigns",
        figure="past_campaigns",
    )
    yield _placebo(frame)
    unweighted = frame[frame["effect"] == frame["unweighted"]]
    if len(unweighted):
        yield Check(
            name="campaigns_unweighted",
            status="warn",
            message=sentence(
                "Too little is known before {names} to weight others; their changes are compared as they are.",
                names=named(tuple(unweighted["initiative"])),
            ),
            value=len(unweighted),
            title=sentence("Campaigns compared without weights"),
        )
    common = frame[frame["at_once"] > COMMON]
    if len(common):
        yield Check(
            name="campaigns_at_once",
            status="warn",
            message=sentence(
                "More than {share} of the recipients of {names} were in another campaign meanwhile: what they spent "
                "may be due to either.",
                share=percent(COMMON),
                names=named(tuple(common["initiative"])),
            ),
            value=len(common),
            title=sentence("Campaigns ran at once"),
        )


def refusals(why: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[Check]:
    """Campaigns of which nothing is told, by name.

    Parameters
    ----------
    why
        Reasons in words, each with names.
    """
    if not why:
        return
    said = "; ".join(f"{named(names)} ({reason})" for reason, names in why)
    yield Check(
        name="campaigns_refused",
        status="warn",
        message=sentence("Nothing is told of these: {said}.", said=said),
        value=sum(len(names) for _, names in why),
        title=sentence("Campaigns that cannot be told"),
        kind="always",
    )


def metrics(frame: pd.DataFrame) -> dict[str, float | None]:
    """Numbers by name: `effect_<arm>_<outcome>` of what chance dealt, `campaign_effect_<name>` of all others.

    Parameters
    ----------
    frame
        Accounts. Where chance dealt several initiatives, the name of each stands before its arm.
    """
    several = frame.loc[frame["evidence"] == "experimental", "initiative"].nunique() > 1
    found: dict[str, float | None] = {}
    for row in frame.to_dict("records"):
        dealt = row["evidence"] == "experimental"
        of = row["arm"] if dealt else row["initiative"]
        of = f"{row['initiative']}_{of}" if dealt and several else of
        name = f"effect_{of}_{row['outcome']}" if dealt else f"campaign_effect_{of}"
        values = {name: row["effect"], f"{name}_lower": row["lower"], f"{name}_upper": row["upper"]}
        values[f"{name}_se"] = row["error"]
        if not dealt:
            values |= {f"campaign_raw_{of}": row["raw"], f"campaign_unweighted_{of}": row["unweighted"]}
            values |= {f"campaign_placebo_{of}": row["placebo"]}
        if pd.notna(row["gain"]):
            tail = f"{of}_{row['outcome']}" if dealt else of
            values |= {f"campaign_{key}_{tail}": row[key] for key in ("gain", "roi", "p_loss")}
        found |= {key: None if pd.isna(value) else float(value) for key, value in values.items()}
    return found


def experiments(frame: pd.DataFrame, currency: str) -> Table:
    """Arms that chance dealt, for people.

    Parameters
    ----------
    frame
        Rows of accounts whose evidence is experimental.
    currency
        Of all money.
    """
    several = {"initiative": Column(sentence("Campaign"))} if frame["initiative"].nunique() > 1 else {}
    return Table(
        name="campaign_experiments",
        frame=frame,
        caption=sentence("What each arm did to a recipient, with 90% confidence intervals, and what one may cost."),
        people=People(count="recipients", within=["initiative", "arm", "outcome"]),
        columns={
            **several,
            "arm": Column(sentence("Arm")),
            "label": Column(sentence("Outcome")),
            "recipients": Column(sentence("Recipients")),
            "effect": Column(sentence("Effect")),
            "lower": Column(sentence("From")),
            "upper": Column(sentence("To")),
            **_returned(frame, currency),
            "break_even": Column(sentence("Pays below"), currency),
        },
    )


def compared(frame: pd.DataFrame, currency: str) -> Table:
    """Campaigns whose recipients somebody chose, for people.

    Parameters
    ----------
    frame
        Rows of accounts whose evidence is associational.
    currency
        Of all money.
    """
    ends = frame.apply(_range, axis=1, result_type="expand")
    return Table(
        name="campaigns",
        frame=frame.assign(told_lower=ends[0], told_upper=ends[1]),
        caption=sentence(
            "What a recipient of each campaign spent more than others: while it ran, before it, the difference, and "
            "the same with others who were alike (90% confidence, trends parting as before where there was a before)."
        ),
        people=People(count="recipients", within=["initiative", "arm", "outcome"]),
        columns={
            "initiative": Column(sentence("Campaign")),
            "recipients": Column(sentence("Recipients")),
            "raw": Column(sentence("Bare"), currency),
            "earlier": Column(sentence("Before"), currency),
            "unweighted": Column(sentence("Change"), currency),
            "effect": Column(sentence("Weighted"), currency),
            "told_lower": Column(sentence("From"), currency),
            "told_upper": Column(sentence("To"), currency),
            **_returned(frame, currency),
        },
    )


def _returned(frame: pd.DataFrame, currency: str) -> dict[str, Column]:
    """Where something was spent."""
    return {"roi": Column(sentence("1 spent returns"), currency)} if frame["cost"].gt(0).any() else {}


def _headline(frame: pd.DataFrame) -> Finding:
    clear = [row["initiative"] for _, row in frame.iterrows() if _clear(row)]
    share = float((frame["raw"] > 0).mean())
    about = {
        "n": number(len(clear)),
        "all": number(len(frame)),
        "names": named(tuple(clear)) if clear else "",
        "raw": number(round(share * len(frame))),
    }
    if clear:
        said = sentence(
            "Recipients of {n} of {all} campaigns clearly spent more than comparable customers: {names}.", **about
        )
    else:
        said = sentence(
            "No campaign shows a clear gain: in {raw} of {all} recipients spent more than others, but had before.",
            **about,
        )
    return Finding(
        id="past_campaigns",
        statement=said,
        estimate=len(clear),
        unit=sentence("campaigns with a clear gain"),
        evidence="associational",
        n=int(frame.iloc[0]["recipients"] + frame.iloc[0]["others"]),
        table="campaigns",
        figure="past_campaigns",
    )


def _placebo(frame: pd.DataFrame) -> Check:
    tried = frame[frame["placebo"].notna()]
    title = sentence("Recipients changed before the campaign")
    if tried.empty:
        return Check(
            name="campaign_placebo",
            status="warn",
            message=sentence(
                "No campaign has records long enough before it to test whether recipients and others changed alike "
                "without it; expected twice its length."
            ),
            title=sentence("Campaigns without a test beforehand"),
        )
    p = holm(2 * stats.norm.sf(np.abs(tried["placebo"].to_numpy(float) / tried["placebo_error"].to_numpy(float))))
    apart = tuple(tried["initiative"][p < 1 - LEVEL])
    if apart:
        message = sentence(
            "In the time before, when there was no campaign, recipients of {names} changed unlike others: what is "
            "said of them may be the same again.",
            names=named(apart),
        )
        return Check(name="campaign_placebo", status="warn", message=message, value=len(apart), title=title)
    message = plural(
        "In the time before, recipients and others changed alike in the campaign that could be tested.",
        "In the time before, recipients and others changed alike in all {n} campaigns that could be tested.",
        len(tried),
    )
    return Check(name="campaign_placebo", status="pass", message=message, value=0, title=title)


def _range(row: pd.Series) -> tuple[float, float]:
    """The interval that is told: with what trends parted by before, where that is known."""
    ends = ("lower", "upper") if pd.isna(row["bound_lower"]) else ("bound_lower", "bound_upper")
    return float(row[ends[0]]), float(row[ends[1]])


def _kind(row: pd.Series) -> str:
    if pd.isna(row["bound_lower"]):
        return sentence("{level} confidence", level=percent(LEVEL))
    return sentence("{level} confidence, trends parting as before", level=percent(LEVEL))


def _clear(row: pd.Series) -> bool:
    low, _ = _range(row)
    return bool(low > 0 and row["p_holm"] < 1 - LEVEL)
