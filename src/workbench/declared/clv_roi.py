"""What clv_roi leaves for other studies."""

from workbench.declared.churn_survival import CUSTOMER, share
from workbench.declared.contract import Declared, Field

CUSTOMER_VALUE = Declared(
    name="customer_value",
    about="Each customer on the day of valuation. Value is contribution, or revenue where no margin is known (the "
    "check margin_known says which). Horizons are months, or `lifetime`, which is left out where it cannot be told.",
    columns={
        "customer_id": CUSTOMER,
        "alive": share("probability of still being a customer"),
        "staying": share("probability of being one after another three months"),
        "spend": Field(kind="number", unit="money", about="expected amount of an order", missing=True),
        "spend_lower": Field(kind="number", unit="money", about="lower end of its 90% interval", missing=True),
        "spend_upper": Field(kind="number", unit="money", about="upper end of its 90% interval", missing=True),
        "orders:<horizon>": Field(kind="number", about="orders expected within the horizon", lowest=0.0, missing=True),
        "orders_lower:<horizon>": Field(
            kind="number", about="lower end of their 90% interval: customer's nature", lowest=0.0, missing=True
        ),
        "orders_upper:<horizon>": Field(
            kind="number", about="upper end of their 90% interval: customer's nature", lowest=0.0, missing=True
        ),
        "value:<horizon>": Field(kind="number", unit="money", about="expected present value", missing=True),
        "lower:<horizon>": Field(kind="number", unit="money", about="lower end of its 90% interval", missing=True),
        "upper:<horizon>": Field(kind="number", unit="money", about="upper end of its 90% interval", missing=True),
        "at_risk": Field(
            kind="number", unit="money", about="value × probability of leaving within three months", missing=True
        ),
        "tier": Field(kind="text", about="tier by expected value within the last horizon"),
        "tier:<name>": share("probability of being in this tier"),
        "rfm_recency": Field(kind="number", about="score from 1 to 5, 5 the latest", missing=True),
        "rfm_frequency": Field(kind="number", about="score from 1 to 5, 5 the most", missing=True),
        "rfm_money": Field(kind="number", about="score from 1 to 5, 5 the most", missing=True),
    },
    key=("customer_id",),
    shares=("tier:<name>",),
)

VALUE_DRAWS = Declared(
    name="value_draws",
    about="Cash of each month from the day of valuation, not discounted, of customers of that day, by cell. Costs are "
    "negative. Draws hold what is not known of customers, parameters and the model, without the errors of earlier "
    "forecasts.",
    columns={
        "draw": Field(kind="whole", about="which draw", lowest=0),
        "month": Field(kind="whole", about="which month, from 1; its cash comes at its end", lowest=1),
        "cell": Field(kind="whole", about="which cell of `value_cells`", lowest=0),
        "customers": Field(kind="number", about="expected number still there at the end of the month", lowest=0.0),
        "cash_<kind>": Field(kind="number", unit="money", about="cash of this kind"),
    },
    key=("draw", "month", "cell"),
    draws="one world: model and parameters are common to all customers and months",
)

VALUE_CELLS = Declared(
    name="value_cells",
    about="Cells of `value_draws`: ways to group customers, crossed as long as there are few. Customers of cells of "
    "fewer than ten are one cell, others.",
    columns={
        "cell": Field(kind="whole", about="number of the cell", lowest=0),
        "customers": Field(kind="whole", about="how many there were on the day of valuation", lowest=1),
        "by:<grouping>": Field(kind="text", about="group of the cell"),
    },
    key=("cell",),
)

_MONEY = "money"
_ROI = "returned for 1 spent"

RETURNS = Declared(
    name="returns",
    about="Each initiative alone: what it costs and brings within the months that are counted, in present value. Left "
    "out where nothing is told of returns. Intervals are 90% credible.",
    columns={
        "initiative": Field(kind="text", about="its name"),
        "driver": Field(kind="text", about="item of the survey that it acts on"),
        "cost": Field(kind="number", unit=_MONEY, about="all that is spent", lowest=0.0),
        "value": Field(kind="number", unit=_MONEY, about="expected added cash"),
        "value_lower": Field(kind="number", unit=_MONEY, about="lower end of its interval"),
        "value_upper": Field(kind="number", unit=_MONEY, about="upper end of its interval"),
        "npv": Field(kind="number", unit=_MONEY, about="value less cost"),
        "npv_lower": Field(kind="number", unit=_MONEY, about="lower end of its interval"),
        "npv_upper": Field(kind="number", unit=_MONEY, about="upper end of its interval"),
        "roi": Field(kind="number", unit=_ROI, about="value over cost; none without cost", missing=True),
        "roi_lower": Field(kind="number", unit=_ROI, about="lower end of its interval", missing=True),
        "roi_upper": Field(kind="number", unit=_ROI, about="upper end of its interval", missing=True),
        "p_loss": share("probability that it brings less than it costs"),
        "payback_months": Field(
            kind="number", unit="months", about="first month that covers what was spent by then; never", missing=True
        ),
        "p_payback": share("probability that there is such a month"),
        "p_clears": share("probability that it clears the hurdle"),
        "evpi": Field(kind="number", unit=_MONEY, about="what knowing its net present value is worth", lowest=0.0),
        "lift": Field(kind="number", about="mean lift of the experience, in standard deviations of it"),
        "naive_<name>": Field(kind="number", about="the same by the usual chain; none where it has none", missing=True),
    },
    key=("initiative",),
)

RETURN_DRAWS = Declared(
    name="return_draws",
    about="What each initiative brings, draw by draw, within the months that are counted, in present value. Left out "
    "where nothing is told of returns.",
    columns={
        "draw": Field(kind="whole", about="which draw", lowest=0),
        "initiative": Field(kind="text", about="its name"),
        "lift": Field(kind="number", about="lift of the experience, in standard deviations of it"),
        "value": Field(kind="number", unit=_MONEY, about="added cash"),
        "npv": Field(kind="number", unit=_MONEY, about="value less cost"),
    },
    key=("draw", "initiative"),
    draws="one world: lifts, links and the base are common to all initiatives",
)

TABLES = (CUSTOMER_VALUE, VALUE_DRAWS, VALUE_CELLS, RETURNS, RETURN_DRAWS)
