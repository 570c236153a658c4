"""The documentation site builds without a warning, its links lead somewhere, it asks nothing of a network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)


class _Links(HTMLParser):
    """Addresses that a page loads or leads to, and the places in it that can be led to."""

    def __init__(self):
        super().__init__()
        self.loads, self.leads, self.places = [], [], set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.places |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag in ("script", "img", "source", "iframe") and found.get("src"):
            self.loads.append(found["src"])
        if tag == "link" and found.get("href"):
            self.loads.append(found["href"])
        if tag == "a" and found.get("href"):
            self.leads.append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, read; `docs/_build` is left alone."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(ROOT / "docs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip(), done.stderr
    pages = {}
    for path in folder.rglob("*.html"):
        if "reports" in path.relative_to(folder).parts[:1]:
            continue
        pages[path] = _Links()
        pages[path].feed(path.read_text("utf-8"))
    return folder, pages


def test_every_link_leads_somewhere(site):
    _, pages = site
    assert len(pages) > 20
    for path, page in pages.items():
        for address in page.leads + page.loads:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.name}: {address}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].places, f"{path.name}: {address}"


def test_no_docstring_is_misread(site):
    _, pages = site
    wrong = [path.name for path in pages if 'class="problematic"' in path.read_text("utf-8")]
    assert not wrong, "write abs(x), not bars, and close every `"


def test_nothing_is_loaded_from_a_network(site):
    folder, pages = site
    for path, page in pages.items():
        assert not [a for a in page.loads if urlsplit(a).netloc], path.name
    for path in folder.rglob("*.css"):
        assert not re.findall(r"url\(\s*[\"']?https?:|@import\s+[\"']?https?:", path.read_text("utf-8")), path


def test_chinese_comes_first(site):
    folder, _ = site
    text = re.sub("<[^>]+>", " ", (folder / "index.html").read_text("utf-8").partition("<article")[2])
    assert len(re.findall("[\u4e00-\u9fff]", text)) > len(re.findall("[A-Za-z]", text))


def _commands(text):
    return [line.split("#")[0].split() for line in re.findall(r"^mktanalysis (.+)$", text, re.M)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands_on_the_pages_are_there_with_their_options(path):
    import typer.main

    from mktanalysis.cli import build_app

    root = typer.main.get_command(build_app())
    for words in _commands(path.read_text("utf-8")):
        command = root
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        alone = not getattr(command, "commands", {}) or command.invoke_without_command
        assert alone, f"no such command: {words}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known | {"--help"}, words


MODELS = sorted((ROOT / "docs" / "models").glob("*.md"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_page_says_what_it_answers_assumes_tests_and_leaves_out(path):
    heads = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.M)
    assert heads[0] == "回答什么" and heads[-1] == "没有算什么"
    assert [head for head in heads if head.startswith("假设")] and "检验" in heads
    assert f"](models/{path.name})" in (ROOT / "docs" / "models.md").read_text("utf-8")
