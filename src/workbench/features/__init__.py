"""Point-in-time features, written once as Ibis expressions: what was known before a cut-off, what happened after it."""

from workbench.features.attributes import Attributes, attributes_at
from workbench.features.customers import Features, customer_features
from workbench.features.leaks import leak_checks, recomputation_checks
from workbench.features.outcomes import cancellations_after, purchases_after
from workbench.features.purchases import rfm
from workbench.features.snapshots import Records, Snapshots, future, history, records_of, snapshots

__all__ = [
    "Attributes",
    "Features",
    "Records",
    "Snapshots",
    "attributes_at",
    "cancellations_after",
    "customer_features",
    "future",
    "history",
    "leak_checks",
    "purchases_after",
    "recomputation_checks",
    "records_of",
    "rfm",
    "snapshots",
]
