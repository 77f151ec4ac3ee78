"""Takes the code blocks, with the output printed beneath them, out of the two documents.

The documents are not part of the repository: the folder is `FLAMBEAU_SEEDS`, or `../shared/seeds`
beside the repository. Two forms occur: a notebook's text (`In [n]:`, code, one blank line, output,
two blank lines) and fenced code, followed by a fence of its own for the output.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("FLAMBEAU_SEEDS", REPOSITORY.parent / "shared" / "seeds"))
DOCUMENTS = {name: FOLDER / f"{name}.md.txt" for name in ("module-and-layer", "nn-toolbox")}

CELL = re.compile(r"^In \[\d+\]:\n", re.MULTILINE)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PARAGRAPH_END = re.compile(r"\n(\n+)")


class Block(NamedTuple):
    """A program of a document: numbered from 1 in the order of the text."""

    document: str
    number: int
    code: str
    output: str | None

    @property
    def name(self) -> str:
        """The block's name in test reports."""
        return f"{self.document}-{self.number}"


def all_blocks() -> list[Block]:
    """Returns the blocks of the documents that are present."""
    return [block for name, path in DOCUMENTS.items() if path.is_file()
            for block in blocks_of(name, path.read_text(encoding="utf-8"))]


def blocks_of(document: str, text: str) -> list[Block]:
    """Returns the blocks of one document in the order of its text."""
    found = notebook_cells(text) + fenced_programs(text)
    return [Block(document, number, code, output)
            for number, (_, code, output) in enumerate(sorted(found), start=1)]


def fenced_programs(text: str) -> list[tuple[int, str, str | None]]:
    """Returns (position, code, output) of the Python fences; an output fence follows directly."""
    found: list[tuple[int, str, str | None]] = []
    for match in FENCE.finditer(text):
        language, content = match.groups()
        if language in ("py", "python"):
            found.append((match.start(), content, None))
        elif found and language == "bash":
            position, code, _ = found[-1]
            found[-1] = position, code, content
    return found


def notebook_cells(text: str) -> list[tuple[int, str, str | None]]:
    """Returns (position, code, output) of the notebook cells."""
    starts = list(CELL.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return [(match.start(), *split_cell(text[match.end():end]))
            for match, end in zip(starts, ends, strict=False)]  # a document may hold no cell


def split_cell(text: str) -> tuple[str, str]:
    """Splits a cell into its code (the longest run of paragraphs that parses) and its output."""
    breaks = [match.start() for match in PARAGRAPH_END.finditer(text)] + [len(text)]
    code_end = 0
    for end in breaks:
        try:
            statements = ast.parse(text[:end]).body
        except SyntaxError:
            continue
        if is_bare_name(statements[-1]):  # a line of output that happens to be an identifier
            break
        code_end = end
    rest = text[code_end:].lstrip("\n")
    return text[:code_end] + "\n", rest.split("\n\n\n")[0]


def is_bare_name(statement: ast.stmt) -> bool:
    """Returns whether a statement is nothing but a name."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Name)
