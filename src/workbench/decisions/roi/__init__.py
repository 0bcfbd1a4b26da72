"""What an initiative returns: from a better experience to money, as one joint posterior."""

from workbench.decisions.roi.chain import Chain, chain_of
from workbench.decisions.roi.experience import Experience, return_on_experience
from workbench.decisions.roi.initiatives import Initiative, read_initiatives
from workbench.decisions.roi.links import Base, Lift, Link
from workbench.decisions.roi.result import Returns
from workbench.decisions.roi.steps import Step, held, steps_of

__all__ = [
    "Base",
    "Chain",
    "Experience",
    "Initiative",
    "Lift",
    "Link",
    "Returns",
    "Step",
    "chain_of",
    "held",
    "read_initiatives",
    "return_on_experience",
    "steps_of",
]
