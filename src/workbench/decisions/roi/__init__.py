"""What an initiative returns: from a better experience to money, as one joint posterior."""

from workbench.decisions.roi.chain import Base, Lift, Link, returns
from workbench.decisions.roi.experience import Experience, return_on_experience
from workbench.decisions.roi.initiatives import Initiative, read_initiatives
from workbench.decisions.roi.result import Returns

__all__ = [
    "Base",
    "Experience",
    "Initiative",
    "Lift",
    "Link",
    "Returns",
    "read_initiatives",
    "return_on_experience",
    "returns",
]
