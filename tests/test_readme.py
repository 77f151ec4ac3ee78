"""README.md and docs are true: their code runs as it is typed, the tree is the files'."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import flambeau

README = Path(__file__).resolve().parents[1] / "README.md"
PAGES = [README, *sorted((README.parent / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAMS = [pytest.param(code, id=f"{page.stem}-{number}") for page in PAGES
            for number, code in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))]


def test_there_is_code() -> None:
    """The README and the tutorial show programs."""
    assert BLOCK.search(README.read_text(encoding="utf-8"))
    assert len(PROGRAMS) > 20


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_code_runs(
    program: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each block runs by itself; a comment `# prints: text` beneath it is what it must print."""
    monkeypatch.chdir(tmp_path)
    flambeau.sync()  # what earlier tests left pending is not this program's
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out.splitlines()
    assert re.findall(r"^# prints: (.*)$", program, re.MULTILINE) in ([], printed)


def test_the_tree_is_up_to_date() -> None:
    """`make docs` writes the tree from the first clause of each file's docstring."""
    script = runpy.run_path(str(README.parent / "docs" / "tree.py"))
    assert script["shown_tree"]() == script["tree"]()


def test_every_file_has_a_clause() -> None:
    """Each module begins with a docstring."""
    script = runpy.run_path(str(README.parent / "docs" / "tree.py"))
    files = [line.split() for line in script["tree"]().splitlines() if ".py" in line]
    assert [words for words in files if len(words) < 2] == []
