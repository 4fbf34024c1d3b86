"""A Markdown page of the results as HTML."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "turn a Markdown page of the results into one HTML file, pictures included"
EXAMPLE = "python -m twist page results/rooms_5pct/diagnosis.md --out results/rooms_5pct/diagnosis.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("page", type=Path, help="Markdown, as the other verbs write it")
    parser.add_argument("--out", type=Path, required=True, help="HTML to write")


def run(arguments: argparse.Namespace) -> None:
    from twist.errors import TwistError
    from twist.files import write_text
    from twist.showing.pages import as_html

    try:
        text = arguments.page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TwistError(f"cannot read {arguments.page}: {error}") from error
    write_text(arguments.out, as_html(text, arguments.page.parent))
