"""What an initiative returns: from a better experience to money, as one joint posterior."""

from workbench.decisions.roi.chain import Base, Lift, Link, returns
from workbench.decisions.roi.initiatives import Initiative, read_initiatives
from workbench.decisions.roi.result import Returns

__all__ = ["Base", "Initiative", "Lift", "Link", "Returns", "read_initiatives", "returns"]
