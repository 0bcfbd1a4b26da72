"""The command line. It answers without a heavy import: what costs time is imported by the command that needs it."""

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.errors import GateError, ParameterError, StudyError, WorkbenchError
from workbench.files import PRIVATE, remove_left
from workbench.studies import index, manifest
from workbench.studies.definition import notebook as definition
from workbench.studies.definition.names import dataset_name, sort_slips, study_name
from workbench.studies.definition.project import Project
from workbench.studies.small_groups.together import told_together
from workbench.terminal import one_line, only_visible
from workbench.wording import shown

if TYPE_CHECKING:
    from workbench.studies.plan import Plan

# The study whose runs hold a model, and the one that uses it on other customers.
MODELLED, SCORES = "attrition_risk", "attrition_scores"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments
        Words of the command; those that the process was given where it is None.

    Returns
    -------
    int
        0 done; 1 the study failed; 2 usage, parameters or data refused; 3 a statistical gate failed; 130 and 143
        interrupted by Ctrl-C and SIGTERM, 129 by the end of its terminal.
    """
    parser = _parser()
    options, more = parser.parse_known_args(arguments)
    if more and (not hasattr(options, "more") or any(word.startswith("-") for word in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if more:
        options.more = more
    with only_visible(out=not getattr(options, "json", False)):
        return _command(options)


def _command(options: argparse.Namespace) -> int:
    remove_left(PRIVATE)  # rows that a command which was killed had laid out go with the next, whichever it is
    try:
        return options.command(options) or 0
    except WorkbenchError as error:
        if options.debug:
            traceback.print_exc()
        for fault in error.faults:
            print(f"workbench: {fault}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("workbench: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`workbench runs | head`); nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        if options.debug:
            traceback.print_exc()
        print(f"workbench: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 - the last line before a person, who is shown no traceback unasked
        if options.debug:
            traceback.print_exc()
        print(f"workbench: internal error, {type(error).__name__}: {error}; --debug shows where", file=sys.stderr)
        return 1


def list_studies(options: argparse.Namespace) -> None:
    """Print the studies, each with its question."""
    project = Project.find()
    broken: list[str] = []
    for path in definition.study_paths(project.notebooks):
        try:
            study = definition.read_study(path)
        except StudyError as error:
            broken += error.faults
        else:
            print(f"{study.name:<24}{study.question}")
    for fault in broken:
        print(f"workbench: not a study: {fault}", file=sys.stderr)


def describe(options: argparse.Namespace) -> None:
    """Print a study's parameters and the tables it needs."""
    project = Project.find()
    study = definition.find_study(project.notebooks, study_name(project, options.study)).checked()
    print(f"{study.title}\n{study.question}\n\nParameters (-p name=value)")
    for each in study.parameters.values():
        default = json.dumps(each.to_data(each.default), ensure_ascii=False)
        unit = f"[{each.unit}] " if each.unit else ""
        print(f"  {each.name}: {each.annotation} = {default}\n      {unit}{each.help}")
    needed = list(study.tables)
    if study.choice is not None:
        needed.append(f"one of {', '.join(study.choice.tables)} (parameter {study.choice.parameter})")
    print(f"\nTables needed: {', '.join(needed) or 'none'}")
    for source in study.earlier:
        how = "read where there is one" if source.optional else "read"
        print(f"Earlier runs {how}: {source.study} (parameter {source.parameter})")
    if study.calls.features:
        print("Features are made of all tables of customers and events that are there.")
    if study.optional:
        print(f"Tables used where they are there: {', '.join(study.optional)}")


def run(options: argparse.Namespace) -> int:
    """Run a study."""
    if len(options.params) > 1:
        raise ParameterError(f"--params: got {len(options.params)} files, expected one")
    from workbench.studies.definition.parameter_file import read_parameter_file

    values = read_parameter_file(options.params[0]) if options.params else None
    return _run(options, options.study, values, options.where)


def rerun(options: argparse.Namespace) -> int:
    """Run a study as an earlier run was, with changes."""
    folder = manifest.resolve_run(Project.find().reports, options.run)
    earlier = manifest.read_manifest(folder)
    if earlier["status"] == "unreadable":
        raise StudyError(f"run {folder.name} cannot be repeated: {earlier['reason']}.")
    if options.with_inputs:
        return _rerun_chain(options, earlier)
    return _run(options, earlier["study"], earlier["parameters"], _part(options, earlier), earlier)


def _rerun_chain(options: argparse.Namespace, last: Mapping[str, Any]) -> int:
    """Repeat all that a run stands on, each on what was repeated before it, and at last the run itself."""
    from workbench.studies.chain import chain_of, check_secrets, standing_on

    renewed: dict[str, str] = {}
    *below, _ = chain_of(Project.find().earlier_reports, last)
    # The data may be others for the whole chain; other parameters are those of the run that was named.
    plain = argparse.Namespace(**{**vars(options), "p": [], "more": []})
    for each in below:
        plan = _plan(plain, each["study"], standing_on(each, renewed), _part(options, each))
        check_secrets(each, plan.secrets)
        if options.check:
            if code := _rehearse(plain, plan):
                return code
            continue
        done = _carry_out(plain, plan)
        if done["exit_code"]:
            said = f"what stands on {each['study']} is not repeated, because that ended with {done['exit_code']}"
            print(f"workbench: {said}", file=sys.stderr)
            return done["exit_code"]
        renewed[each["run_id"]] = done["run_id"]
    return _run(options, last["study"], standing_on(last, renewed), _part(options, last), last)


def _part(options: argparse.Namespace, earlier: Mapping[str, Any]) -> str | None:
    """The part of the data of a run that is repeated: its own, unless another is asked for (an empty one: all)."""
    return earlier.get("where") if options.where is None else options.where


def _run(
    options: argparse.Namespace,
    study: str,
    values: dict[str, Any] | None,
    where: str | None,
    earlier: Mapping[str, Any] | None = None,
) -> int:
    from workbench.studies.chain import check_secrets

    plan = _plan(options, study, values, where)
    check_secrets(earlier or {}, plan.secrets)
    if options.check:
        return _rehearse(options, plan)
    done = _carry_out(options, plan)
    folder = _for_people(Project.find().reports / done["study"] / done["run_id"])
    print(json.dumps(done, ensure_ascii=False, indent=1) if options.json else folder)
    return done["exit_code"]


def _plan(options: argparse.Namespace, study: str, values: dict[str, Any] | None, where: str | None) -> "Plan":
    from workbench.datasets.dataset import SHADOWS
    from workbench.studies.plan import make_plan

    if options.timeout is not None and not options.timeout > 0:
        raise ParameterError(f"--timeout: got {options.timeout:g}, expected seconds greater than 0")
    project = Project.find()
    texts, dataset = sort_slips(options.more, options.p, options.dataset)
    dataset = None if dataset is None else dataset_name(project, dataset)
    plan = make_plan(project, study_name(project, study), texts, values, dataset, where)
    for check in plan.checks:
        if check.name == SHADOWS:
            print(f"workbench: {check.message}", file=sys.stderr)
    return plan


def _rehearse(options: argparse.Namespace, plan: "Plan") -> int:
    from workbench.studies.rehearsal import rehearse

    found = rehearse(Project.find(), plan, timeout=options.timeout)
    for check in found:
        print(f"{check['status']}: {check['message']}")
    if any(check["status"] == "fail" for check in found):
        return GateError.exit_code
    print(f"{plan.study.name}: parameters and data are fit to run.")
    return 0


def _carry_out(options: argparse.Namespace, plan: "Plan") -> dict[str, Any]:
    """Run a study and tell how it ended; gives its manifest."""
    from workbench.studies.execution.progress import Progress
    from workbench.studies.runner import run_study

    project, study = Project.find(), plan.study.name
    done = run_study(project, plan, timeout=options.timeout, progress=Progress(study))
    folder = _for_people(project.reports / done["study"] / done["run_id"])
    if done["status"] == "failed" and done["exit_code"] == 2:
        for fault in done["reason"].splitlines():
            print(f"workbench: {fault}", file=sys.stderr)
        print(f"workbench: refused: nothing was concluded. The report: {folder}/report.html", file=sys.stderr)
    elif done["status"] != "succeeded":
        step = f" at the step {done['failed_cell']['heading']!r}" if done["failed_cell"] else ""
        print(f"workbench: {study} {done['status']}{step}: {done['reason']}", file=sys.stderr)
        print(f"workbench: the report says more: {folder}/report.html", file=sys.stderr)
    elif done["verdict"] == "fail":
        results = json.loads((project.reports / done["study"] / done["run_id"] / "results.json").read_text("utf-8"))
        for check in results["checks"]:
            if check["status"] == "fail":
                print(f"workbench: check {check['name']} failed: {check['message']}", file=sys.stderr)
        print(f"workbench: do not use the numbers; the report says more: {folder}/report.html", file=sys.stderr)
    else:
        from workbench.reporting.phrases import verdict_words

        said = (done["headline"] or {}).get("statement") or "Nothing was found."
        print(f"{verdict_words(done['verdict'])}: {one_line(said)}", file=sys.stderr)
        print(f"Report: {folder}/report.html", file=sys.stderr)
    return done


def score(options: argparse.Namespace) -> int:
    """Score customers by the model of an earlier run, without fitting anything."""
    project = Project.find()
    folder = manifest.resolve_run(project.reports, options.run)
    known = manifest.read_manifest(folder)
    if known["study"] != MODELLED:
        raise StudyError(f"run {folder.name} is of the study {known['study']}; expected one of {MODELLED}.")
    card = folder / "model" / "card.json"
    if not card.is_file():
        raise StudyError(f"run {folder.name} has no model; run it again: `workbench rerun {folder.name}`.")
    source = json.loads(card.read_text(encoding="utf-8"))["source"]
    options.more = []
    options.p = [f"attrition_run={folder.name}", f"source={source}"]
    options.p += [f"cutoff={options.cutoff}"] if options.cutoff else []
    return _run(options, SCORES, None, options.where)


def report(options: argparse.Namespace) -> None:
    """Render the report of a run again."""
    from workbench.reporting.render import write_report

    project = Project.find()
    folder = manifest.resolve_run(project.reports, options.run)
    known = manifest.read_manifest(folder)
    if known["status"] in ("unreadable", "running"):
        raise StudyError(f"run {folder.name} cannot be rendered: {known.get('reason') or 'it is still running'}.")
    write_report(folder, known)
    index.rebuild(project.reports)
    print(_for_people(folder / "report.html"))


def ids(options: argparse.Namespace) -> None:
    """Write a run's lists of customers to act on under their own ids."""
    from workbench.studies.own_lists import write_own_lists

    project = Project.find()
    for path in write_own_lists(manifest.resolve_run(project.reports, options.run), project.root):
        print(_for_people(path))
    print("Only you can read it: pass on what those who call need, and delete it afterwards.", file=sys.stderr)


def runs(options: argparse.Namespace) -> None:
    """Print every run with its status and verdict."""
    project = Project.find()
    found = manifest.read_runs(project.reports, options.study)
    if options.study and not found:
        index.refuse_unknown(project, options.study)
    if manifest.settle(project.reports, found) or index.is_stale(project.reports, found):
        with suppress(OSError):  # a list must also work where nothing can be written
            index.rebuild(project.reports)
    found, together = told_together(project.reports, index.marked(project.reports, found))
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return
    from workbench.studies.chain import lines

    for line in lines(found, as_tree=options.tree):
        print(line)
    for pair in together:
        print(f"warning: {pair}", file=sys.stderr)
    if not found:
        print("no runs yet; `workbench list` shows what can be run", file=sys.stderr)


def new(options: argparse.Namespace) -> None:
    """Write the notebook that a new study begins with."""
    from workbench.studies.definition.skeleton import new_study

    print(_for_people(new_study(Project.find().notebooks, options.study)))


def data_list(options: argparse.Namespace) -> None:
    """Print the datasets."""
    from workbench import datasets

    for each in datasets.available(Project.find().root):
        print(f"{each.name:<24}{each.origin:<10}{each.title or 'cannot be used:'}")
        for fault in each.faults:
            print(f"{'':<34}{fault}")


def data_show(options: argparse.Namespace) -> None:
    """Print what a dataset holds."""
    from workbench import datasets
    from workbench.datasets.page import page

    project = Project.find()
    print(page(datasets.find(dataset_name(project, options.name), project.root, where=options.where)))


def data_add(options: argparse.Namespace) -> None:
    """Draft a dataset from a file, or simulate a company."""
    if options.simulate is not None:
        from workbench.simulate.engine.settings import read_settings
        from workbench.simulate.world import add as add_world

        settings = read_settings(options.simulate)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was begun is removed
        made = add_world(options.name, settings, Project.find().root)
        print(f"{_for_people(made)}: a made-up company; `workbench data show {options.name}` tells what it holds")
        if settings.truth:
            print(f"data/.truth/{options.name}/: what is true of it; docs/simulated_world.md explains each file")
        return
    from workbench.datasets import conversation
    from workbench.datasets.dataset import SAMPLES_FOLDER
    from workbench.datasets.draft import add_draft, notes

    asks = options.ask and sys.stdin.isatty()

    def revised(draft):
        return conversation.answer(draft, input, print) if asks else draft

    said: dict[str, Any] = {"copy": not options.no_copy, "header": {"yes": True, "no": False}.get(options.header)}
    if asks:
        said["asked"] = lambda: conversation.names_columns(input)
    made, draft = add_draft(options.name, *options.source, root=Project.find().root, revised=revised, **said)
    for note in notes(draft.text):
        print(f"note: {note}")
    if (SAMPLES_FOLDER / options.name).is_dir():
        print(f"note: from now on {options.name!r} is this dataset, and no longer the sample of that name.")
    print("\n".join(conversation.summary(draft)))
    if options.ask and not asks:
        print("note: --ask asks at a terminal; here the questions stand under question: in dataset.yaml.")
    what = "answer what stands under question:, " if "question:" in draft.text else ""
    done = f"{what}confirm what is marked as a guess"
    print(f"{_for_people(made)}: {done}, then `workbench data check {options.name}`")


def data_check(options: argparse.Namespace) -> None:
    """Print every violation of a dataset's contract."""
    from workbench import datasets

    project = Project.find()
    source = datasets.find(dataset_name(project, options.name), project.root, check=True, where=options.where)
    for check in source.check():
        print(f"{check.status}: {check.message}")
    for table, facts in source.profile()["tables"].items():
        print(f"{table}: {facts['rows']:,} row{' keeps' if facts['rows'] == 1 else 's keep'} the contract.")


def lab(options: argparse.Namespace) -> None:
    """Become JupyterLab in the project."""
    project = Project.find()
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={project.root}"]
    command.append("--ServerApp.default_url=/lab/tree/notebooks")
    if os.geteuid() == 0:  # as in a container, where Jupyter would refuse
        command.append("--allow-root")
    os.execv(sys.executable, [*command, *options.arguments[options.arguments[:1] == ["--"] :]])


def _for_people(path: Path) -> str:
    """A path as short as it can be copied from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


_PART = "a part of the dataset: \"region = 'North' and first_seen >= 2024-01-01\""


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="workbench", description="Studies of customer operations: run, repeat, report.")
    parser.add_argument("--version", action="version", version=f"workbench {workbench.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, function, text: str, group=commands) -> argparse.ArgumentParser:
        made = group.add_parser(name, help=text, description=text)
        made.add_argument("--debug", action="store_true", help="show the traceback of an error")
        made.set_defaults(command=function)
        return made

    def ways_to_run(made: argparse.ArgumentParser) -> None:
        made.add_argument("--where", metavar="CONDITION", help=_PART)
        made.add_argument("--timeout", type=float, metavar="S", help="seconds that the whole run may take")
        made.add_argument("--json", action="store_true", help="print the manifest instead of the folder")
        made.add_argument("--check", action="store_true", help="only check parameters and data")

    command("list", list_studies, "the studies, each with its question")
    command("describe", describe, "a study's parameters and the tables it needs").add_argument("study", metavar="STUDY")
    for name, function, target, text in (
        ("run", run, "study", "run a study; the last line printed is the run's folder"),
        ("rerun", rerun, "run", "the same study, dataset and parameters again, with changes"),
    ):
        made = command(name, function, text)
        made.add_argument(target, metavar=target.upper())
        made.set_defaults(more=[])  # the dataset or name=value without its flag
        made.add_argument("--dataset", metavar="NAME", help="the data to study, as in `workbench data list`")
        made.add_argument("-p", action="append", default=[], metavar="name=value", help="a parameter; may be repeated")
        ways_to_run(made)
        if name == "rerun":
            made.add_argument("--with-inputs", action="store_true", help="first repeat the earlier runs that it reads")
        if name == "run":
            words: dict[str, Any] = {"metavar": "FILE", "help": "parameters from YAML or JSON; -p wins"}
            made.add_argument("--params", type=Path, action="append", default=[], **words)
    made = command("score", score, "score customers by the model of a run of attrition_risk; nothing is fitted")
    made.add_argument("run", metavar="RUN")
    made.add_argument("--dataset", metavar="NAME", required=True, help="the customers, as in `workbench data list`")
    made.add_argument("--cutoff", metavar="DAY", help="the day as of which they are known: 2026-06-01")
    ways_to_run(made)
    command("report", report, "render a run's report again, without a kernel").add_argument("run", metavar="RUN")
    command("ids", ids, "a run's list of customers to act on under your own ids").add_argument("run", metavar="RUN")
    made = command("runs", runs, "every run with its status and verdict")
    made.add_argument("--study", metavar="STUDY", help="only this study's")
    made.add_argument("--json", action="store_true", help="a list of manifests")
    made.add_argument("--tree", action="store_true", help="each run with the earlier runs that it reads")
    command("new", new, "a runnable skeleton of a study in notebooks/").add_argument("study", metavar="STUDY")
    made = command("lab", lab, "JupyterLab in the project")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help="after --, passed on to JupyterLab")

    data = commands.add_parser("data", help="datasets: list, show, check, add")
    kinds = data.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command("list", data_list, "the datasets, own and samples", kinds)
    for name, asked, text in (
        ("show", data_show, "what a dataset holds"),
        ("check", data_check, "every violation of the contract at once"),
    ):
        made = command(name, asked, text, kinds)
        made.add_argument("name", metavar="NAME")
        made.add_argument("--where", default="", metavar="CONDITION", help=_PART)
    made = command("add", data_add, "draft a dataset.yaml from a file, or simulate a company", kinds)
    made.add_argument("name", metavar="NAME")
    origin = made.add_mutually_exclusive_group(required=True)
    origin.add_argument(
        "--from",
        dest="source",
        type=Path,
        action="append",
        metavar="PATH",
        help="CSV, Parquet, Excel, JSONL; guesses are marked; may be repeated, one file a table",
    )
    origin.add_argument(
        "--simulate",
        nargs="*",
        metavar="name=value",
        help="a made-up company whose truth is known: preset=demo seed=1 …; docs/simulated_world.md has the settings",
    )
    made.add_argument("--ask", action="store_true", help="ask at the terminal what the file leaves open")
    made.add_argument("--header", choices=("yes", "no"), help="whether the first line of the file names its columns")
    made.add_argument("--no-copy", action="store_true", help="the file lies in data/NAME/ already")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        # argparse quotes what it was given; a newline or a control character must not forge a line of our own.
        self.exit(2, f"workbench: {shown(message, longest=300)[1:-1]}; `{self.prog} --help` shows how it is used\n")


if __name__ == "__main__":
    sys.exit(main())
