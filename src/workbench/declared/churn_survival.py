"""What churn_survival leaves for other studies."""

from workbench.declared.contract import Declared, Field


def share(about: str) -> Field:
    """A probability.

    Parameters
    ----------
    about
        Whose or of what.
    """
    return Field(kind="number", unit="share", about=about, lowest=0.0, highest=1.0)


CUSTOMER = Field(kind="id", about="the customer's pseudonym")
EXTRAPOLATED = Field(kind="truth", about="whether tenure plus horizon lies beyond the longest time ever observed")

SURVIVAL = Declared(
    name="survival",
    about="Each active customer at 1, 3, 6, 12 and 24 months from now (of lapses at one horizon).",
    columns={
        "customer_id": CUSTOMER,
        "horizon": Field(kind="number", unit="time", about="time from now", lowest=0.0),
        "survival": share("probability of being there still"),
        "lower": share("lower end of its interval"),
        "upper": share("upper end of its interval"),
        "incidence_<reason>": share("probability of having left for this reason by then"),
        "extrapolated": EXTRAPOLATED,
    },
    key=("customer_id", "horizon"),
)

AT_CUTOFF = Declared(
    name="survival_at_cutoff",
    about="With dates, each customer active at the cut-off as a model forecast them that knew nothing from then on; of "
    "several models the one that did best on the time after it.",
    columns={
        "customer_id": CUSTOMER,
        "cutoff": Field(kind="text", about="the day from which it forecasts, and until which it learned"),
        "horizon": Field(kind="number", unit="months", about="time from the cut-off", lowest=0.0),
        "survival": share("probability of being there still"),
    },
    key=("customer_id", "horizon"),
)

REMAINING = Declared(
    name="remaining",
    about="The time each active customer is still expected to stay within the next two years (of lapses: within their "
    "horizon).",
    columns={
        "customer_id": CUSTOMER,
        "within": Field(kind="number", unit="time", about="how far ahead time is counted", lowest=0.0),
        "remaining": Field(kind="number", unit="time", about="expected time", lowest=0.0),
        "lower": Field(kind="number", unit="time", about="lower end of its interval", lowest=0.0),
        "upper": Field(kind="number", unit="time", about="upper end of its interval", lowest=0.0),
        "extrapolated": EXTRAPOLATED,
    },
    key=("customer_id",),
)

DRAWS = Declared(
    name="survival_draws",
    about="Joint draws of what survival depends on: effects and the cumulative baseline hazard, by episode of life "
    "(two where hazard ratios change, else one) and reason. The hazard of a customer of tenure t over the next h is "
    "the sum over episodes of exp(sum of effect · column) · (hazard(t + h) − hazard(t)). Rows without a reason say "
    "whether customers leave; those of a reason share out who does, so that incidences and survival sum to 1.",
    columns={
        "draw": Field(kind="whole", about="which draw", lowest=0),
        "episode": Field(kind="whole", about="which episode of life", lowest=0),
        "reason": Field(
            kind="text", about="empty: leaving for whatever reason; else the reason, where reasons are known"
        ),
        "observed": Field(
            kind="number",
            unit="time",
            about="the tenure until which enough customers were followed: hazards beyond it are extrapolated, by the "
            "families of curves that predicted what they had not seen, each in as many draws, or where none did as "
            "they went",
            lowest=0.0,
        ),
        "effect:<column>": Field(kind="number", about="log hazard ratio of the column in this episode"),
        "hazard:<tenure>": Field(
            kind="number",
            about="cumulative baseline hazard up to that tenure, of this episode alone; linear between",
            lowest=0.0,
        ),
    },
    key=("draw", "episode", "reason"),
    draws="one world: if the rate of leaving is a tenth higher than thought, it is so for all customers at once",
)

CUSTOMERS = Declared(
    name="survival_customers",
    about="What each active customer has of the columns that effects of `survival_draws` multiply.",
    columns={
        "customer_id": CUSTOMER,
        "tenure": Field(kind="number", unit="time", about="how long the customer has lasted", lowest=0.0),
        "column:<column>": Field(kind="number", about="what the effect of the column is multiplied by"),
    },
    key=("customer_id",),
)

TABLES = (SURVIVAL, AT_CUTOFF, REMAINING, DRAWS, CUSTOMERS)
