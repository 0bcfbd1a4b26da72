"""Tables of a run on disk: CSV for people, Parquet for machines, those about single customers apart and locked."""

import io
import json
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workbench.declared import Declared, declared, faults
from workbench.declared.contract import CUSTOMER
from workbench.errors import StudyError
from workbench.exhibits import People, Samples, Saved
from workbench.files import UNWRITABLE, file_hash, write_atomic
from workbench.wording import inert, sentence

if TYPE_CHECKING:
    from pandas import DataFrame

PUBLIC, PRIVATE, MODEL = "tables", "private", "model"
# Under these names a Parquet file carries what is declared of it, and who stands behind its rows.
DECLARATION, BEHIND = b"workbench.declared", b"workbench.people"
ACTED_ON = ("assignment", "target_list")
"""Lists of customers by which people act: whoever has data and key may have them under their own ids."""
WRITTEN = 100_000  # rows of CSV that are text at once: 40 MB of a list with reasons


def write_table(
    folder: Path,
    frame: "DataFrame",
    name: str,
    declaration: Declared | None = None,
    people: People | None = None,
) -> None:
    """Write a table into a run's folder; rows of single customers go where nobody else reads and nothing links to.

    Parameters
    ----------
    folder
        Of the run.
    frame
        The index is left out.
    name
        Of the file, without its ending.
    declaration
        What other studies may rely on; by default what is declared of a table of this name of this study.
    people
        Who stands behind its rows, where they are groups of people; small ones are hidden already.

    Raises
    ------
    StudyError
        Where the table breaks its declaration, with all that does.
    """
    declaration = declaration or declared(folder.parent.name, name)
    if declaration is not None and (broken := faults(declaration, frame)):
        raise StudyError(*broken)
    single = CUSTOMER in frame.columns
    home = folder / (PRIVATE if single else PUBLIC)
    home.mkdir(mode=0o700 if single else 0o755, exist_ok=True)
    mode = 0o600 if single else 0o644
    write_atomic(home / f"{name}.parquet", lambda file: _parquet(frame, file, declaration, people), mode=mode)
    write_atomic(home / f"{name}.csv", lambda file: _csv(frame, file), mode=mode)


def read_list(folder: Path, name: str) -> "DataFrame | None":
    """A list of single customers of a run; None where it has none of that name.

    Parameters
    ----------
    folder
        Of the run.
    name
        Of the file, without its ending.
    """
    import pandas

    path = folder / PRIVATE / f"{name}.parquet"
    return pandas.read_parquet(path) if path.is_file() else None


def write_own_ids(folder: Path, frame: "DataFrame", name: str) -> Path:
    """Write a list whose ids are those of the files to private/<name>_own_ids.csv of a run, for its owner alone.

    Parameters
    ----------
    folder
        Of the run.
    frame
        The index is left out.
    name
        Of the list.
    """
    path = folder / PRIVATE / f"{name}_own_ids.csv"
    write_atomic(path, lambda file: _csv(frame, file), mode=0o600)
    return path


def write_lines(folder: Path, name: str, text: str) -> None:
    """Write lines that somebody takes over to private/<name>.yaml of a run.

    Parameters
    ----------
    folder
        Of the run.
    name
        Of the file, without its ending.
    text
        The lines.
    """
    home = folder / PRIVATE
    home.mkdir(mode=0o700, exist_ok=True)
    write_atomic(home / f"{name}.yaml", text, mode=0o600)


def write_samples(folder: Path, samples: Samples) -> None:
    """Write what was sampled of a posterior to model/<name>.zarr of a run; `arviz.from_zarr` reads it.

    Parameters
    ----------
    folder
        Of the run.
    samples
        What was sampled.
    """
    import xarray

    held = {
        name: (("chain", "draw", *samples.dimensions.get(name, ())), values)
        for name, values in samples.variables.items()
    }
    posterior = xarray.Dataset(held, coords={name: list(labels) for name, labels in samples.labels.items()})
    home = folder / MODEL
    home.mkdir(exist_ok=True)
    # Whole or not there: it is written under another name first.
    with tempfile.TemporaryDirectory(dir=home, prefix=".") as beside:
        xarray.DataTree.from_dict({"posterior": posterior}).to_zarr(Path(beside) / "samples")
        os.rename(Path(beside) / "samples", home / f"{samples.name}.zarr")


def write_model(folder: Path, saved: Saved) -> None:
    """Write the files of a fitted model to model/ of a run.

    Parameters
    ----------
    folder
        Of the run.
    saved
        Its files by name.
    """
    home = folder / MODEL
    home.mkdir(exist_ok=True)
    for name, content in saved.files.items():
        write_atomic(home / Path(name).name, content)


def tables_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The tables that a run has written: `file`, `sha256`, and the mark of its declaration where it is for others.

    `single_customers` says whether rows are of single customers: they lie in private/, not shown, not linked. `people`
    says which columns count people, and of which groups: by it runs are compared.

    Parameters
    ----------
    folder
        Of the run.
    """
    found = {}
    for home in (PUBLIC, PRIVATE):
        for path in sorted((folder / home).glob("*.parquet")):
            declaration, behind = declaration_of(path), _written(path, BEHIND)
            found[path.stem] = {
                "file": f"{home}/{path.name}",
                "sha256": file_hash(path),
                "declared": None if declaration is None else declaration.mark,
                "single_customers": home == PRIVATE,
                **({} if behind is None else {"people": behind}),
                **({"about": said_of_private()} if home == PRIVATE else {}),
            }
    return found


def said_of_private() -> str:
    """What a manifest says of tables about single customers."""
    return sentence(
        "Rows are single customers: for those who act on them. The file is its owner's alone; no report shows or links "
        "it, no workbook holds it. Pass none of it on."
    )


def model_of(folder: Path) -> dict[str, str]:
    """Hashes of the files of a run's model, by their place in its folder.

    Parameters
    ----------
    folder
        Of the run.
    """
    files = sorted(path for path in (folder / MODEL).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}


def declaration_of(path: Path) -> Declared | None:
    """What is declared of the table in a Parquet file; None where nothing is, or the file is none.

    Parameters
    ----------
    path
        Of the file.
    """
    written = _written(path, DECLARATION)
    return None if written is None else Declared.from_data(written)


def _written(path: Path, name: bytes) -> Any:
    """What stands under a name in a Parquet file; None where nothing does, or the file is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        written = (pq.read_schema(path).metadata or {}).get(name)
    except (pa.ArrowInvalid, OSError):
        return None
    return None if written is None else json.loads(written)


def _parquet(frame: "DataFrame", file: IO[bytes], declaration: Declared | None, people: People | None) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    told: dict[bytes, Any] = {}
    if declaration is not None:
        told[DECLARATION] = declaration.to_data()
    if people is not None:
        told[BEHIND] = {"count": people.count, "by": list(people.by), "within": list(people.within)}
    if told:
        written = {name: json.dumps(data, ensure_ascii=False).encode() for name, data in told.items()}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **written})
    pq.write_table(table, file)


def _csv(frame: "DataFrame", file: IO[bytes]) -> None:
    """CSV that a spreadsheet does not run; some rows after the others, for a million as text do not fit beside all."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors=UNWRITABLE, newline="")
    # Whether a column of moments is one of days shows in all of it.
    together = max(len(frame), 1) if any(kind.kind == "M" for kind in frame.dtypes) else WRITTEN
    for start in range(0, max(len(frame), 1), together):
        safe = frame.iloc[start : start + together].rename(columns=inert)
        for position, kind in enumerate(safe.dtypes):
            if kind.kind not in "iufbM":
                safe.isetitem(position, [inert(value) for value in safe.iloc[:, position]])
        safe.to_csv(text, index=False, header=not start, lineterminator="\n")
    text.detach()
