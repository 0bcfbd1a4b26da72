from workbench.findings import MIME
from workbench.reporting.body import Body, read_body, split_markdown, svg_uri, without_ansi
from workbench.reporting.results import Anchors


def body(*cells: dict, complete: bool = True, tmp_path=None) -> Body:
    from pathlib import Path

    return read_body(
        {"cells": list(cells)}, Path("."), title="T", question="Why?", complete=complete, anchors=Anchors()
    )


def markdown(source) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(*outputs: dict, source: str = "x = 1", status: str = "completed") -> dict:
    return {
        "cell_type": "code",
        "metadata": {"papermill": {"status": status}},
        "source": source,
        "outputs": list(outputs),
    }


def shown(data: dict) -> dict:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def kinds(read: Body) -> list[str]:
    return [block["kind"] for block in read.blocks]


def test_title_and_question_are_not_said_again():
    read = body(markdown("# T\n\nWhy?\nBecause it matters."))
    assert [block["source"] for block in read.blocks] == ["Because it matters."]


def test_a_heading_in_a_code_fence_is_none():
    assert [block["kind"] for block in split_markdown("```\n# comment\n```\n~~~\n## x\n~~~")] == ["prose"]


def test_levels_go_down_one_at_a_time():
    read = body(markdown("# T"), markdown("#### Deep\n## Next\n##### Deeper\n# Top"))
    assert [block["level"] for block in read.blocks] == [3, 3, 4, 3]


def test_limits_are_kept_for_the_end_with_all_that_belongs_to_them():
    read = body(markdown("# T"), markdown("## A\na\n## Limits\nl\n### Also\nm\n## B\nb"))
    assert [b.get("text", b.get("source")) for b in read.blocks] == ["A", "a", "B", "b"]
    assert [b.get("text", b.get("source")) for b in read.limits] == ["l", "Also", "m"]


def test_a_heading_over_code_alone_is_marked():
    read = body(markdown("# T"), markdown("## Set up"), code(), markdown("## Result"), code(shown({"text/plain": "7"})))
    assert [block["empty"] for block in read.blocks if block["kind"] == "heading"] == [True, False]


def test_streams_and_bare_objects_are_diagnostics():
    out = {"output_type": "stream", "name": "stdout", "text": ["10%\r", "100%\n"]}
    read = body(
        markdown("# T"), markdown("## Fit"), code(out, shown({"text/plain": "[<matplotlib.lines.Line2D at 0x7f00>]"}))
    )
    assert kinds(read) == ["heading", "code"]
    assert [d["text"] for d in read.diagnostics] == ["100%\n", "[<matplotlib.lines.Line2D at 0x7f00>]"]
    assert read.diagnostics[0]["step"] == "Fit"


def test_what_cannot_be_shown_is_named():
    read = body(
        code(
            shown({"application/javascript": "alert(1)"}), shown({"application/x-thing": "1", "text/html": "<b>x</b>"})
        )
    )
    assert kinds(read) == ["code", "hidden", "hidden"]
    assert "application/javascript" in read.blocks[1]["what"]


def test_a_result_of_the_wrong_shape_is_named():
    wrong = [
        {MIME: value}
        for value in (None, 3, [], {"kind": "finding", "finding": 3}, {"kind": "table"}, {"kind": "checks"}, {})
    ]
    read = body(code(*map(shown, wrong[1:])))
    assert kinds(read) == ["code"] + ["hidden"] * 6


def test_the_narrative_ends_where_the_run_did():
    error = {"output_type": "error", "ename": "E", "evalue": "bad", "traceback": ["\x1b[31mE\x1b[0m: bad"]}
    read = body(
        markdown("# T"),
        markdown("## Fit"),
        code(error, status="failed"),
        markdown("## After"),
        code(status="pending"),
        markdown("## Limits\nl"),
        complete=False,
    )
    assert kinds(read) == ["heading", "code", "error", "stop"]
    assert (read.stopped_step, read.steps_not_run) == ("Fit", 1)
    assert read.error == {"kind": "error", "step": "Fit", "summary": "E: bad", "traceback": "E: bad"}
    assert [block["source"] for block in read.limits] == ["l"]


def test_long_output_is_cut_and_says_so():
    read = body(code({"output_type": "stream", "name": "stderr", "text": "x" * 25_000}))
    assert "5,000 characters more" in read.diagnostics[0]["text"]


def test_papermill_markers_are_left_out():
    marker = markdown("<span style='color:red'>An Exception was encountered</span>")
    marker["metadata"]["tags"] = ["papermill-error-cell-tag"]
    assert kinds(body(marker, markdown("# T\n\nText."))) == ["prose"]


def test_a_notebook_that_is_none_reads_as_nothing():
    for cells in (
        None,
        3,
        [None, 7, {"cell_type": 3}, {"cell_type": "code", "outputs": 5, "metadata": 3, "source": 4}],
    ):
        read = read_body({"cells": cells}, None, title="", question="", complete=False, anchors=Anchors())
        assert read.blocks == []


def test_terminal_codes_of_every_kind_are_dropped():
    assert without_ansi("\x1b[1;31mred\x1b[0m \x1b]8;;https://example.org\x07link\x1b]8;;\x07\x1b[2K") == "red link"


def test_an_svg_says_its_size_in_pixels():
    uri, width, height = svg_uri("<svg width='72pt' height=\"10px\">\n<text>#1 50%</text></svg>")
    assert (width, height) == ("96", "10")
    assert "%0A" in uri
    assert "%231 50%25" in uri
    assert "<" not in uri


def test_cells_for_jupyterlab_stay_out_of_the_report():
    lab = markdown("## The report\n\nSave this notebook.")
    lab["metadata"]["tags"] = ["lab"]
    assert kinds(body(markdown("# T\n\nText."), lab)) == ["prose"]
