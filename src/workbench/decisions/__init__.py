"""A forecast in money: `acceptance` → `offers` (a contact) → `empc`, `profit` → `contacting` → `recommending`."""

from workbench.decisions.acceptance import Acceptance
from workbench.decisions.contacting import Capacity, Policy, contact_list, list_contacts
from workbench.decisions.offers import Offer
from workbench.decisions.profit import Campaign, evaluate_campaign
from workbench.decisions.recommending import recommend

__all__ = [
    "Acceptance",
    "Campaign",
    "Capacity",
    "Offer",
    "Policy",
    "contact_list",
    "evaluate_campaign",
    "list_contacts",
    "recommend",
]
