"""Views of many prepared scans, skipping those that are current."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twist.errors import TwistError
from twist.pretraining_sections import ViewSettings
from twist.scene import Scene
from twist.stamps import current_facts, stamp, store_facts
from twist.versions import VIEWS_VERSION
from twist.views.frames import frame_files, read_frames
from twist.views.pairs import make_views


def views_for_scans(
    scenes: Mapping[str, Path],
    recordings: Mapping[str, Path] | None,
    out_dir: Path,
    settings: ViewSettings,
) -> dict[str, dict[str, Any]]:
    """Views of prepared scans, each saved as ``out_dir/NAME.npz``; those that are current stay.

    scenes: name -> prepared npz; recordings: name -> folder with exported RGB-D frames, None = rendered.
    Returns the manifest: number of views and of pairs that overlap, and sha256 of each scan's file.
    """
    manifest = {}
    for name, path in scenes.items():
        if not path.is_file():
            raise TwistError(f"{path} does not exist; run `prepare` for scene {name} first")
        product, folder = out_dir / f"{name}.npz", recordings[name] if recordings else None
        sources = [path, *(frame_files(folder, settings.frame_step) if folder else [])]
        made_from = stamp({"version": VIEWS_VERSION, "settings": json.dumps(asdict(settings))}, sources)
        facts = current_facts(product, made_from)
        if facts is None:
            scene = Scene.load(path)
            frames = read_frames(folder, settings.frame_step) if folder else None
            views = make_views(scene, settings, frames)
            views.save(product)
            facts = store_facts(product, made_from, {"views": len(views.seen), "pairs": len(views.pairs)})
        manifest[name] = facts
    return manifest
