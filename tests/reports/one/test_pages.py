"""Pages: nothing on them runs or leaves the machine, whatever names the data hold."""

import http.server
import json
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser

import pytest

from mktanalysis.reports import Settings
from mktanalysis.reports.one.markup import inert_html, markdown_html, table_html
from mktanalysis.reports.one.page import image_address, page, report_page
from mktanalysis.reports.run.batch import run_rows

PAYLOADS = [
    "<script>document.title='hit'</script>",
    "<img src=x onerror=\"document.title='hit'\">",
    "<svg onload=document.title='hit'>",
    "</style></title><script>document.title='hit'</script>",
    "<a href=\"javascript:document.title='hit'\">x</a>",
    "<iframe srcdoc=\"<script>parent.document.title='hit'</script>\"></iframe>",
    "<math><mtext></p><script>document.title='hit'</script>",
    "<noscript><p title=\"</noscript><img src=x onerror=document.title='hit'>\">",
    "<!--><script>document.title='hit'</script>-->",
    "<![CDATA[<script>document.title='hit'</script>]]>",
    "<scr<script>ipt>document.title='hit'</script>",
    "<b style='background:url(PROBE/css)'>x</b>",
    "<img src='PROBE/img'><link rel=stylesheet href='PROBE/link'>",
    "<meta http-equiv=refresh content='0;url=PROBE/meta'>",
    "<form action='PROBE/form'><input autofocus onfocus=document.title='hit'></form>",
    "![x](PROBE/markdown) <object data='PROBE/object'></object>",
    "'\"`{{7*7}}${7*7}</td></tr></table>",
]


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def tags(markup):
    parser = _Tags()
    parser.feed(markup)
    return parser.seen


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("clean", [inert_html, table_html, markdown_html])
def test_only_harmless_markup_is_left(clean, payload):
    for tag, attributes in tags(clean(payload)):
        assert tag not in (
            "script",
            "style",
            "iframe",
            "object",
            "svg",
            "math",
            "form",
            "input",
            "link",
            "meta",
        )
        for key, value in attributes.items():
            assert not key.startswith("on") and key != "style"
            assert key != "src" or value.startswith("data:image/")
            assert key != "href" or re.match(r"https?://|#", value)


def test_tables_keep_codes_and_align_numbers():
    import pandas as pd

    table = pd.DataFrame({"代码": ["320100", "010000"], "值": [12345.678, None], "份": [3.0, 4.0]})
    shown = table_html(table._repr_html_())
    assert ">320100<" in shown and ">010000<" in shown
    assert ">12,345.678<" in shown and ">—<" in shown and ">3<" in shown
    assert "<th></th>" not in shown and shown.count("<tr>") == 3
    named = table_html(table.set_index("代码").rename_axis("码")._repr_html_())
    assert '<tr><th>码</th><th class="n">值</th>' in named and named.count("<tr>") == 3
    spanned = "<table><tr><td colspan='2'>x</td></tr></table>"
    assert 'colspan="2"' in table_html(spanned)


def test_policy_lets_only_its_own_text_run():
    text = page("题", "<p>文</p>", style="p{}", script="1")
    assert "default-src 'none'" in text and text.count("'sha256-") == 2
    assert "script-src" not in page("题", "", style="")


@pytest.fixture(scope="module")
def hostile_run(share_runner, notebook_in, tmp_path_factory):
    """Reports whose names, tables, prose and errors are payloads; `PROBE` is an address that listens."""
    hits, folder = [], tmp_path_factory.mktemp("hostile")

    class Probe(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Probe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    values = [payload.replace("PROBE", address) for payload in PAYLOADS]
    notebook_in(
        folder,
        "import pandas as pd\nfrom IPython.display import HTML, Markdown, Javascript, SVG, display\n"
        "from mktanalysis.reports import publish_table, publish_figure, say\n"
        "display(HTML(region), Markdown(region), Javascript(\"document.title='hit'\"))\n"
        "display(pd.DataFrame({region: [region]}), pd.DataFrame({'a': [region]}).style)\n"
        "publish_table('t', pd.DataFrame({'a': [region]}), title=region[:50])\n"
        "publish_figure('f', region[:150], label=region[:50], unit=region[:9])\n"
        "say(region)",
        "if len(region) % 3 == 0: raise ValueError(region)",
    )
    grid = json.dumps(values, ensure_ascii=False)
    spec = folder / "spec.toml"
    spec.write_text(
        f"title = {json.dumps(values[0])}\n[[part]]\ntitle = {json.dumps(values[1])}\n[[part.chapter]]\n"
        f'notebook = "small"\n[part.chapter.grid]\nregion = {grid}\n',
        "utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        share_runner(patch)
        rows = run_rows(spec, out_dir=folder / "out", jobs=2, settings=Settings(timeout=60))
    yield folder / "out", rows, hits
    server.shutdown()
    server.server_close()


def test_hostile_names_are_inert_in_every_page(hostile_run):
    out, rows, _ = hostile_run
    statuses = {row.status for row in rows}
    assert statuses == {"done", "failed"}
    pages = [out / "index.html", *out.glob("*/report.html")]
    assert len(pages) > 5
    for path in pages:
        markup = path.read_text("utf-8")
        assert "Content-Security-Policy" in markup
        for tag, attributes in tags(markup):
            assert tag not in ("iframe", "object", "math", "form", "link", "base")
            assert not any(key.startswith("on") or key == "style" for key in attributes)
            assert tag != "img" or attributes["src"].startswith("data:image/")
            assert tag != "script" or path.name == "index.html"
        assert markup.count("<script>") == (1 if path.name == "index.html" else 0)
    for path in out.rglob("*.csv"):
        for line in path.read_text("utf-8-sig").splitlines():
            assert not line.startswith(("=", "+", "-", "@"))


FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --dump-dom --virtual-time-budget=2000"
)


@pytest.mark.browser
def test_nothing_runs_and_nothing_leaves_in_a_browser(hostile_run, tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: pages were not opened in a browser")
    out, _, hits = hostile_run
    for path in [out / "index.html", *sorted(out.glob("*/report.html"))[:6]]:
        command = [browser, *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        title = re.search(r"<title>(.*?)</title>", shown, re.S)[1]
        assert title != "hit" and "<body>" in shown
    assert hits == []


@pytest.mark.browser
def test_index_sorts_and_filters_in_a_browser(warm, write_notebook, write_spec, tmp_path):
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("NO CHROMIUM ON THIS MACHINE: the index was not opened in a browser")
    write_notebook("from mktanalysis.reports import publish_figure\npublish_figure('n', years, label='数')")
    spec = write_spec(
        'title = "测试"\n[[part]]\n[[part.chapter]]\nnotebook = "small"\n'
        "[part.chapter.grid]\nyears = [10, 9, 200]\n"
    )
    run_rows(spec, out_dir=tmp_path / "out", settings=Settings(timeout=60))
    path = tmp_path / "out" / "index.html"
    probe = """
document.querySelectorAll("thead button")[1].click();
var first = document.querySelector("tbody.rows tr").cells[2].textContent;
document.querySelectorAll("thead button")[1].click();
var second = document.querySelector("tbody.rows tr").cells[2].textContent;
var box = document.getElementById("filter0"); box.value = "200"; box.dispatchEvent(new Event("input"));
document.title = [first, second, document.querySelectorAll("tbody.rows tr:not([hidden])").length,
  document.querySelector(".count").textContent].join("|");
"""
    tested = path.read_text("utf-8")
    tested = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", tested)
    copy = tmp_path / "probe.html"
    copy.write_text(tested.replace("</body>", f"<script>{probe}</script></body>"), "utf-8")
    command = [browser, *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", copy.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert re.search(r"<title>(.*?)</title>", shown)[1] == "200|9|1|显示 1 / 3"


@pytest.mark.parametrize(
    "opening", ["<style>", "<title>", "<object data=x>", "<script>", "<!-- ", "<textarea>", "<svg>"]
)
def test_what_follows_an_element_that_is_never_closed_is_shown(opening):
    shown = markdown_html(f"甲 {opening} 乙\n\n丙 **丁**")
    assert all(word in shown for word in "甲乙丙丁") and "<strong>" in shown
    assert "戊" in inert_html(f"{opening} 戊")


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        ("image/png", '"><img src="http://leaves.example/x'),
        ("image/png", "PHN2Zz4="),  # a drawing, not what it says
        ("image/jpeg", "x"),
        ("image/gif", "R0lG"),
    ],
)
def test_an_image_that_is_none_is_not_shown(mime, content):
    assert image_address(mime, content) == ""


def test_images_are_written_anew_from_their_bytes():
    assert image_address("image/png", "iVBORw0K\nGgo=") == "data:image/png;base64,iVBORw0KGgo="
    assert image_address("image/svg+xml", ["<svg ", "onload='x'/>"]).startswith("data:image/svg+xml;base64,")


def test_a_page_has_a_ceiling(monkeypatch):
    from mktanalysis.reports.one import page as module
    from mktanalysis.reports.one.job import Job
    from mktanalysis.reports.plan.notebook import node

    monkeypatch.setattr(module, "MAX_PAGE", 1000)
    facts = {"version": "1", "data": "d" * 64, "package": "p" * 64, "notebook": "n" * 64, "started": ""}
    job = Job("r", "题", "n.ipynb", "", {}, ".", facts)
    cells = [{"cell_type": "markdown", "source": f"段{i} " + "x" * 300, "metadata": {}} for i in range(20)]
    shown = report_page(job, node({"cells": cells}), {"tables": [], "figures": []})
    assert "段1" in shown and "段9" not in shown and "报告页太大" in shown


SHOW = "from IPython.display import display\n"
ODD = {
    "surrogate": "print('a\\ud800b'); '\\udfff'",
    "nan in json": SHOW + "display({'application/json': {'a': float('nan')}}, raw=True)",
    "set in json": SHOW + "display({'application/json': {'a': {1, 2}}}, raw=True)",
    "odd html": SHOW + "display({'text/html': 7, 'text/plain': ['x']}, raw=True)",
    "bytes": SHOW + "display({'text/plain': b'x', 'image/png': b'y'}, raw=True)",
    "deep json": SHOW
    + "x = []\nfor _ in range(900): x = [x]\n"
    + "display({'application/json': x}, raw=True)",
    "caught": "import pandas as pd\nfrom mktanalysis.reports import publish_table\n"
    "try: publish_table('t', pd.DataFrame({'a': ['\\ud800']}), title='题')\nexcept Exception as e: print(e)",
    "caught on disk": "import os, pandas as pd\nfrom mktanalysis.reports import publish_table\n"
    "folder = os.path.join(os.environ['MKTANALYSIS_RUN_FOLDER'], 'tables')\nos.makedirs(folder + '/t.csv')\n"
    "try: publish_table('t', pd.DataFrame({'a': [1]}), title='题')\nexcept Exception as e: print(type(e))\n"
    "os.rmdir(folder + '/t.csv')",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_outputs_that_jupyter_takes_are_no_end(name, warm, write_notebook, tmp_path):
    import nbformat

    from mktanalysis.reports import run_report

    result = run_report(
        write_notebook(ODD[name]), {}, out_dir=tmp_path / "out", settings=Settings(timeout=60)
    )
    assert result.ok, result.error
    nbformat.validate(nbformat.read(result.folder / "notebook.ipynb", as_version=4))


@pytest.mark.parametrize("kind", ["fork", "papermill"])
def test_endless_output_is_cut_and_said(kind, write_notebook, tmp_path):
    from mktanalysis.reports import run_report

    notebook = write_notebook("for i in range(100_000): print(i)\n1", "print('after')")
    settings = Settings(timeout=120, runner=kind)
    result = run_report(notebook, {}, out_dir=tmp_path / "out", settings=settings)
    assert result.ok
    shown = (result.folder / "report.html").read_text("utf-8")
    assert "\n9998\n9999</pre>" in shown
    assert "100,000 行" in shown and "10,000 行" in shown and "after" in shown


def test_pieces_of_a_stream_are_joined_once():
    """Joining them as they come takes time by the square; here their number is what is counted."""
    from mktanalysis.reports.one.execute import _Outputs

    class Counted(str):
        added = 0

        def __add__(self, other):
            Counted.added += 1
            return str.__add__(self, other)

    outputs = _Outputs()
    outputs.start_cell()
    for _ in range(1000):
        outputs.stream("stdout", Counted("x"))
    outputs.end_cell()
    assert Counted.added == 0 and outputs.items[0].text == "x" * 1000


@pytest.mark.parametrize("place", ["plain", "数据 与 报告"])
def test_folders_of_this_machine_are_taken_out_of_everything(place, warm, write_notebook, tmp_path):
    """In text, in addresses, in JSON and in html."""
    import os
    import sys
    from urllib.parse import quote

    from mktanalysis.reports import run_report

    folder = tmp_path / place
    folder.mkdir()
    body = """
import json, os, pathlib, sys
from IPython.display import HTML, JSON, Markdown, display
here = os.getcwd()
print(here, os.path.join(here, "own.xlsx"), repr(here), sys.prefix, os.path.expanduser("~/x.csv"))
print(pathlib.Path(here).as_uri() + "/own.xlsx", json.dumps(here + "/own.xlsx"))
display(JSON({here: [here + "/a.csv"]}), HTML(f"<p>{here}</p>"), Markdown("见 " + here))
print(os.environ["MKTANALYSIS_RUN_FOLDER"])
"""
    write_notebook(body)
    (tmp_path / "small.ipynb").rename(folder / "small.ipynb")
    result = run_report(folder / "small.ipynb", {}, out_dir=tmp_path / "o u t", settings=Settings(timeout=60))
    assert result.ok, result.error
    for path in result.folder.iterdir():
        if path.suffix in (".html", ".ipynb", ".json"):
            text = path.read_text("utf-8")
            for secret in (str(tmp_path), quote(str(tmp_path)), sys.prefix, os.path.expanduser("~") + "/"):
                assert secret not in text, (path.name, secret)
            assert "own.xlsx" in text or path.suffix == ".json"
