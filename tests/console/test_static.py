"""What the files of the page may hold, checked without a browser."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("mediaops_console") / "static"))
SCRIPTS = sorted((STATIC / "assets").glob("*.js"))
PAGE = (STATIC / "index.html").read_text()
TEXTS = (STATIC / "assets/texts.js").read_text()


def _texts(language: str) -> dict[str, str]:
    start = TEXTS.index(f"{language}: {{")
    block = TEXTS[start : TEXTS.index("\n  },", start)]
    pairs = re.findall(r'^    "?([\w.-]+)"?: "(.*)",$', block, re.MULTILINE)
    assert len(pairs) == len(dict(pairs)), "a key stands twice"
    return dict(pairs)


def test_both_languages_say_the_same_things() -> None:
    english, chinese = _texts("en"), _texts("zh")
    assert english.keys() == chinese.keys()
    assert len(english) > 100
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[key]))
        assert text, key
        assert chinese[key], key


def test_every_text_that_is_asked_for_is_there() -> None:
    known = _texts("en")
    asked = set(re.findall(r'data-t(?:-label)?="([^"]+)"', PAGE))
    for script in SCRIPTS:
        asked |= set(re.findall(r'\bt\(\s*"([^"]+)"', script.read_text()))
    assert asked <= known.keys()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_no_script_makes_markup_or_code_from_text(script: Path) -> None:
    code = script.read_text()
    for forbidden in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "createContextualFragment",
        "DOMParser",
        "srcdoc",
        ".href",
        "setTimeout('",
    ):
        assert forbidden not in code, f"{script.name} uses {forbidden}"
    assert len(code.splitlines()) <= 400


def test_the_page_holds_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", PAGE)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", PAGE) == [""]
    style = (STATIC / "assets/style.css").read_text()
    assert "@import" not in style
    assert "url(" not in style
    for text in (PAGE, style, *(script.read_text() for script in SCRIPTS)):
        addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}


def test_every_script_that_is_imported_is_there() -> None:
    names = {script.name for script in SCRIPTS}
    imported = {"main.js"}
    for script in SCRIPTS:
        imported |= set(re.findall(r'from "\./([\w.]+)"', script.read_text()))
    assert imported == names
