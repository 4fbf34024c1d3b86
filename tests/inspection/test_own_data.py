"""docs/own-data.md: what the page shows works as shown."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from twist.checking import read_yaml
from twist.formats.scannet import read_scene
from twist.inspection.datasets import inspect_dataset
from twist.scene import Scene
from twist.settings import Settings

PAGE = (Path(__file__).resolve().parents[2] / "docs/own-data.md").read_text()


def block(language: str, number: int = 0) -> str:
    return textwrap.dedent(re.findall(rf"^ *```{language}\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)[number])


def test_the_scan_written_as_on_the_page_passes_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("office1", "office2"):
        exec(block("python").replace("office1", name), {})
    raw = tmp_path / "my-scans"
    (raw / "scannetv2-labels.combined.tsv").write_text("raw_category\tnyu40id\noffice chair\t5\ncouch\t6\n")
    (raw / "scannetv2_train.txt").write_text("office1\n")
    (raw / "scannetv2_val.txt").write_text("office2\n")
    (tmp_path / "mine.yaml").write_text(block("yaml"))
    described = read_yaml(tmp_path / "mine.yaml")
    assert described.pop("preset") == "paper"
    settings = Settings.from_layers({"page": described})
    assert settings.supervoxels.source == "computed"
    found = inspect_dataset("mine", settings)
    assert found.problems + [text for scan in found.scans for text in scan.problems + scan.notes] == []
    assert found.parts["val"][0]["instances"].keys() == {"chair", "sofa"}
    scene, _ = read_scene(raw / "scans/office1", {"office chair": 5, "couch": 6})
    assert (np.bincount(scene.instance) > 2000).all()


def test_prepared_scans_load_in_one_line_without_torch(tmp_path: Path) -> None:
    nothing = np.full(2, -1, np.int32)
    xyz = np.array([[0, 0, 0], [1, 2, 3]], np.float32)
    Scene("s", xyz, np.zeros((2, 3), np.uint8), np.zeros((0, 3), np.int32), nothing, nothing).save(
        tmp_path / "office1.npz"
    )
    code = block("python", 1).replace("results/data/mine/scenes", str(tmp_path))
    code += (
        "\nimport sys; print(scene.xyz.tolist(), {'torch', 'spconv', 'numba', 'open3d'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == f"{xyz.tolist()} set()\n"
