"""A parameter that is written nowhere: not in the manifest, the report, the log, the notebook or a message.

Its value reaches the kernel through a file in the run's private folder. The notebook that is kept names the parameter,
and what a study says is searched for the value, which therefore needs some length.
"""

import json
import os
from pathlib import Path
from typing import Any

FOLDER_VARIABLE = "WORKBENCH_RUN_TABLES"
"""Names the private folder of a run to its kernel."""
FILE = "secrets.json"
GIVEN, HIDDEN = "given", "hidden"
SHORTEST = 6  # characters: a shorter value would take ordinary words out of the report


class Secret(str):
    """Text that shows itself as `[secret]`; as an argument it is the text that it is.

    Declare it in the parameters cell, `password: Secret = ""  # of the survey tool`, and give it by a file that only
    you read (`--params`), for others on the machine can see what stands on a command line.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "[secret]" if self else "''"

    @classmethod
    def of_run(cls, name: str) -> "Secret":
        """The value that a run was given.

        Parameters
        ----------
        name
            Of the parameter.
        """
        return cls(_told(GIVEN, {}).get(name, ""))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: None),
        )


class Given:
    """In place of a secret in the notebook that is executed: its name.

    Parameters
    ----------
    name
        Of the parameter.
    """

    def __init__(self, name: str):
        self.name = name


def hidden() -> tuple[str, ...]:
    """In a kernel, the texts that must not get into tables and figures; empty elsewhere."""
    return tuple(_told(HIDDEN, []))


def _told(what: str, otherwise: Any) -> Any:
    path = Path(os.environ.get(FOLDER_VARIABLE, "")) / FILE
    if FOLDER_VARIABLE not in os.environ or not path.exists():
        return otherwise
    return json.loads(path.read_text(encoding="utf-8"))[what]
