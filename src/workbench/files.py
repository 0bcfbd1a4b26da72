"""Files that a reader never sees half-written."""

import os
import tempfile
from pathlib import Path


def write_atomic(path: Path | str, data: bytes | str) -> None:
    """Put `data` at `path` in one step: what was there stays until the new content is whole and on the disk.

    Parameters
    ----------
    path
        The file to write or replace; its folder exists.
    data
        Text is written as UTF-8, line ends unchanged.

    Raises
    ------
    OSError
        No room or no permission. The old file is as it was, and nothing is left beside it.
    """
    path = Path(path)
    content = data.encode("utf-8") if isinstance(data, str) else data
    # Beside the target, because a rename is one step only within a file system.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)  # mkstemp makes files that no one else may read
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # an interruption must not leave the temporary file behind either
        Path(temporary).unlink(missing_ok=True)
        raise
