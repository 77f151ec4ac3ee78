"""README.md is true: its Python code runs as a reader would type it, its tree is the files'."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"),
                      re.MULTILINE | re.DOTALL)


def test_there_is_code() -> None:
    """The README shows at least one program."""
    assert PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_code_runs(
    program: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each block runs by itself; a comment `# prints: text` beneath it is what it must print."""
    monkeypatch.chdir(tmp_path)
    exec(compile(program, str(README), "exec"), {"__name__": "__main__"})
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
