"""What past campaigns brought in for what they cost: `accounts` (one recipient, in money) → `words` → `past`."""

from workbench.decisions.campaigns.past import PastCampaigns, past_campaigns

__all__ = ["PastCampaigns", "past_campaigns"]
