"""What the rows of treatments say of customers: what each cost, when each had what, and who is of no unit."""

from workbench.decisions.rollout.dealt.costs import Costs, read_costs
from workbench.decisions.rollout.dealt.gaps import gaps
from workbench.decisions.rollout.dealt.spells import in_another, spells_of
from workbench.decisions.rollout.dealt.whole import in_units

__all__ = ["Costs", "gaps", "in_another", "in_units", "read_costs", "spells_of"]
