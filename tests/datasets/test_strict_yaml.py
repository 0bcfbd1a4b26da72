import sys

import pytest

from workbench.datasets.definitions import strict_yaml
from workbench.files import MOST_LEVELS


def test_scalars_stay_the_text_that_was_written():
    tree, faults = strict_yaml.load(b"a: [no, yes, 007, 1e3, 2020-01-01, 1:30, ~, 'null', '']")
    assert tree == {"a": ["no", "yes", "007", "1e3", "2020-01-01", "1:30", None, "null", ""]}
    assert faults == []


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert strict_yaml.load(b"\xef\xbb\xbftitle: x")[0] == {"title": "x"}


def test_double_keys_and_tags_are_told_all_at_once():
    _, faults = strict_yaml.load(b"a: 1\na: 2\nb: {c: !!python/object/apply:os.system ['true'], ? [x] : y}")
    assert [fault.split(":")[0] for fault in faults] == ["a", "b.c", "b"]
    assert "twice" in faults[0]
    assert "tag" in faults[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: &x [1]\nb: *x", "line 2: not readable as YAML: aliases"),
        (b"a: [1", "line 1"),
        (b"a: b: c", "line 1"),
        (b"a: \x00", "not readable"),
        (b"a: \xe9", "not UTF-8 (byte 3)"),
        (b"[" * 20_000, "nested too deeply"),
        (b"a" * (strict_yaml.LARGEST_BYTES + 1), "expected at most"),
        (b"a: 1\n---\nb: 2", "line 2"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_place(content, said):
    with pytest.raises(strict_yaml.YamlError) as caught:
        strict_yaml.load(content)
    assert said in str(caught.value)


def test_how_deep_a_file_may_be_does_not_hang_on_how_deep_python_may_go():
    levels = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(10 * levels)  # as PyMC does
        tree, faults = strict_yaml.load(b"[" * MOST_LEVELS + b"]" * MOST_LEVELS)
        assert str(tree).count("[") == MOST_LEVELS
        assert faults == []
        with pytest.raises(strict_yaml.YamlError, match="nested too deeply"):
            strict_yaml.load(b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1))
    finally:
        sys.setrecursionlimit(levels)
