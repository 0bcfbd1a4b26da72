"""Whether a forecast has learned from rows that it is given: told of many together, and of no single one."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from workbench.models.attrition.model.encoding import Encoding

SURE = 1e-6
"""One list in a million: rows are said to be known where as many would look so by chance more seldom."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """Rows that were learned from, as cells of a table of hashes (a Bloom filter of one hash, Bloom 1970).

    Half of the cells are taken, so that a row that nobody has learned from looks known as often as not: of a single
    customer nothing can be told, of many rows how many of them are known.

    Attributes
    ----------
    taken : (cells,) bool
        Cells with at least one row.
    alike
        Share of rows of other customers that equal a known one: 1 less the share of rows seen once (Good 1953).
    """

    taken: np.ndarray
    alike: float

    @classmethod
    def of(cls, encoding: Encoding, features: pd.DataFrame) -> "Seen":
        """Those that were learned from.

        Parameters
        ----------
        encoding
            The features that a forecast needs.
        features
            One row a customer.
        """
        hashes = _hashes(encoding, features)
        different, times = np.unique(hashes, return_counts=True)
        taken = np.zeros(max(int(np.ceil(len(different) / np.log(2))), 1), dtype=bool)
        taken[different % len(taken)] = True
        return cls(taken=taken, alike=1 - float((times == 1).sum()) / len(hashes))

    @classmethod
    def read(cls, card: Mapping[str, Any]) -> "Seen":
        """Read back what `card` gave.

        Parameters
        ----------
        card
            Plain data.
        """
        cells = np.frombuffer(base64.b64decode(card["taken"]), dtype=np.uint8)
        return cls(taken=np.unpackbits(cells, count=card["cells"]).astype(bool), alike=card["alike"])

    @property
    def card(self) -> dict[str, Any]:
        """The same as plain data, safe for strict JSON."""
        taken = base64.b64encode(np.packbits(self.taken).tobytes()).decode()
        return {"cells": len(self.taken), "taken": taken, "alike": self.alike}

    def among(self, encoding: Encoding, features: pd.DataFrame) -> int:
        """How many rows are known; 0 where they are not surely more than would look so by chance.

        Parameters
        ----------
        encoding, features
            As for `of`.
        """
        looks = self.taken[_hashes(encoding, features) % len(self.taken)]
        chance = self.alike + (1 - self.alike) * float(self.taken.mean())
        if not len(looks) or chance >= 1 or stats.binom.sf(looks.sum() - 1, len(looks), chance) >= SURE:
            return 0
        return round(len(looks) * (float(looks.mean()) - chance) / (1 - chance))


def _hashes(encoding: Encoding, features: pd.DataFrame) -> np.ndarray:
    return pd.util.hash_pandas_object(pd.DataFrame(encoding.rows(features)), index=False).to_numpy()
