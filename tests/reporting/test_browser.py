"""Pages as their readers meet them: in a browser without network, on a screen, a phone, on paper, by keyboard."""

import copy
import importlib.util
from pathlib import Path

import pytest

from workbench.reporting.index import rebuild_index
from workbench.reporting.render import write_report

pytestmark = pytest.mark.browser

spec = importlib.util.spec_from_file_location("reporting_test_render", Path(__file__).with_name("test_render.py"))
hostility = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hostility)


class Seen:
    """A page and everything that a reader would stumble over."""

    def __init__(self, chromium, path: Path, **context):
        self.context = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}, "offline": True} | context))
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on(
            "request", lambda r: r.url.startswith(("file:", "data:")) or self.faults.append(f"request {r.url}")
        )
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.faults.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.context.close()

    def sideways(self) -> int:
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def violations(self) -> list[tuple]:
        from axe_playwright_python.sync_playwright import Axe

        return [
            (v["impact"], v["id"], v["nodes"][0]["html"][:200]) for v in Axe().run(self.page).response["violations"]
        ]

    def broken_images(self) -> int:
        return self.page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length")


PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}


@pytest.mark.parametrize(
    ("status", "context"),
    [
        ("succeeded", {}),
        ("failed", {}),
        ("succeeded", PHONE),
        ("interrupted", PHONE),
        ("succeeded", {"color_scheme": "dark"}),
        ("failed", {"color_scheme": "dark"}),
    ],
)
def test_a_report_is_accessible_silent_and_fits(run, folder, chromium, status, context):
    if status != "succeeded":
        run.stop_at("model = fit_cox", status)
    with Seen(chromium, write_report(run.write(folder)), **context) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        seen.page.check("#show-code")
        assert seen.violations() == []
        assert seen.broken_images() == 0
        assert seen.sideways() == 0
        assert seen.faults == []


@pytest.mark.parametrize("number", range(len(hostility.HOSTILE)))
def test_hostile_text_does_nothing(run, folder, chromium, number):
    hostility.poison(run, hostility.HOSTILE[number])
    run.write(folder)
    with Seen(chromium, write_report(folder), **PHONE) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        seen.page.check("#show-code")
        for button in seen.page.locator("[data-copy]").all():
            button.click()
        seen.page.wait_for_timeout(50)
        assert seen.sideways() == 0
        if number in (0, 6):  # the check is slow and the structure of the page is the same
            assert seen.violations() == []
        assert seen.faults == []


def test_injected_script_would_not_run_even_if_escaping_failed(run, folder, chromium):
    path = write_report(run.write(folder))
    html = path.read_text(encoding="utf-8").replace(
        "<h1", "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\"><h1", 1
    )
    path.write_text(html, encoding="utf-8")
    with Seen(chromium, path) as seen:
        assert seen.page.title().startswith("Churn survival")


def test_code_appears_by_keyboard_and_without_script(run, folder, chromium):
    with Seen(chromium, write_report(run.write(folder)), java_script_enabled=False) as seen:
        source = seen.page.locator(".source").first
        assert not source.is_visible()
        seen.page.focus("#show-code")
        seen.page.keyboard.press("Space")
        assert source.is_visible()
        # What would do nothing is not offered.
        assert not seen.page.locator("[data-copy]").first.is_visible()


def test_a_table_is_copied_with_full_precision_and_no_formula(run, folder, chromium):
    payload = run.cell("curves =")["outputs"][1]["data"]["application/vnd.workbench.v1+json"]
    payload["rows"][1][0] = "=1+1"
    with Seen(chromium, write_report(run.write(folder))) as seen:
        seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
        seen.page.click("[data-copy=table-by-contract]")
        seen.page.wait_for_selector("text=Copied")
        lines = seen.page.evaluate("navigator.clipboard.readText()").split("\n")
        assert lines[0].startswith("Contract\tCustomers\tMedian lifetime months")
        assert lines[1].split("\t") == ["Month-to-month", "3875", "34.9812345", "0.7123456", "0.2987654"]
        assert lines[2].split("\t")[:3] == ["'=1+1", "1473", ""]


def test_a_table_downloads_from_the_page_alone(run, folder, chromium, tmp_path):
    path = write_report(run.write(folder))
    alone = tmp_path / "mailed.html"
    alone.write_bytes(path.read_bytes())
    with Seen(chromium, alone, accept_downloads=True) as seen:
        with seen.page.expect_download() as download:
            seen.page.click("#table-drivers a.tool")
        assert download.value.suggested_filename == "drivers.csv"
        assert download.value.path().read_text().startswith("driver,ratio,low,high,p,n,cost")
        assert seen.faults == []


def test_a_link_to_something_folded_opens_it(run, folder, chromium):
    path = write_report(run.write(folder))
    with Seen(chromium, path) as seen:
        seen.page.evaluate("location.hash = 'check-calibration'")
        seen.page.wait_for_function("document.getElementById('check-calibration').checkVisibility()")


def test_the_contents_list_follows_on_a_wide_screen(run, folder, chromium):
    with Seen(chromium, write_report(run.write(folder))) as seen:
        seen.page.evaluate(
            "document.documentElement.style.scrollBehavior = 'auto'; document.getElementById('data').scrollIntoView()"
        )
        assert seen.page.locator(".contents").bounding_box()["y"] >= 0
        seen.page.wait_for_selector(".contents a[href='#data'][aria-current]")


def test_the_skip_link_is_the_first_stop(run, folder, chromium):
    with Seen(chromium, write_report(run.write(folder))) as seen:
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        seen.page.keyboard.press("Enter")
        assert seen.page.evaluate("document.activeElement.id") == "main"


def test_paper_has_no_controls_whole_figures_and_the_passed_checks(run, folder, chromium):
    with Seen(
        chromium, write_report(run.write(folder)), viewport={"width": 680, "height": 960}, color_scheme="dark"
    ) as seen:
        seen.page.check("#show-code")
        seen.page.emulate_media(media="print")
        for control in (".switch", ".source", ".tool", ".contents", ".files"):
            assert not seen.page.locator(control).first.is_visible()
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert seen.page.evaluate(
            "[...document.querySelectorAll('.figure')].every(f => getComputedStyle(f).breakInside === 'avoid')"
        )
        assert seen.page.locator("#check-calibration").bounding_box()["height"] > 10
        assert seen.sideways() == 0
        pdf = seen.page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")


def test_a_table_of_many_columns_scrolls_inside_itself(run, folder, chromium):
    payload = run.cell("curves =")["outputs"][1]["data"]["application/vnd.workbench.v1+json"]
    payload["columns"] = [{"name": f"c{n}", "label": f"Column {n}", "unit": "EUR", "numeric": True} for n in range(60)]
    payload["rows"] = [[n * 1234.5678 for n in range(60)]] * 50
    payload["n_rows"] = 100_000
    with Seen(chromium, write_report(run.write(folder)), **PHONE) as seen:
        region = seen.page.locator("#table-by-contract .scroll")
        assert region.evaluate("e => e.scrollWidth > e.clientWidth && e.tabIndex === 0")
        assert seen.sideways() == 0
        assert "The first 50 of 100,000 rows." in seen.page.inner_text("#table-by-contract")
        assert "all 100,000 rows" in seen.page.inner_text("#table-by-contract a.tool")


@pytest.mark.parametrize(("width", "scrolls"), [(1280, False), (1000, False), (390, True)])
def test_a_wide_table_uses_the_width_of_the_page_before_it_scrolls(run, folder, chromium, width, scrolls):
    payload = run.cell("curves =")["outputs"][1]["data"]["application/vnd.workbench.v1+json"]
    payload["columns"] = [{"name": f"c{n}", "label": "Share", "unit": "", "numeric": True} for n in range(9)]
    payload["rows"] = [[1234.5678] * 9] * 3
    with Seen(chromium, write_report(run.write(folder)), viewport={"width": width, "height": 900}) as seen:
        region = seen.page.locator("#table-by-contract .scroll")
        assert region.evaluate("e => e.scrollWidth > e.clientWidth") is scrolls
        assert seen.sideways() == 0


def test_words_of_heads_are_whole_on_paper(run, folder, chromium):
    payload = run.cell("curves =")["outputs"][1]["data"]["application/vnd.workbench.v1+json"]
    payload["columns"] = [{"name": f"c{n}", "label": "longer", "unit": "months", "numeric": True} for n in range(12)]
    payload["rows"] = [[12.5] * 12] * 3
    with Seen(chromium, write_report(run.write(folder)), viewport={"width": 665, "height": 900}) as seen:
        seen.page.emulate_media(media="print")
        lines = seen.page.evaluate(
            "[...document.querySelectorAll('#table-by-contract .unit')].map(e => e.getClientRects().length)"
        )
        assert lines == [1] * 12


def test_a_long_table_shows_ten_rows_until_all_are_asked_for(run, folder, chromium):
    payload = run.cell("curves =")["outputs"][1]["data"]["application/vnd.workbench.v1+json"]
    payload["rows"] = [[f"Plan {n}", *row[1:]] for n, row in enumerate(payload["rows"][:1] * 30)]
    payload["n_rows"] = 30
    visible = "[...document.querySelectorAll('#table-by-contract tbody tr')].filter(r => r.checkVisibility()).length"
    with Seen(chromium, write_report(run.write(folder))) as seen:
        assert seen.page.evaluate(visible) == 10
        assert seen.violations() == []
        seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
        seen.page.click("[data-copy=table-by-contract]")
        seen.page.wait_for_selector("text=Copied")
        assert len(seen.page.evaluate("navigator.clipboard.readText()").split("\n")) == 31
        seen.page.get_by_label("Show all 30 rows").focus()
        seen.page.keyboard.press("Space")
        assert seen.page.evaluate(visible) == 30
        seen.page.keyboard.press("Space")
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate(visible) == 30


@pytest.mark.parametrize("context", [{}, PHONE, {"color_scheme": "dark"}], ids=["screen", "phone", "dark"])
def test_the_index_is_accessible_silent_and_fits(run, folder, chromium, context):
    reports = folder.parents[1]
    write_report(run.write(folder))
    bad = {
        "run_id": "<b>x</b>" * 30,
        "study": "churn_survival",
        "status": "unreadable",
        "reason": "</script><script>alert(1)</script>",
    }
    rebuild_index(reports, [run.manifest, bad])
    with Seen(chromium, reports / "index.html", **context) as seen:
        assert seen.violations() == []
        assert seen.sideways() == 0
        assert seen.faults == []
        seen.page.click("text=Half of month-to-month customers")
        assert seen.page.title().startswith("Churn survival")


def test_a_thousand_runs_are_filtered_while_typing(run, chromium, tmp_path):
    runs = [
        run.manifest | {"run_id": f"r{n}", "dataset": f"region_{n}", "study": f"study_{n % 3}"} for n in range(1000)
    ]
    rebuild_index(tmp_path, copy.deepcopy(runs))
    with Seen(chromium, tmp_path / "index.html") as seen:
        seen.page.fill("#filter", "region_77 with care")
        assert seen.page.inner_text("#shown") == "11 runs"  # region_77 and region_770 to region_779
        assert seen.page.locator(".runs > li:visible").count() == 11
        milliseconds = seen.page.evaluate("""() => {
            const field = document.getElementById('filter');
            const start = performance.now();
            for (const text of ['r', 're', 'reg', 'region_5', '']) {
                field.value = text;
                field.dispatchEvent(new Event('input'));
            }
            document.body.offsetHeight;
            return performance.now() - start;
        }""")
        assert milliseconds < 1500
        assert seen.page.inner_text("#shown") == ""
        seen.page.locator("[data-filter]").first.click()
        assert seen.page.inner_text("#shown") == "1 run"
        assert seen.faults == []
