"""Writing the 3D page: template, style, scripts, library and scans in one file that needs no network."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

import numpy as np

from twist.classes import SCANNET, ClassTable
from twist.files import write_text
from twist.showing.pictures import UNLABELLED, label_colours
from twist.showing.viewer.library import library_source
from twist.showing.viewer.scenes import ViewedScene, packed_scene

#: Points of a scan that are shown; larger scans are thinned evenly, and the page says so.
POINTS_MAX = 100_000
#: In the order in which they run.
_SCRIPTS = ("decode.js", "paint.js", "view.js", "panel.js", "main.js")
_INSTANCE_COLOURS = 90  # label_colours repeats in shade after 9, in hue never


def write_viewer(
    path: str | Path,
    scenes: Iterable[ViewedScene],
    *,
    title: str,
    table: ClassTable = SCANNET,
    points_max: int = POINTS_MAX,
) -> None:
    """Write the page. Scenes may come from a generator: one at a time is in memory, and its packed text.

    Raises TwistError for labellings of another scan, and where the WebGL library is missing.
    """
    packed = [(escape(viewed.scene.name), packed_scene(viewed, table, points_max)) for viewed in scenes]
    resources = files(__package__).joinpath("page")
    text = {file.name: file.read_text(encoding="utf-8") for file in resources.iterdir()}
    page = Template(text["page.html"]).substitute(
        title=escape(title),
        style=text["style.css"],
        facts=_inert(json.dumps(_facts(title, table))),
        library=base64.b64encode(zlib.compress(library_source().encode(), 9)).decode(),
        scenes="\n".join(
            f'<script type="text/plain" class="scene" data-name="{name}">{data}</script>'
            for name, data in packed
        ),
        script="\n".join(text[name] for name in _SCRIPTS),
    )
    write_text(path, page)


def _facts(title: str, table: ClassTable) -> dict:
    """What the page knows beside the scans: classes and colours, those of the pictures."""
    return {
        "title": title,
        "classes": table.names,
        "isThing": table.is_thing.tolist(),
        "classColours": label_colours(np.arange(len(table))).tolist(),
        "instanceColours": label_colours(np.arange(_INSTANCE_COLOURS)).tolist(),
        "unlabelled": UNLABELLED,
    }


def _inert(text: str) -> str:
    """JSON that no HTML parser takes for the end of its script."""
    return text.replace("<", "\\u003c")
