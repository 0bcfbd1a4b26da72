"""From settings to a folder: the tables, their dataset.yaml and, apart from them, the truth."""

import json
import multiprocessing
import os
import re
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from workbench.errors import DataError
from workbench.files import private_folder, strict_json
from workbench.simulate.block import SIZE, Block, live_through
from workbench.simulate.description import describe
from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.trials import designed, piloted_initiatives
from workbench.simulate.population import active_customers, newcomers
from workbench.simulate.records import blocks
from workbench.simulate.truth import Truth
from workbench.wording import sentence, shown

TRUTH_FOLDER = ".truth"  # in data/; no dataset.yaml can name a file outside its own folder
_WORTH_A_PROCESS = 4  # blocks
_WAITING = 6  # blocks under way or waiting to be written
_SUMS = {"limits": 1, "user_api": "blas"}  # with another number of threads sums are rounded in another order


def simulate(settings: Settings, folder: Path, truth_folder: Path | None = None, *, cores: int | None = None) -> None:
    """Write the tables of a world with its dataset.yaml into one folder, and what is true of it into another.

    Parameters
    ----------
    folder
        An empty folder; its name becomes the dataset's.
    truth_folder
        Another one; needed where `settings.truth`.
    cores
        Processes at a time; as many as there are cores when left out. The result does not depend on it.
    settings
        Of the world.
    """
    world, initiatives = world_of(settings), offered(settings)
    truth = Truth(settings, world, initiatives)
    places = list(blocks(settings.customers, SIZE))
    with ExitStack() as stack:
        workers = _workers(cores or len(os.sched_getaffinity(0)), len(places), stack)
        valued = settings.truth and settings.valuation
        if valued:
            of_newcomers = workers.submit(newcomers, settings, world)
            of_active = workers.submit(active_customers, settings, world)
        written = _Tables(folder, stack)
        tried: dict[str, set[str]] = {}
        leaving = _Tables(truth_folder, stack) if truth_folder else None
        for block in _lived(workers, [(settings, world, initiatives, *place) for place in places]):
            truth.add(block)
            written.append(block.tables)
            for initiative, arm in block.arms:
                tried.setdefault(initiative, set()).add(arm)
            if leaving and block.leaving is not None:
                leaving.append({"leaving": block.leaving})
        known: dict[str, Any] = {}
        if settings.truth:
            known = truth.files(of_newcomers.result(), of_active.result()) if valued else truth.happened()
    pq.write_table(pa.Table.from_pylist([each.stated() for each in initiatives]), folder / "initiatives.parquet")
    first = [each.name for each in designed(settings, piloted_initiatives(settings, world, initiatives))]
    described = describe(settings, folder.name, [*written.names, "initiatives"], tried, first)
    (folder / "dataset.yaml").write_text(described, "utf-8")
    if truth_folder:
        for file, content in known.items():
            if isinstance(content, pa.Table):
                pq.write_table(content, truth_folder / f"{file}.parquet")
            else:
                (truth_folder / f"{file}.json").write_text(strict_json(content), "utf-8")


class _Tables:
    """Parquet files of a folder that grow block by block; a table without rows has no file."""

    def __init__(self, folder: Path, stack: ExitStack):
        self._folder, self._stack = folder, stack
        self._writers: dict[str, pq.ParquetWriter] = {}

    @property
    def names(self) -> list[str]:
        return list(self._writers)

    def append(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            if not len(table):
                continue
            if name not in self._writers:
                writer = pq.ParquetWriter(self._folder / f"{name}.parquet", table.schema)
                self._writers[name] = self._stack.enter_context(writer)
            self._writers[name].write_table(table)


class _Here:
    """Works out what is submitted at once, in this process: what a small company is not worth another one for."""

    def submit(self, function: Callable, *arguments: Any) -> Future:
        done: Future = Future()
        done.set_result(function(*arguments))
        return done


def _workers(cores: int, jobs: int, stack: ExitStack) -> ProcessPoolExecutor | _Here:
    stack.enter_context(threadpool_limits(**_SUMS))
    if cores == 1 or jobs < _WORTH_A_PROCESS:
        return _Here()
    context = multiprocessing.get_context("spawn")
    return stack.enter_context(ProcessPoolExecutor(cores, mp_context=context, initializer=_serve))


def _lived(workers: ProcessPoolExecutor | _Here, jobs: Sequence[tuple]) -> Iterator[Block]:
    """The blocks in their order, however many are worked out at a time; few wait to be written."""
    waiting: deque[Future] = deque()
    try:
        for job in jobs:
            waiting.append(workers.submit(live_through, *job))
            if len(waiting) > (_WAITING if isinstance(workers, ProcessPoolExecutor) else 0):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for each in waiting:
            each.cancel()


def _serve() -> None:
    """Ctrl-C is for the process that writes the files; those that work for it end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(**_SUMS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def add(name: str, settings: Settings, root: Path) -> Path:
    """Make a dataset of a simulated world: data/NAME with its tables, data/.truth/NAME with what is true of them.

    Parameters
    ----------
    name
        Of the dataset.
    root
        The project.
    settings
        Of the world.

    Returns
    -------
    Path
        The dataset.yaml.

    Raises
    ------
    DataError
        When the name is none, the dataset is there already (nothing is ever overwritten), or there is no room: then
        nothing is left behind.
    """
    if not re.fullmatch(r"\w[\w-]{0,63}", name):
        raise DataError(sentence("got {name} as a dataset, expected letters, digits, _ and -.", name=shown(name)))
    data = root / "data"
    target, truth = data / name, data / TRUTH_FOLDER / name
    for place in (target, truth):
        if os.path.lexists(place):
            where = shown(str(place.relative_to(root)))
            raise DataError(sentence("{where} is there already; it is not overwritten.", where=where))
    try:
        data.mkdir(exist_ok=True)
        making, in_use = private_folder(".simulating-", data)
    except OSError as error:
        raise DataError(_no_room(name, error)) from error
    try:
        tables, known = making / name, making / "truth"
        tables.mkdir()
        known.mkdir()
        simulate(settings, tables, known)
        if settings.truth:
            truth.parent.mkdir(exist_ok=True)
            os.rename(known, truth)
        try:
            os.rename(tables, target)
        except OSError:
            shutil.rmtree(truth, ignore_errors=True)
            raise
    except OSError as error:
        raise DataError(_no_room(name, error)) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
        in_use.close()
    return target / "dataset.yaml"


def read_truth(name: str, root: Path) -> dict:
    """What is true of a simulated dataset, for tests and for validating a study: the content of truth.json.

    Parameters
    ----------
    name
        Of the dataset.
    root
        The project.

    Raises
    ------
    DataError
        When there is none.
    """
    path = root / "data" / TRUTH_FOLDER / name / "truth.json"
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(sentence("no truth is known of the dataset {name}.", name=shown(name))) from error


def _no_room(name: str, error: OSError) -> str:
    why = error.strerror or str(error)
    template = "data/{name} could not be written ({why}); nothing was left behind. Free some room and try again."
    return sentence(template, name=name, why=why)
