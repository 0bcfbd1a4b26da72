import io

from workbench import pace
from workbench.studies.execution.progress import Progress


def test_turns_are_told_before_each_and_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setenv(pace.VARIABLE, str(tmp_path / "pace"))
    told = [pace.how_far(tmp_path / "pace") for _ in pace.paced("abc")]
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert pace.how_far(tmp_path / "pace") == (3, 3)


def test_without_a_listener_nothing_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv(pace.VARIABLE, raising=False)
    assert list(pace.paced([1, 2])) == [1, 2]
    monkeypatch.setenv(pace.VARIABLE, str(tmp_path / "nowhere" / "pace"))
    assert list(pace.paced([1, 2])) == [1, 2]


def test_half_a_message_is_none(tmp_path):
    for text in ("", "3", "3/", "a/b"):
        (tmp_path / "pace").write_text(text)
        assert pace.how_far(tmp_path / "pace") is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_how_far_a_long_step_is_until_the_next_begins(tmp_path):
    progress = Progress("churn", Terminal())
    progress.pace = tmp_path / "pace"
    progress.cell(2, 9, "The model")
    progress.pace.write_text("3/10")
    progress._show()
    assert "The model  3 of 10" in progress.stream.getvalue().rpartition("\r")[2]
    progress.cell(3, 9, "Where to act")
    progress.done()
    assert "of 10" not in progress.stream.getvalue().rpartition("Where to act")[2]
