"""What attrition_risk leaves for other studies."""

from workbench.declared.churn_survival import CUSTOMER, share
from workbench.declared.contract import Declared, Field

RISK = {
    "customer_id": CUSTOMER,
    "probability": share("probability of leaving within the label window"),
    "lower": share(
        "lower end of the 90% interval of the risk, by who left of the 500 (of few: a tenth) scored most alike"
    ),
    "upper": share("upper end of it"),
    "reason_1": Field(kind="text", about="what raises this customer's risk most, in words", missing=True),
    "reason_2": Field(kind="text", about="what comes next", missing=True),
    "reason_3": Field(kind="text", about="what comes third", missing=True),
}

SCORES = Declared(
    name="scores",
    about="Each active customer and the risk of leaving within the label window; reasons are associations.",
    columns=RISK,
    key=("customer_id",),
)

TARGETS = Declared(
    name="target_list",
    about="Each active customer, the highest expected profit of a contact first.",
    columns={
        **RISK,
        "expected_profit": Field(kind="number", unit="money", about="expected profit of contacting the customer"),
        "recommended": Field(kind="truth", about="whether to contact the customer, within capacity and policy"),
        "drawn": Field(
            kind="truth",
            about="of the recommended: whether to contact the customer; where the round is only a test, by lot",
            missing=True,
        ),
        "week": Field(
            kind="whole", about="in which week of the round; missing where not recommended", lowest=1, missing=True
        ),
        "team": Field(kind="text", about="who would contact the customer"),
    },
    key=("customer_id",),
)

TABLES = (SCORES, TARGETS)
