"""A run's folder as one page that can be mailed: collected as plain data, laid out by nbconvert in our own template."""

from collections.abc import Mapping
from pathlib import Path

import nbformat
from jinja2 import Environment
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters import Highlight2HTML

from workbench.files import write_atomic
from workbench.reporting.collect import collect
from workbench.reporting.markup import clean, is_bare, prose
from workbench.reporting.page import TEMPLATES, finished, furnish


class ReportExporter(TemplateExporter):
    """nbconvert with our template in place of its own: no CDN, no foreign script, everything escaped.

    Templates are ours alone (none out of the working directory or the user's Jupyter folders), and no preprocessor
    runs: what is shown was decided by `collect`.
    """

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self) -> None:
        super().__init__(template_paths=[str(TEMPLATES)], template_file="report.html.j2", default_preprocessors=[])

    def _create_environment(self) -> Environment:
        environment = furnish(super()._create_environment())
        highlight = Highlight2HTML(pygments_lexer="python", parent=self)
        environment.filters.update(
            prose=prose,
            clean=clean,
            bare=is_bare,
            code=lambda source: Markup(highlight(source)),  # pygments escapes what it marks up
        )
        return environment


def render(run_folder: Path, manifest: Mapping | None = None) -> str:
    """The report of a run: one HTML page that needs no network and no other file.

    Parameters
    ----------
    run_folder
        Holds manifest.json, results.json and notebook.ipynb; read, never written.
    manifest
        What manifest.json will say, for a run that writes it last.

    Returns
    -------
    str
        A function of the folder's content alone: byte-identical when called twice.

    Raises
    ------
    StudyError
        The manifest is missing or is not one.
    """
    report = collect(run_folder, manifest)
    # The blocks of `report` are the notebook as far as it is shown; the exporter is given an empty one with its name.
    notebook = nbformat.v4.new_notebook(metadata={"title": report["title"]})
    html, _ = ReportExporter().from_notebook_node(notebook, resources={"report": report})
    return finished(html)


def write_report(run_folder: Path, manifest: Mapping | None = None) -> Path:
    """Render a run and write its report.html in one step; parameters as those of `render`.

    Parameters
    ----------
    run_folder, manifest
        As those of `render`.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    StudyError
        The manifest is missing or is not one.
    OSError
        The report cannot be written; an earlier one is as it was.
    """
    path = Path(run_folder) / "report.html"
    write_atomic(path, render(run_folder, manifest))
    return path
