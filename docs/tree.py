"""Writes the tree at the end of README.md from the first clause of each file's docstring."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
README = REPOSITORY / "README.md"
FOLDERS = ("flambeau", "tests", "examples", "benchmarks", "docs")
TREE = re.compile(r"(?<=## The tree\n\n```\n).*?(?=^```)", re.MULTILINE | re.DOTALL)
WIDTH = 100


def clause(path: Path) -> str:
    """Returns the first clause of a Python file's docstring, or of a Markdown file's title."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text.partition("\n")[0].lstrip("# ")
    words = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
    return re.split(r"[.;](?= |$)", words)[0]


def lines_of(folder: Path, depth: int = 0) -> list[str]:
    """Returns the lines of a folder: itself, its files, its folders."""
    init = folder / "__init__.py"
    lines = [line(depth, f"{folder.name}/", clause(init) if init.is_file() else "")]
    entries = sorted(folder.iterdir(), key=lambda entry: (entry.is_dir(), entry.name))
    for entry in entries:
        if entry.is_dir() and any(entry.rglob("*.py")):
            lines += lines_of(entry, depth + 1)
        elif entry.suffix in (".py", ".md") and entry.name != "__init__.py":
            lines.append(line(depth + 1, entry.name, clause(entry)))
    return lines


def line(depth: int, name: str, words: str) -> str:
    """Returns one line of the tree, cut at a word when it is too long."""
    text = f"{'  ' * depth + name:<36} {words}".rstrip()
    return text if len(text) <= WIDTH else text[:WIDTH - 1].rpartition(" ")[0] + " …"


def tree() -> str:
    """Returns the tree of the repository's Python and Markdown files."""
    folders = [REPOSITORY / name for name in FOLDERS]
    return "".join(f"{text}\n" for folder in folders if folder.is_dir()
                   for text in lines_of(folder))


def shown_tree() -> str:
    """Returns the tree as README.md shows it."""
    found = TREE.search(README.read_text(encoding="utf-8"))
    return found.group() if found else ""


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(TREE.sub(lambda _: tree(), README.read_text(encoding="utf-8")),
                          encoding="utf-8")
    else:
        print(tree(), end="")
