"""Tables on disk: CSV that is written in pieces is that of the whole table."""

import io

import numpy as np
import pandas as pd
import pytest

from workbench.files import write_atomic
from workbench.studies import kept


def as_text(frame):
    file = io.BytesIO()
    kept._csv(frame, file)
    return file.getvalue()


@pytest.mark.parametrize("rows", [0, 7, 20])
def test_pieces_are_the_whole(rows, monkeypatch):
    place = np.arange(rows)
    frame = pd.DataFrame(
        {
            "=name": [f"=c{at}" for at in place],
            "share": place / 3e6,
            "week": pd.array([None if at % 3 else at for at in place], dtype="Int64"),
            "known": np.where(place % 4 == 0, np.nan, 3.0),
            "text": [None if at % 2 else 'é "x",\n\ud800' for at in place],
        }
    )
    whole = as_text(frame)
    monkeypatch.setattr(kept, "WRITTEN", 7)
    assert as_text(frame) == whole
    assert whole.decode().splitlines()[0] == "'=name,share,week,known,text"
    day = pd.Timestamp("2024-01-01")
    dated = frame.assign(at=[day + pd.Timedelta(minutes=int(at == rows - 1)) for at in place])
    in_pieces = as_text(dated)
    monkeypatch.setattr(kept, "WRITTEN", 10**6)
    assert as_text(dated) == in_pieces  # 00:00:00 is told of all where one is not midnight


def test_a_file_that_breaks_off_is_not_there(tmp_path):
    def breaks(file):
        file.write(b"some")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_atomic(tmp_path / "list.csv", breaks)
    assert list(tmp_path.iterdir()) == []
