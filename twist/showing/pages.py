"""The project's Markdown pages as one HTML file each, with its pictures inside, for reports and browsers."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from pathlib import Path

from twist.errors import TwistError

_STYLE = """\
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ddd; padding: .25em .7em; text-align: left; white-space: nowrap; }
th { border-bottom: 2px solid #888; } tr:hover td { background: #f4f7fa; }
code { background: #f2f2f2; padding: 0 .25em; overflow-wrap: anywhere; } img { max-width: 100%; }
@media (max-width: 45em) {
body { margin: 1em auto; } img { max-width: none; width: 45em; }
p { overflow: auto hidden; overflow-wrap: anywhere; } }"""


def as_html(text: str, folder: Path) -> str:
    """A whole HTML page from Markdown of the project: headings, paragraphs, lists, tables and pictures.

    folder: what the pictures' paths are relative to. Raises TwistError for a picture that is not there.
    """
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    title = next((block[2:] for block in blocks if block.startswith("# ")), "")
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n</style>",
            *(line for block in blocks for line in _block(block, folder)),
            "</html>\n",
        ]
    )


def _block(block: str, folder: Path) -> Iterator[str]:
    lines = block.splitlines()
    if heading := re.fullmatch(r"(#{1,4}) (.*)", block):
        level = len(heading[1])
        yield f"<h{level}>{_inline(heading[2], folder)}</h{level}>"
    elif lines[0].startswith("|"):
        yield from _table(lines, folder)
    elif all(line.startswith("- ") for line in lines):
        yield "<ul>"
        yield from (f"<li>{_inline(line[2:], folder)}</li>" for line in lines)
        yield "</ul>"
    else:
        yield f"<p>{_inline(block, folder)}</p>"


def _table(lines: list[str], folder: Path) -> Iterator[str]:
    """Rows between bars; the second line is the rule below the heading."""
    yield "<table>"
    for number, line in enumerate(lines):
        if number == 1:
            continue
        cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
        tag = "td" if number else "th"
        texts = (_inline(cell.strip().replace(r"\|", "|"), folder) for cell in cells)
        yield "<tr>" + "".join(f"<{tag}>{text}</{tag}>" for text in texts) + "</tr>"
    yield "</table>"


def _inline(text: str, folder: Path) -> str:
    text = html.escape(text, quote=False)
    text = re.sub(r"!\[([^\]]*)\]\(([^)]+)\)", lambda match: _picture(match[1], folder / match[2]), text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def _picture(name: str, path: Path) -> str:
    try:
        data = base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise TwistError(f"cannot read {path}, a picture of the page: {error.strerror}") from error
    return f'<img alt="{name}" src="data:image/{path.suffix[1:]};base64,{data}">'
