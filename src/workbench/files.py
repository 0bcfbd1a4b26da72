"""Files that are either whole or not there, JSON that any reader takes, and private folders. A leaf."""

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from workbench.wording import sentence

PRIVATE = "wb-"
"""All private folders begin so."""
_LOCK = "in-use"
UNWRITABLE = "backslashreplace"  # what becomes of half a character
MOST_LEVELS = 100  # of lists and mappings: nobody writes ten by hand
LARGEST_DOCUMENT_BYTES = 300_000_000  # an executed notebook with many figures has some tens of millions


def write_atomic(path: Path, content: str | bytes | Callable[[IO[bytes]], None], *, mode: int = 0o644) -> None:
    """Put `content` at `path` so that a reader sees the old file or the new one, never a part.

    Parameters
    ----------
    path, content
        Where, and what; text is written as UTF-8. What is too large for memory is written by a function of the open
        file.
    mode
        Who may read it.

    Raises
    ------
    OSError
        If it cannot be written (no room, no right); `path` is then as it was, and no temporary file is left.
    """
    # Half a character, as a damaged document may have one, is written as JSON writes it.
    data = content.encode(errors=UNWRITABLE) if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a file of so many at most; a pipe or a device is refused, not waited for.

    Parameters
    ----------
    path
        The file.
    most
        Bytes.

    Raises
    ------
    OSError
        It cannot be read, is no file, or is larger.
    """
    with _opened(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, sentence("is larger than {most} bytes", most=most), str(path))
        return file.read(most)


def read_json(path: Path) -> Any:
    """What stands in a file of JSON that anyone may have written or damaged; what is not finite is None.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    OSError
        It cannot be read, is no file, or is too large for a document.
    ValueError
        It is no JSON.
    """
    text = read_regular(path, LARGEST_DOCUMENT_BYTES).decode("utf-8", errors="replace")
    try:
        return json.loads(text, parse_constant=lambda name: None)  # NaN and infinity, which strict JSON has not
    except RecursionError:
        raise ValueError("nested too deeply") from None


class BoundedYaml:
    """Mixed into a loader of PyYAML: no aliases, of which ten lines can stand for a billion values, nor endless levels.

    How deep Python itself goes is up to whoever asked last (with PyMC ten times as deep), and takes as long.
    """

    _levels = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """PyYAML's own, where the node may be.

        Parameters
        ----------
        parent, index
            As there.

        Raises
        ------
        ComposerError
            An alias.
        RecursionError
            More levels than `MOST_LEVELS`.
        """
        import yaml

        if self.check_event(yaml.AliasEvent):  # type: ignore[attr-defined]
            mark = self.peek_event().start_mark  # type: ignore[attr-defined]
            raise yaml.composer.ComposerError(None, None, sentence("aliases (*name) are not accepted"), mark)
        if self._levels == MOST_LEVELS:
            raise RecursionError
        self._levels += 1
        node = super().compose_node(parent, index)  # type: ignore[misc]
        self._levels -= 1
        return node


def file_hash(path: Path) -> str:
    """`sha256:…` of a file's bytes.

    Parameters
    ----------
    path
        The file; it is read in pieces, however large it is.

    Raises
    ------
    OSError
        It cannot be read, or is no file.
    """
    with _opened(path) as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _opened(path: Path) -> io.BufferedReader:
    """A file to be read; a pipe or a device is refused, not waited for."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, sentence("is no file"), str(path))
    return file


def strict_json(value: object) -> str:
    """JSON for people and machines: indented, Unicode as it is; NaN and infinity raise ValueError.

    Parameters
    ----------
    value
        Of dicts with text keys, lists, texts, finite numbers, booleans and None.
    """
    return json.dumps(value, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def private_folder(prefix: str, within: Path | None = None) -> tuple[Path, IO[bytes]]:
    """A new temporary folder that nobody else can read; those of the same prefix that dead processes left go.

    Parameters
    ----------
    prefix
        Of its name; used for nothing else.
    within
        Where it is made; where temporary files go when left out.

    Returns
    -------
    Path, file
        The folder, and a lock that says that it is in use: keep it open as long as the folder is needed.
    """
    remove_left(prefix, within)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
    # Born under another name: nobody must find it before it is locked.
    lock = (folder / f"{_LOCK}.new").open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(folder / f"{_LOCK}.new", folder / _LOCK)
    return folder, lock


def remove_left(prefix: str, within: Path | None = None) -> None:
    """Remove private folders that dead processes have left.

    Parameters
    ----------
    prefix, within
        As those of `private_folder`.
    """
    for left in (within or Path(tempfile.gettempdir())).glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # in use, not ours, or gone in this moment
            _remove_left(left)


def _remove_left(folder: Path) -> None:
    """Remove a folder of our own whose lock nobody holds; the kernel lets go of the locks of the dead."""
    known = folder.lstat()
    if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.geteuid():
        return
    with os.fdopen(os.open(folder / _LOCK, os.O_RDONLY | os.O_NOFOLLOW), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
