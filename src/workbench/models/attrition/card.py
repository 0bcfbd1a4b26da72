"""A forecast on disk: trees as XGBoost writes them, and a card in JSON with all that scoring needs beside them.

Nothing in it is of single customers: of each feature its levels, its middle 98% and tenths, of the risks their tenths.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost

from workbench.errors import DataError
from workbench.exhibits import Saved
from workbench.files import strict_json
from workbench.models.attrition.forecast import LeaversForecast
from workbench.models.attrition.model.baselines import Baseline, BaseRate, Logistic, SingleFeature
from workbench.models.attrition.model.boosting import Search, Settings
from workbench.models.attrition.model.calibration import Calibration
from workbench.models.attrition.model.customers import Customers
from workbench.models.attrition.model.encoding import CHUNK, Encoding
from workbench.models.attrition.model.fitting import BoostedModel
from workbench.models.attrition.model.levels import Level
from workbench.models.attrition.population import Population
from workbench.models.attrition.reasons.reasons import Names
from workbench.models.attrition.scores import Alike
from workbench.models.attrition.seen import Seen
from workbench.models.attrition.stability import (
    TENTHS,
    between_snapshots,
    cells_of,
    chance_of,
    counts_of,
    edges_of,
    index_of,
)
from workbench.suppression import SMALLEST_GROUP
from workbench.wording import sentence

SCHEMA = 6  # of the card: a change that old readers cannot read counts it up
CARD = "card.json"
MOST_DESCRIBED = 300_000
"""Rows by which a card describes features: tenths of so many are known to a thousandth."""
MIDDLE = (0.01, 0.99)
"""Quantiles that a card gives as a feature's range: the ends themselves are values of single customers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SavedForecast:
    """A forecast read back.

    Attributes
    ----------
    card
        What stands in `model/card.json`.
    used
        The forecast.
    names
        How features are called.
    alike
        How far a risk may be off, by customers scored alike.
    level
        How many leave of all customers together.
    """

    card: Mapping[str, Any]
    used: BoostedModel | Baseline
    names: Names
    alike: Alike
    level: Level

    @property
    def encoding(self) -> Encoding:
        """The features that it needs, in order."""
        return Encoding(levels={each["name"]: _levels(each) for each in self.card["features"]})

    @property
    def learned_until(self) -> dt.date | None:
        """The first cut-off of whose label window it has learned nothing; None of a flat table."""
        if len(self.card["cutoffs"]) < 2:
            return None
        last = dt.date.fromisoformat(self.card["cutoffs"][-2])
        return last + dt.timedelta(days=self.card["window_days"])

    def known_rows(self, features: pd.DataFrame) -> int:
        """How many rows of a flat table it has learned from; 0 where that is not surely more than chance.

        Parameters
        ----------
        features
            One row a customer.
        """
        card = self.card.get("learned_rows")
        return 0 if card is None else Seen.read(card).among(self.encoding, features)

    @property
    def window(self) -> tuple[float, float] | None:
        """Days from the cut-off in which the label window opens and closes; None of a flat table."""
        days, gap = self.card["window_days"], self.card["gap_days"]
        return None if days is None else (gap, gap + days)


def saved(forecast: LeaversForecast, population: Population) -> Saved:
    """The forecast for `model/` of a run.

    Parameters
    ----------
    forecast
        That is used.
    population
        Whom it was made for.
    """
    files: dict[str, bytes] = {}
    used = forecast.used
    everybody = population.customers
    earlier = everybody.part(
        everybody.drawn(MOST_DESCRIBED, random_seed=forecast.random_seed, among=~forecast.parts["test"])
    )
    encoding = getattr(used, "encoding", None) or Encoding.of(earlier.features)
    if isinstance(used, BoostedModel):
        files = {f"refit_{at:02}.ubj": bytes(each.save_raw("ubj")) for at, each in enumerate(used.boosters)}
    probability = forecast.choice.probability
    when = population.when
    evaluated = forecast.choice.evaluation
    edges = np.unique(np.quantile(probability, TENTHS))
    alike = Alike.among(probability, forecast.test.left, forecast.test.weights)
    described = [_feature(name, levels, earlier, population.names) for name, levels in encoding.levels.items()]
    before = used.probability(everybody.part(forecast.parts["calibrate"]).features)
    card = {
        "schema": SCHEMA,
        "used": forecast.choice.used,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "features": described,
        "calibration": asdict(used.calibration) if isinstance(used, BoostedModel) else None,
        "baseline": None if isinstance(used, BoostedModel) else _state(used),
        "source": population.source,
        "cutoffs": [] if when is None else [str(day) for day in when.cutoffs],
        "window_days": None if when is None else when.horizon_days,
        "gap_days": None if when is None else when.gap_days,
        "score": {
            "edges": edges.tolist(),
            "counts": counts_of(probability, edges).tolist(),
            "usual": float(index_of(counts_of(before, edges), counts_of(probability, edges))),
        },
        "alike": {key: np.asarray(value).tolist() for key, value in vars(alike).items()},
        "level": asdict(forecast.level),
        "evaluation": {
            "rows": evaluated.rows,
            "cases": evaluated.cases,
            "capacity": evaluated.capacity,
            "roc_auc": evaluated.score(forecast.choice.used, "roc_auc"),
            "roc_auc_interval": list(evaluated.interval(forecast.choice.used, "roc_auc")),
        },
        "data": _fingerprint(population),
        "retention": list(population.retention),
        "learned_rows": Seen.of(encoding, everybody.features).card if when is None else None,
        "versions": {"xgboost": xgboost.__version__, "pandas": pd.__version__, "numpy": np.__version__},
    }
    return Saved(files={**files, CARD: strict_json(card).encode()})


def read_forecast(folder: Path) -> SavedForecast:
    """Read a forecast back from `model/` of a run.

    Parameters
    ----------
    folder
        Of the run.

    Raises
    ------
    DataError
        There is none, it was written by another version, or a file has been changed.
    """
    path = folder / "model" / CARD
    if not path.is_file():
        raise DataError(
            sentence("Run {run} has no model; run the study again: `workbench rerun {run}`.", run=folder.name)
        )
    card = json.loads(path.read_text(encoding="utf-8"))
    theirs, mine = card.get("versions", {}).get("xgboost", ""), xgboost.__version__
    if card.get("schema") != SCHEMA or theirs.split(".")[0] != mine.split(".")[0]:
        template = (
            "The model of run {run} was written by another version (format {old}, XGBoost {theirs}; here format {new}, "
            "XGBoost {mine}); run the study again: `workbench rerun {run}`."
        )
        words = {"theirs": theirs or "?", "mine": mine, "old": card.get("schema", "?"), "new": SCHEMA}
        raise DataError(sentence(template, run=folder.name, **words))
    boosters = []
    for name, expected in card["files"].items():
        file = folder / "model" / Path(name).name
        content = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(content).hexdigest() != expected:
            raise DataError(sentence("Run {run}: model/{file} is missing or was changed.", run=folder.name, file=name))
        boosters.append(xgboost.Booster({"nthread": 1}, model_file=bytearray(content)))
    names = Names(
        labels={each["name"]: each["label"] for each in card["features"]},
        units={each["name"]: each["unit"] for each in card["features"] if each["unit"]},
        themes={each["name"]: each["theme"] for each in card["features"]},
    )
    encoding = Encoding(levels={each["name"]: _levels(each) for each in card["features"]})
    used: BoostedModel | Baseline
    if card["used"] == "boosted":
        nothing = Search(tried=pd.DataFrame(), best=Settings())
        calibration = Calibration(**card["calibration"])
        used = BoostedModel(
            encoding=encoding, boosters=tuple(boosters), calibration=calibration, searched=nothing, rows=0
        )
    else:
        used = _baseline(card["baseline"], encoding)
    kept: dict[str, Any] = {key: value if key == "of" else np.array(value) for key, value in card["alike"].items()}
    return SavedForecast(card=card, used=used, names=names, alike=Alike(**kept), level=Level(**card["level"]))


def _levels(feature: Mapping[str, Any]) -> tuple[str, ...] | None:
    return None if feature["levels"] is None else tuple(feature["levels"])


def _feature(name: str, levels: tuple[str, ...] | None, learned: Customers, names: Names) -> dict[str, Any]:
    values = Encoding(levels={name: levels}).column(learned.features, name)
    known = values[~np.isnan(values)]
    edges = edges_of(values, levels=None if levels is None else len(levels))
    found: dict[str, Any] = {
        "name": name,
        "label": names.label(name),
        "unit": names.units.get(name, ""),
        "theme": names.theme(name),
        "kind": "number" if levels is None else "category",
        "levels": None if levels is None else list(levels),
    }
    if levels is None:
        found["range"] = [float(end) for end in np.quantile(known, MIDDLE)] if len(known) else None
    return {
        **found,
        "edges": edges.tolist(),
        "counts": _of_many(values, edges, learned.ids).tolist(),
        "usual": float(between_snapshots(values, learned.snapshots, edges).max(initial=0.0)),
    }


def _of_many(values: np.ndarray, edges: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """How many values lie in each cell; those of fewer than ten customers are counted in the largest."""
    counts, cells = counts_of(values, edges), cells_of(values, edges)
    each = pd.DataFrame({"cell": cells, "who": ids}).drop_duplicates()["cell"]
    people = np.bincount(each, minlength=len(counts))
    few = (people > 0) & (people < SMALLEST_GROUP)
    counts[people.argmax()] += counts[few].sum()
    counts[few] = 0
    return counts


def stability_of(described: Mapping[str, Any], values: np.ndarray, *, features: int) -> dict[str, float]:
    """`stability` of values (N,), the index against what a card holds of those learned from, and its `chance`.

    Parameters
    ----------
    described
        What the card says of the feature.
    values
        Values (N,), NaN where missing.
    features
        How many are looked at together.
    """
    counts, edges = np.asarray(described["counts"]), np.asarray(described["edges"], dtype=float)
    now = counts_of(values, edges)
    return {"stability": float(index_of(counts, now)), "chance": chance_of(counts, now, features=features)}


def _state(used: Baseline) -> dict[str, Any]:
    state = {key: value for key, value in vars(used).items() if key != "encoding"}
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in state.items()}
    return {"kind": type(used).__name__, **plain}


def _baseline(state: Mapping[str, Any], encoding: Encoding) -> Baseline:
    kept: dict[str, Any] = {key: np.array(value) if isinstance(value, list) else value for key, value in state.items()}
    kind = kept.pop("kind")
    match kind:
        case "Logistic":
            return Logistic(encoding=encoding, **kept)
        case "SingleFeature":
            levels = kept.pop("levels")
            return SingleFeature(levels=None if levels is None else tuple(map(str, levels)), **kept)
    return BaseRate(**kept)


def _fingerprint(population: Population) -> str:
    """Of the rows that were learned from and evaluated on."""
    found = hashlib.sha256()
    everybody, place = population.customers, np.arange(len(population.customers))
    for start in range(0, len(everybody), CHUNK):  # of a million rows as text there is no room for more
        frame = everybody.part((place >= start) & (place < start + CHUNK)).frame()
        text = frame.astype({name: str for name in frame if frame[name].dtype == object})
        found.update(pd.util.hash_pandas_object(text, index=False).to_numpy().tobytes())
    return "sha256:" + found.hexdigest()
