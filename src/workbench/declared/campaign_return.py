"""What campaign_return (and clv_roi, where customers are not surveyed) leaves for other studies."""

from workbench.declared.contract import Declared, Field


def _money(about: str, *, missing: bool = True, lowest: float | None = None) -> Field:
    return Field(kind="number", unit="unit of the outcome", about=about, missing=missing, lowest=lowest)


CAMPAIGN_EFFECTS = Declared(
    name="campaign_effects",
    about="Each past campaign, or arm of an experiment, and outcome. `experimental` rows are effects of what chance "
    "dealt; `associational` ones compare recipients whom somebody chose with customers who had been alike.",
    columns={
        "initiative": Field(kind="text", about="which campaign"),
        "arm": Field(kind="text", about="what recipients got"),
        "outcome": Field(
            kind="text",
            about="a column of treatments; `spending` or `contribution` of purchases from the first day to the last",
        ),
        "label": Field(kind="text", about="the outcome in words"),
        "evidence": Field(kind="text", about="`experimental` or `associational`"),
        "start": Field(kind="text", about="its first day; of associational ones", missing=True),
        "days": Field(kind="number", unit="days", about="how many it ran; of associational ones", missing=True),
        "recipients": Field(kind="whole", about="customers with it", lowest=0),
        "others": Field(kind="whole", about="customers without it who are compared", lowest=0),
        "effect": _money("what a recipient has more", missing=False),
        "lower": _money("lower end of its 90% interval", missing=False),
        "upper": _money("upper end of its 90% interval", missing=False),
        "error": _money("its standard error", missing=False, lowest=0.0),
        "p_holm": Field(
            kind="number", about="p-value of no effect, by Holm over all of this evidence", lowest=0.0, highest=1.0
        ),
        "bound_lower": _money("the same interval if trends part as much as in the placebo period"),
        "bound_upper": _money("its upper end"),
        "raw": _money("the bare difference while it ran"),
        "earlier": _money("the bare difference in as many days before"),
        "unweighted": _money("the difference of both"),
        "unweighted_error": _money("its standard error", lowest=0.0),
        "placebo": _money("what `effect` finds a period earlier, without a campaign"),
        "placebo_error": _money("its standard error", lowest=0.0),
        "at_once": Field(
            kind="number", about="share of recipients in another campaign", lowest=0.0, highest=1.0, missing=True
        ),
        "cost": Field(kind="number", unit="money", about="of one recipient", lowest=0.0, missing=True),
        "gain": Field(
            kind="number", unit="money", about="contribution (or revenue) of one less its cost", missing=True
        ),
        "gain_lower": Field(kind="number", unit="money", about="lower end of its 90% interval", missing=True),
        "gain_upper": Field(kind="number", unit="money", about="upper end of its 90% interval", missing=True),
        "roi": Field(kind="number", unit="money", about="what 1 spent returns", missing=True),
        "p_loss": Field(kind="number", about="probability that gain is below 0", lowest=0.0, highest=1.0, missing=True),
        "break_even": Field(kind="number", unit="money", about="cost of one up to which it pays", missing=True),
    },
    key=("initiative", "arm", "outcome"),
)

TABLES = (CAMPAIGN_EFFECTS,)
