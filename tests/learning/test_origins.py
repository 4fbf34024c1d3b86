"""What begins a training anew: other scans, labels or views of those it learns from, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twist.errors import TwistError
from twist.files import file_sha256, write_json
from twist.learning.origins import origin_of, prepared_scans, results_for_scans


def written(path: Path, content: Any) -> Path:
    write_json(path, content)
    return path


def scan(scene: str, supervoxels: str = "s", **more: Any) -> dict[str, Any]:
    return {"sha256": scene, "supervoxels": {"sha256": supervoxels}} | more


def test_only_the_scans_that_are_learned_from_count(tmp_path: Path) -> None:
    facts = {name: scan(name) for name in ("a", "b", "val")}

    def origin(names: tuple[str, ...] = ("a", "b"), **changed: Any) -> dict[str, str]:
        return prepared_scans(tmp_path, names, written(tmp_path / "scenes.json", facts | changed))

    assert origin(val=scan("prepared anew")) == origin()
    assert origin(b=scan("b", warnings=["the same points, read from another folder"])) == origin()
    assert origin(b=scan("prepared anew")) != origin()
    assert origin(b=scan("b", "cut anew")) != origin()
    assert origin(("b", "a")) != origin(), "the order of the scans decides the batches"
    with pytest.raises(TwistError, match=r"scenes\.json does not describe scan c"):
        origin(("a", "c"))
    with pytest.raises(TwistError, match="does not describe scan a"):
        origin(a=3)


def test_how_jobs_divided_the_labels_does_not_count(tmp_path: Path) -> None:
    facts = {name: {"sha256": name, "instances": 3} for name in ("a", "b", "c")}

    def labels(*shards: str) -> dict[str, str]:
        paths = [
            written(tmp_path / f"{names}.json", {"round": 2, "scenes": {n: facts[n] for n in names}})
            for names in shards
        ]
        return results_for_scans("pseudo-labels", tmp_path, ("a", "b", "c"), paths)

    whole = labels("abc")
    assert labels("ac", "b") == whole
    facts["b"] = {"sha256": "labelled anew"}
    assert labels("ac", "b") != whole
    with pytest.raises(TwistError, match="does not describe scan c"):
        labels("ab")


def test_manifests_of_views_name_scans_at_once(tmp_path: Path) -> None:
    facts = {"a": {"sha256": "1", "pairs": 3}, "b": {"sha256": "2", "pairs": 0}}
    path = written(tmp_path / "000.json", facts)
    assert results_for_scans("views", tmp_path, ("a",), [path]).keys() == {"views"}
    with pytest.raises(TwistError, match=r"000\.json is no manifest of views"):
        results_for_scans("views", tmp_path, ("a",), [written(path, [1])])


def test_files_that_no_manifest_vouches_for_are_read(tmp_path: Path) -> None:
    parts = {part: tmp_path / part / "a.npz" for part in ("scenes", "supervoxels", "views")}
    for part, path in parts.items():
        path.parent.mkdir()
        path.write_text(part)
    hashes = {part: file_sha256(path) for part, path in parts.items()}
    listed = written(tmp_path / "scenes.json", {"a": scan(hashes["scenes"], hashes["supervoxels"])})
    made = written(tmp_path / "000.json", {"a": {"sha256": hashes["views"]}})

    scans = prepared_scans(tmp_path, ("a",))
    assert scans == prepared_scans(tmp_path, ("a",), listed)
    views = results_for_scans("views", tmp_path / "views", ("a",))
    assert views == results_for_scans("views", tmp_path, ("a",), [made])
    for part, path in parts.items():
        path.write_text("made anew")
        assert (prepared_scans(tmp_path, ("a",)) == scans) is (part == "views")
        assert (results_for_scans("views", tmp_path / "views", ("a",)) == views) is (part != "views")
        path.write_text(part)
    with pytest.raises(TwistError, match=r"cannot read .*b\.npz"):
        prepared_scans(tmp_path, ("b",))


def test_files_settings_and_facts_count_by_name(tmp_path: Path) -> None:
    path = tmp_path / "labelled.txt"
    path.write_text("a")
    depends = json.dumps({"training.learning_rate": 0.1})
    origin = origin_of({"labelled": path, "start": None}, depends, seed=3)
    assert origin.keys() == {"labelled", "training.learning_rate", "seed"}
    assert (origin["training.learning_rate"], origin["seed"]) == ("0.1", "3")
    path.write_text("b")
    assert origin_of({"labelled": path}, "{}")["labelled"] != origin["labelled"]
