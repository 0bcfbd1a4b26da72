import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.files import private_folder, write_atomic


def test_text_arrives_as_utf8_with_its_line_ends(tmp_path):
    write_atomic(tmp_path / "page.html", "ü\r\n😀\n")
    assert (tmp_path / "page.html").read_bytes() == "ü\r\n😀\n".encode()


def test_what_was_there_is_replaced_and_nothing_is_left_beside(tmp_path):
    path = tmp_path / "page.html"
    write_atomic(path, b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call):
    path = tmp_path / "page.html"
    write_atomic(path, b"old")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path):
    import resource
    import signal

    path = tmp_path / "page.html"
    write_atomic(path, b"old")
    child = os.fork()
    if child == 0:  # a real limit, which only a process of its own may have
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        try:
            write_atomic(path, b"x" * 100)
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_a_private_folder_is_ours_alone_and_those_of_the_dead_go(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    program = (
        "import os, sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from workbench.files import private_folder\n"
        "folder, lock = private_folder('wb-try-')\n"
        "(folder / 'rows').write_text('x'); print(folder, flush=True)\n"
        "os.kill(os.getpid(), 9) if sys.argv[2] == 'dies' else sys.stdin.read()"
    )

    def start(how):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), how],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return process, Path(process.stdout.readline().strip())

    died, left = start("dies")
    died.communicate()
    assert (left / "rows").exists()
    lives, kept = start("lives")
    assert not left.exists()
    bystander, link = tmp_path / "wb-try-without-lock", tmp_path / "wb-try-link"
    bystander.mkdir()
    link.symlink_to(bystander)
    folder, lock = private_folder("wb-try-")
    assert (folder.stat().st_mode & 0o777) == 0o700
    assert (kept / "rows").exists()
    assert bystander.is_dir()
    assert link.is_symlink()
    lives.communicate()
    lock.close()
    private_folder("wb-try-")[1].close()
    assert not kept.exists()
    assert not folder.exists()
