"""The pages' texts: every one that a page asks for is there, in both languages, with the same places to fill."""

from __future__ import annotations

import json
import re

import pytest

from qunzhu.edge.console_files import ROOT

SCREENS = re.findall(r'\{ id: "([a-z-]+)"', (ROOT / "screens.js").read_text(encoding="utf-8"))
USED = re.compile(r'\bt\("([^"]+)"')
IMPORTED = re.compile(r'from "\./([a-z-]+\.js)"')


def texts(language, screen=""):
    """Return the texts of the shell, or of a screen."""
    path = ROOT / "i18n" / f"{screen}.{language}.json".lstrip(".")
    return json.loads(path.read_text(encoding="utf-8"))


def modules_of(screen):
    """Return the sources of a screen: its module and those beside it that it imports."""
    found, waiting = {}, [f"{screen}.js"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (ROOT / "screens" / name).read_text(encoding="utf-8")
            waiting += IMPORTED.findall(found[name])
    return found.values()


@pytest.mark.parametrize("screen", ["", *SCREENS])
def test_both_languages_say_the_same(screen):
    english, chinese = texts("en", screen), texts("zh", screen)
    assert set(english) == set(chinese)
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_finds_its_texts(screen):
    known = {*texts("en"), *texts("en", screen)}
    assert f"nav.{screen}" in known
    used = {key for source in modules_of(screen) for key in USED.findall(source)}
    assert used
    assert used <= known


def test_the_shell_finds_its_texts():
    known = set(texts("en"))
    for path in [*ROOT.glob("*.js"), *ROOT.glob("lib/*.js"), *ROOT.glob("parts/*.js")]:
        assert set(USED.findall(path.read_text(encoding="utf-8"))) <= known, path.name
