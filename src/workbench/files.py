"""Files that are either whole or not there, and JSON that any reader takes. A leaf."""

import json
import os
import tempfile
from pathlib import Path


def write_atomic(path: Path, content: str | bytes) -> None:
    """Put `content` at `path` so that a reader sees the old file or the new one, never a part.

    Raises
    ------
    OSError
        If it cannot be written (no room, no right); `path` is then as it was, and no temporary file is left.
    """
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def strict_json(value: object) -> str:
    """JSON for people and machines: indented, Unicode as it is; NaN and infinity raise ValueError."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1) + "\n"
