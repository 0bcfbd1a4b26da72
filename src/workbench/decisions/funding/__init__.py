"""What to fund: what a reader gets of initiatives, from the chain that leads from them to money."""

from workbench.decisions.funding.fund import Funding, Terms, counted, fund

__all__ = ["Funding", "Terms", "counted", "fund"]
