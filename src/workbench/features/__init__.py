"""Point-in-time features, written once as Ibis expressions: what was known before a cut-off, what happened after it.

Examples
--------
>>> import ibis
>>> days = ["2026-01-05", "2026-02-01", "2026-03-10", "2026-02-11"]
>>> rows = {"customer_id": ["a", "a", "a", "b"], "timestamp": days, "amount": [10.0, 20.0, 5.0, 8.0]}
>>> transactions = ibis.memtable(rows).cast({"timestamp": "timestamp"})
>>> when = snapshots(["2026-03-01"], horizon_days=10)
>>> made = customer_features({"transactions": transactions}, when, unit="day")
>>> columns = ["customer_id", "frequency", "recency", "T", "monetary_value", "amount_30d"]
>>> made.table.order_by("customer_id").select(columns).to_pandas()
  customer_id  frequency  recency     T  monetary_value  amount_30d
0           a          1     27.0  54.0            20.0        20.0
1           b          0      0.0  17.0             0.0         8.0
>>> labels = purchases_after(made.table, transactions, when, records=made.records)
>>> labels.order_by("customer_id").label_lapsed.to_pandas().tolist()
[False, True]
"""

from workbench.features.attributes import Attributes, attributes_at
from workbench.features.customers import Features, customer_features
from workbench.features.leaks import leak_checks, recomputation_checks
from workbench.features.outcomes import cancellations_after, purchases_after
from workbench.features.purchase_log import PurchaseLog, purchase_log
from workbench.features.purchases import rfm
from workbench.features.schedule import Schedule, one_cutoff, schedule
from workbench.features.snapshots import Records, Snapshots, future, history, records_of, snapshots
from workbench.features.trials import FollowUp, follow_up
from workbench.statistics.dated import Recorded

__all__ = [
    "Attributes",
    "Features",
    "FollowUp",
    "PurchaseLog",
    "Recorded",
    "Records",
    "Schedule",
    "Snapshots",
    "attributes_at",
    "cancellations_after",
    "customer_features",
    "follow_up",
    "future",
    "history",
    "leak_checks",
    "one_cutoff",
    "purchase_log",
    "purchases_after",
    "recomputation_checks",
    "records_of",
    "rfm",
    "schedule",
    "snapshots",
]
