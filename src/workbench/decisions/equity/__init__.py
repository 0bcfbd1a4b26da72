"""Customer equity: what all customers are worth and each of them, how sure that is, and what changes it."""

from workbench.decisions.equity.base import Base
from workbench.decisions.equity.change import Change, value_base
from workbench.decisions.equity.newcomer import Newcomer, newcomer_of
from workbench.decisions.equity.standing import Standing
from workbench.decisions.equity.worth import Assumptions, Worth, value_at

__all__ = [
    "Assumptions",
    "Base",
    "Change",
    "Newcomer",
    "Standing",
    "Worth",
    "newcomer_of",
    "value_at",
    "value_base",
]
