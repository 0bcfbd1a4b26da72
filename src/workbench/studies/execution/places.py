"""Paths without what they tell of a person: a name stands in most of them, and a traceback goes into the report."""

import functools
import os
import re
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import workbench


def short(value: Any, root: Path) -> Any:
    """Plain data in whose strings paths are relative to what they belong to.

    Parameters
    ----------
    value
        Strings, numbers, lists and mappings.
    root
        The project's folder.

    Examples
    --------
    >>> short(["/studies/loyalty/notebooks/a.py", 1], Path("/studies/loyalty"))
    ['notebooks/a.py', 1]
    """
    if isinstance(value, str):
        return _pattern(root).sub(lambda match: _known(root)[match[1]], value) if os.sep in value else value
    if isinstance(value, Mapping):
        return {key: short(item, root) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [short(item, root) for item in value]
    return value


@functools.cache
def _known(root: Path) -> dict[str, str]:
    """Folders, the innermost first, and what stands for them."""
    scheme = sysconfig.get_paths()
    known = {
        str(Path.home()): "~/",
        sys.prefix: "python/",
        scheme["stdlib"]: "python/",
        scheme["platlib"]: "site-packages/",
        scheme["purelib"]: "site-packages/",
        str(Path(workbench.__file__).parents[1]): "",
        str(root): "",
    }
    known |= {os.path.realpath(folder): told for folder, told in known.items()}
    # What lies directly below the top (/usr, /root) tells nobody; but of a home something always does.
    return {folder: told for folder, told in known.items() if folder.count(os.sep) > 1 or told == "~/"}


@functools.cache
def _pattern(root: Path) -> re.Pattern[str]:
    folders = sorted(_known(root), key=len, reverse=True)
    # At its beginning, or behind the code of a colour, as in a traceback.
    return re.compile(rf"(?:(?<![\w.~])|(?<=[0-9]m))({'|'.join(map(re.escape, folders))}){re.escape(os.sep)}")
