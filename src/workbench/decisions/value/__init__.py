"""What customers are worth: present value of contribution by customer, tier and group, and where its doubt is from."""

from workbench.decisions.value.business import Block, Business, ForecastErrors, Money, Newcomers, Plan

__all__ = ["Block", "Business", "ForecastErrors", "Money", "Newcomers", "Plan"]
