"""What tables look like before anything is modelled, compared with those of samples."""

from workbench.models.descriptive.concentration import concentration
from workbench.models.descriptive.fading_use import use_before_leaving
from workbench.models.descriptive.marginals import recommend_groups, share_staying
from workbench.models.descriptive.purchase_gaps import repurchase
from workbench.models.descriptive.sample_comparison import SampleComparison, Summary

__all__ = [
    "SampleComparison",
    "Summary",
    "concentration",
    "recommend_groups",
    "repurchase",
    "share_staying",
    "use_before_leaving",
]
