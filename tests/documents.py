"""The pages of the documentation and the commands that they name."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]


def shell_lines(page: Path) -> list[str]:
    """The lines of a page's shell blocks; a line that goes on below is one."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return [
        line
        for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line.strip()
    ]
