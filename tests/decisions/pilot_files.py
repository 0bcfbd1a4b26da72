"""Small pilots as files, for tests of every design: tables, the design, and the opening of the study."""

import pandas as pd

from workbench import datasets, features
from workbench.decisions import rollout

KINDS = {
    "start": "{type: date}",
    "end": "{type: date}",
    "cost": "{currency: EUR}",
    "shop": "{type: category}",
    "region": "{type: category, use: before}",
    "spend": "{type: money, currency: EUR, use: outcome}",
    "visits": "{type: number, use: outcome}",
    "took": "{type: boolean, use: outcome}",
    "came": "{type: boolean, use: outcome}",
}
NAMES = ("treatments", "customers", "subscriptions", "transactions", "interactions", "surveys")


def write(bench, rows, design, *, orders=None, more="", kinds=None, initiative="test"):
    """A dataset `made` with a pilot: treatments, and orders (`customer_id`, `timestamp`, `amount`)."""
    folder = bench.root / "data" / "made"
    folder.mkdir(exist_ok=True)
    rows.to_csv(folder / "treatments.csv", index=False)
    columns = "".join(f"      {name}: {kind}\n" for name, kind in (KINDS | (kinds or {})).items() if name in rows)
    text = (
        "title: Made\ntables:\n  treatments:\n    file: treatments.csv\n    design:\n"
        f"      {initiative}: {design}\n    columns:\n      customer_id: {{personal: false}}\n"
        f"      initiative: initiative\n      arm: arm\n{columns}"
    )
    if orders is not None:
        orders.to_csv(folder / "transactions.csv", index=False)
        text += (
            "  transactions:\n    file: transactions.csv\n    columns:\n      customer_id: {personal: false}\n"
            "      timestamp: {type: timestamp}\n      amount: {type: money, currency: EUR}\n"
        )
    (folder / "dataset.yaml").write_text(text + more)


def opened(bench, **question):
    """The opening of the study on it, without a kernel."""
    dataset = datasets.find("made", bench.root)
    tables = {name: dataset.load(name).frame if name in dataset.tables else None for name in NAMES}
    begun = rollout.begin(dataset, tables, initiative=None)
    return rollout.ready(begun, features.follow_up(begun.roster, tables, dataset), rollout.Question(**question))


def answered(bench, **question):
    """The evaluation of it, without a kernel."""
    return rollout.answer(opened(bench, **question), previous=[], dataset="made")


def bought(people, month, amount, first="2024-01-01"):
    """Orders on the tenth day of months since the first: same length."""
    begin = pd.date_range(first, periods=int(max(month)) + 1, freq="MS") + pd.Timedelta(days=9)
    return pd.DataFrame({"customer_id": people, "timestamp": begin.to_numpy()[month], "amount": amount})
