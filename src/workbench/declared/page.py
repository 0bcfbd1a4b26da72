"""The page docs/tables_for_studies.md, made of the declarations; `python -m workbench.declared.page` prints it."""

from collections.abc import Iterable, Iterator

from workbench.declared import TABLES
from workbench.declared.contract import Declared, Field

HEAD = """# Tables that studies leave for other studies

Made by `python -m workbench.declared.page` from the declarations in `src/workbench/declared`. A study reads them by
`run.earlier("churn_survival", choice=survival_run).table("survival")`, and `.draws("…")` where they hold draws; they
are checked against what stands here when they are written and when they are read. Tables of single customers lie in
`private/` of the run's folder, which only its owner can read; all others in `tables/`. Each is there as Parquet, and
as CSV for people. [Studies that join](studies_that_join.md) shows how they are used together.
"""


def page() -> str:
    """The page, as Markdown."""
    return "\n".join([HEAD, *(line for study, tables in TABLES.items() for line in _study(study, tables.values()))])


def _study(study: str, tables: Iterable[Declared]) -> Iterator[str]:
    yield f"## {study}\n"
    for table in tables:
        home = "private" if table.private else "tables"
        yield f"### {table.name}\n\n{table.about} In `{home}/{table.name}.parquet`; one row for each "
        yield f"{', '.join(f'`{name}`' for name in table.key)}.\n"
        if table.draws:
            yield f"One draw is {table.draws}. `draw` counts from 0 without a gap.\n"
        yield "| column | what it is | unit |\n|---|---|---|"
        yield from (f"| `{name}` | {_said(column)} | {column.unit} |" for name, column in table.columns.items())
        if table.shares:
            yield f"\nIn every row {', '.join(f'`{name}`' for name in table.shares)} sum to 1."
        yield ""


def _said(column: Field) -> str:
    return column.about + ("; may be missing" if column.missing else "")


if __name__ == "__main__":
    print(page(), end="")
