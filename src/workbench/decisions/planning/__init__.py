"""A pilot planned: `base` (whom there is) → `windows` (the past) → `prospects` (what is found), `drawn` → `plan`."""

from workbench.decisions.planning.base import Base, read_base
from workbench.decisions.planning.plan import Draft, Plan, draft, plan
from workbench.decisions.planning.scheme import Scheme

__all__ = ["Base", "Draft", "Plan", "Scheme", "draft", "plan", "read_base"]
