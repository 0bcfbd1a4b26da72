"""The door through which data enter: dataset.yaml, canonical tables and their contracts, samples.

Examples
--------
>>> from pathlib import Path
>>> from workbench import datasets
>>> [listing.name for listing in datasets.available(Path("no project"))]
['cdnow', 'completejourney', 'corp_rep', 'mobi', 'telco']
>>> telco = datasets.find("telco", Path("no project"))
>>> telco.fictional, telco.table("lifetimes").segments, telco.table("lifetimes").time_unit
(True, ('contract', 'internet_service', 'payment_method'), 'months')
"""

from workbench.datasets.catalogue import Listing, available, find
from workbench.datasets.dataset import Dataset
from workbench.datasets.definitions.dataset import ColumnDefinition, TableDefinition

__all__ = ["ColumnDefinition", "Dataset", "Listing", "TableDefinition", "available", "find"]
