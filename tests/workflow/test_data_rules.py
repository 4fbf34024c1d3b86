"""From a raw download to prepared scenes: what is planned, what stops it, and what a second run repeats."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.raw_scans import write_scan, write_stub_download
from tests.workflow.project import REPOSITORY, Project
from twist.files import read_json

SCENES = "results/data/mine/scenes.json"
NAMES = [f"scene000{k}_00" for k in range(4)]
OWN = {"data": {"own_lists": True}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A data set ``mine`` of four tiny scans in ScanNet's layout, as a download would lie."""
    project = Project(tmp_path / "project")
    raw = project.folder / "download"
    for name in NAMES:
        write_scan(raw, name, repeat=34)
    (raw / "scannetv2_train.txt").write_text("\n".join(NAMES[:3]))
    (raw / "scannetv2_val.txt").write_text(NAMES[3])
    (project.folder / "config/datasets/mine.yaml").write_text(
        "preset: small\ndata: {raw: download, own_lists: true, scenes_per_job: 2}\n"
    )
    return project


def test_the_whole_of_scannet_is_planned_in_portions(tmp_path: Path) -> None:
    project = Project(tmp_path)
    write_stub_download(tmp_path / "data/scannet", 1201, 312, 60)
    plan = project.plan("results/scannet_5pct/eval.json", settings=OWN)
    assert (plan["check_data"], plan["prepare"], plan["supervoxels"]) == (1, 31, 31)
    assert (plan["pseudo_labels"], plan["train_round"]) == (20, 5)
    single = {"data": OWN["data"] | {"scenes_per_job": 1}}
    assert project.plan("results/data/scannet/scenes.json", settings=single)["prepare"] == 1513


def test_a_download_is_checked_then_prepared_and_not_again(project: Project) -> None:
    project.run(SCENES)
    assert list(read_json(project.folder / SCENES)) == NAMES
    assert "No problems." in (project.folder / "results/data/mine/check.md").read_text()
    # A check that was made again, with another answer, does not have everything after it made again.
    (project.folder / "results/data/mine/check.json").write_text("{}")
    assert project.plan(SCENES) == {}
    # A check that ran again would hide the second change from Snakemake, so the first one must not make it.
    changed = {"data": {"label_lists": "{ratio}.txt"}, "supervoxels": {"source": "computed"}}
    assert project.plan(SCENES, settings=changed) == {"supervoxels": 2, "collect_data": 1}
    (project.folder / f"download/scans/{NAMES[0]}/{NAMES[0]}.txt").write_text("sceneType = Kitchen\n")
    plan = project.plan(SCENES)
    assert (plan["prepare"], plan.get("check_data")) == (1, None)
    label_map = project.folder / "download/scannetv2-labels.combined.tsv"
    label_map.write_text(label_map.read_text() + "\n")
    assert project.plan(SCENES)["prepare"] == 2


@pytest.mark.parametrize(("folder", "manifests"), [("scenes", "prepared"), ("supervoxels", "supervoxels")])
def test_a_lost_file_is_made_again_as_the_documentation_says(
    project: Project, folder: str, manifests: str
) -> None:
    project.run(SCENES)
    data = project.folder / "results/data/mine"
    files = {path: path.read_bytes() for path in (data / folder).glob("*.npz")}
    page = (REPOSITORY / "docs/troubleshooting.md").read_text()
    row = next(line for line in page.splitlines() if f"{{dataset}}/{folder}/NAME.npz" in line)
    assert f"`{manifests}/*.json` and `scenes.json`" in row
    lost = data / folder / f"{NAMES[1]}.npz"
    for path in (lost, *(data / manifests).glob("*.json"), data / "scenes.json"):
        path.unlink()
    project.run(SCENES)
    assert {path: path.read_bytes() for path in (data / folder).glob("*.npz")} == files


def test_a_key_that_stands_twice_in_the_configuration_stops_planning(project: Project) -> None:
    for path in ("config/config.yaml", "config/datasets/mine.yaml"):
        file = project.folder / path
        kept = file.read_text()
        file.write_text(kept + "\nscans: {}\nscans: {}\n")
        done = project.attempt(SCENES)
        file.write_text(kept)
        assert done.returncode != 0
        assert f"{path}" in done.stdout
        assert "'scans' stands twice" in done.stdout


def test_a_changed_list_makes_the_splits_again(project: Project) -> None:
    raw, split = project.folder / "download", "results/data/mine/splits/50pct-seed0/labelled.txt"
    (raw / "50.txt").write_text(f"{NAMES[0]}\n")
    lists = {"data": {"label_lists": "{ratio}.txt"}}
    project.run(split, settings=lists)
    assert project.plan(split, settings=lists) == {}
    (raw / "50.txt").write_text(f"{NAMES[1]}\n")
    assert project.plan(split, settings=lists) == {"splits": 1}
    project.run(split, settings=lists)
    assert (project.folder / split).read_text() == f"{NAMES[1]}\n"
    (raw / "other.txt").write_text(f"{NAMES[0]}\n{NAMES[1]}\n")
    other = {"data": lists["data"] | {"train_list": "other.txt"}}
    assert project.plan(split, settings=other)["splits"] == 1


def test_a_list_of_labelled_scans_counts_whatever_its_name_says(project: Project) -> None:
    lists = {"data": {"label_lists": "{ratio}.txt"}}
    (project.folder / "download/1.txt").write_text(NAMES[0])
    assert project.plan("results/mine_1pct/eval.json", settings=lists)["train_round"] == 5
    (project.folder / "download/2.txt").write_text("\n".join(NAMES[:3]))
    done = project.attempt("results/mine_2pct/eval.json", settings=lists)
    assert "mine_2pct: all 3 training scenes are labelled, and none is left to learn from" in done.stdout


def test_a_download_behind_a_link_is_prepared(project: Project) -> None:
    scans = project.folder / "download/scans"
    scans.rename(project.folder / "disk")
    scans.symlink_to(project.folder / "disk")
    project.run(SCENES)
    assert list(read_json(project.folder / SCENES)) == NAMES


def test_an_incomplete_download_stops_before_anything_is_prepared(project: Project) -> None:
    for name in NAMES[1:3]:
        (project.folder / f"download/scans/{name}/{name}.aggregation.json").unlink()
    done = project.attempt(SCENES)
    assert done.returncode == 1
    assert "mine has 2 problems" in done.stdout
    for name in NAMES[1:3]:
        assert f"{name}.aggregation.json is missing" in done.stdout
    assert not (project.folder / "results/data/mine/scenes").exists()


def test_a_missing_scan_is_told_while_planning(project: Project) -> None:
    (project.folder / f"download/scans/{NAMES[2]}").rename(project.folder / "elsewhere")
    done = project.attempt(SCENES)
    assert done.returncode == 1
    assert f"scene {NAMES[2]} is not in" in done.stdout
    assert "`python -m twist check mine` tells all that is missing" in done.stdout


def test_generated_scans_can_be_checked_too(project: Project) -> None:
    assert project.plan("results/data/tiny/check.json") == {"rooms": 2, "check_data": 1}
    assert "check_data" not in project.plan("results/data/tiny/scenes.json")


def test_what_an_older_file_has_replaced_is_noticed(project: Project) -> None:
    """As unpacking and downloading again leave it: with the date of the archive."""
    raw, split = project.folder / "download", "results/data/mine/splits/50pct-seed0/labelled.txt"
    (raw / "50.txt").write_text(NAMES[0])
    lists = {"data": {"label_lists": "{ratio}.txt"}}
    project.run(SCENES, split, settings=lists)
    assert project.plan(SCENES, split, settings=lists) == {}
    facts = raw / f"scans/{NAMES[0]}/{NAMES[0]}.txt"
    for path, text in ((raw / "50.txt", NAMES[1]), (facts, "sceneType = Kitchen\n")):
        path.write_text(text)
        os.utime(path, (1.5e9, 1.5e9))
    plan = project.plan(SCENES, split, settings=lists)
    assert (plan["prepare"], plan["splits"]) == (1, 1)
