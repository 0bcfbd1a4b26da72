"""What rows of treatments do not say of customers, in words: units and costs."""

from collections.abc import Iterator, Mapping

from workbench.findings import Check
from workbench.wording import listing, number, sentence


def gaps(without_unit: Mapping[str, int], unit: str, unpriced: Mapping[str, int], customers: int) -> Iterator[Check]:
    """Warnings of customers without a unit, and of those without a cost.

    Parameters
    ----------
    without_unit, unpriced
        How many by arm, as `in_units` and `read_costs` have them.
    unit
        Name of the column of the unit.
    customers
        Of the pilot.
    """
    if without_unit:
        yield Check(
            name="pilot_without_unit",
            status="warn",
            message=sentence(
                "{n} customers ({arms}) have no {unit} and are left out, as whole ones were dealt: what became of them "
                "is in no number. Find out why it is missing.",
                n=number(sum(without_unit.values())),
                arms=_by_arm(without_unit),
                unit=unit,
            ),
            value=sum(without_unit.values()),
            title=sentence("Customers of no unit"),
        )
    if unpriced:
        yield Check(
            name="pilot_costs",
            status="warn",
            message=sentence(
                "The cost of {n} customers of {all} ({arms}) is not recorded: they are taken to cost what the others "
                "of their arm did. Write 0 where nothing was paid, or say cost_per_customer=.",
                n=number(sum(unpriced.values())),
                all=number(customers),
                arms=_by_arm(unpriced),
            ),
            value=sum(unpriced.values()),
            title=sentence("Costs that are not recorded"),
        )


def _by_arm(counts: Mapping[str, int]) -> str:
    return listing([f"{number(n)} {arm}" for arm, n in sorted(counts.items())])
