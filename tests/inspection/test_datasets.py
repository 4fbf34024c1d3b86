"""check: whole data sets of tiny scans, sound and broken; every problem is told, and at once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.raw_scans import OBJECTS, write_room, write_scan
from twist.__main__ import main
from twist.files import read_json
from twist.inspection.datasets import Inspection, inspect_dataset
from twist.settings import Settings

TRAIN, VAL = ("scene0000_00", "scene0001_00", "scene0002_00"), ("scene0003_00",)


def write_lists(raw: Path, train: tuple[str, ...] = TRAIN, val: tuple[str, ...] = VAL) -> None:
    (raw / "scannetv2_train.txt").write_text("\n".join(train))
    (raw / "scannetv2_val.txt").write_text("\n".join(val))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Four sound scans of 408 vertices and their lists."""
    for name in TRAIN + VAL:
        write_scan(tmp_path, name, repeat=34)
    write_lists(tmp_path)
    return tmp_path


def inspected(raw: Path, *, quick: bool = False, jobs: int = 1, **data: object) -> Inspection:
    settings = Settings.from_layers({"test": {"data": {"raw": str(raw), "own_lists": True, **data}}})
    return inspect_dataset("mine", settings, quick=quick, jobs=jobs)


def problems_of(found: Inspection) -> list[str]:
    return found.problems + [problem for scan in found.scans for problem in scan.problems]


def test_a_sound_data_set_has_no_problems(raw: Path) -> None:
    found = inspected(raw)
    assert problems_of(found) == []
    assert [note for scan in found.scans for note in scan.notes] == []
    train, val = found.parts["train"], found.parts["val"]
    assert (len(train), len(val)) == (3, 1)
    assert val[0]["class_points"] == {"wall": 102, "chair": 102, "sofa": 102}
    assert (val[0]["unlabelled"], val[0]["points"], val[0]["label_agreement"]) == (102, 408, 1.0)
    assert 0 <= val[0]["colours"][0] < val[0]["colours"][1] <= 255
    assert found.density is not None
    assert found.density["scans"] == 4
    assert any("no val scan has an instance of cabinet, bed" in note for note in found.notes)
    assert "not the published label map" in found.notes[0]


def test_processes_find_what_one_finds(raw: Path) -> None:
    assert inspected(raw, jobs=2).as_json() == inspected(raw).as_json()


def test_all_problems_are_told_at_once(raw: Path) -> None:
    write_lists(raw, (*TRAIN, "scene0009_00", "scene0008_00"))
    first, second, third = (raw / "scans" / name / name for name in TRAIN)
    Path(f"{first}_vh_clean_2.ply").unlink()
    Path(f"{second}.aggregation.json").write_text("{")
    Path(f"{third}.txt").write_text("axisAlignment = 1 2 3\n")
    write_scan(raw / "v1", VAL[0], sceneId=VAL[0], appId="Aggregator.v1")
    (raw / "scans" / VAL[0]).rename(raw / "away")
    (raw / "v1" / "scans" / VAL[0]).rename(raw / "scans" / VAL[0])
    problems = problems_of(inspected(raw))
    expected = [
        "scene0000_00_vh_clean_2.ply is missing",
        "scene0001_00.aggregation.json:1:2: not valid JSON",
        "scene0002_00.txt:1: axisAlignment must be 16 numbers",
        "scene scene0009_00 is not in",
        "scene scene0008_00 is not in",
        "scene0003_00.aggregation.json is not of ScanNet v2",
    ]
    assert len(problems) == len(expected)
    for text, problem in zip(expected, problems, strict=True):
        assert text in problem


def test_lists_and_label_map_are_problems_beside_those_of_scans(raw: Path) -> None:
    (raw / "scannetv2-labels.combined.tsv").write_text("id\tcategory\n")
    (raw / "scans" / TRAIN[0] / f"{TRAIN[0]}_vh_clean_2.ply").write_bytes(b"ply\n")
    problems = problems_of(inspected(raw, own_lists=False))
    assert len(problems) == 4
    for text, problem in zip(
        ["train.txt is not the published list: its SHA-256 is", "val.txt is not the published list",
         "tsv:1: a label map needs the columns", "scene0000_00_vh_clean_2.ply: the header has no end_header"],
        problems, strict=True,
    ):  # fmt: skip
        assert text in problem


@pytest.mark.parametrize("listed", [None, "", "scene0009_00"])
@pytest.mark.parametrize("part", ["train", "val"])
def test_a_part_of_which_nothing_could_be_read_is_an_empty_row(
    part: str, listed: str | None, raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = raw / f"scannetv2_{part}.txt"
    path.unlink() if listed is None else path.write_text(listed)
    assert check(raw, "--out-dir", str(tmp_path / "out")) == 1
    printed = capsys.readouterr().out
    assert "scannetv2" in printed or "scene0009_00" in printed
    title = "training" if part == "train" else "scored"
    rows = [line for line in printed.splitlines() if line.startswith(f"| {title}")]
    assert rows[0].split("|")[3:-1] == [
        cell for cell in rows[0].split("|")[3:-1] if cell.strip() in ("", "0")
    ]
    assert (tmp_path / "out/check.md").is_file()


def test_categories_without_a_class_are_named_with_their_scans(raw: Path) -> None:
    label_map = raw / "scannetv2-labels.combined.tsv"
    lines = label_map.read_text().splitlines()
    label_map.write_text("\n".join(line for line in lines if "\tcouch\t" not in line) + "\n")
    found = inspected(raw)
    assert "categories that the label map lacks, left unlabelled: couch (4 scans)" in found.notes


def test_a_scan_whose_objects_have_no_class_counts_as_unannotated(raw: Path) -> None:
    objects = raw / f"scans/{VAL[0]}/{VAL[0]}.aggregation.json"
    content = json.loads(objects.read_text())
    for group in content["segGroups"]:
        group["label"] = "gizmo"
    objects.write_text(json.dumps(content))
    found = inspected(raw)
    assert f"scan {VAL[0]} is to be scored and has no annotation" in found.problems


def test_scans_in_both_lists_and_missing_lists(raw: Path) -> None:
    write_lists(raw, TRAIN, (*VAL, TRAIN[0]))
    assert "1 in both" in problems_of(inspected(raw))[0]
    (raw / "scannetv2_val.txt").unlink()
    assert "scannetv2_val.txt is missing" in problems_of(inspected(raw))[0]


def test_label_lists_are_checked_where_they_are(raw: Path) -> None:
    (raw / "5.txt").write_text(f"{TRAIN[1]}\n")
    (raw / "10.txt").write_text(f"{TRAIN[1]}\n{VAL[0]}\n")
    found = inspected(raw, label_lists="{ratio}.txt")
    assert found.labelled == {"5": 1}
    assert len(problems_of(found)) == 1
    assert "10.txt: 1 scenes are not in the training list, first scene0003_00" in found.problems[0]
    assert sum("is missing; only runs at" in note for note in found.notes) == 2


def test_scans_without_annotation(raw: Path) -> None:
    for name in (TRAIN[0], VAL[0]):
        for ending in (".aggregation.json", "_vh_clean_2.labels.ply"):
            (raw / "scans" / name / f"{name}{ending}").unlink()
    found = inspected(raw)
    assert problems_of(found) == [f"scan {VAL[0]} is to be scored and has no annotation"]
    assert any("1 of 3 training scans have no annotation" in note for note in found.notes)
    (raw / "5.txt").write_text(f"{TRAIN[1]}\n")
    (raw / "10.txt").write_text(f"{TRAIN[0]}\n{TRAIN[1]}\n")
    problems = "; ".join(problems_of(inspected(raw, label_lists="{ratio}.txt")))
    assert f"10.txt: 1 of the 2 labelled scenes have no annotation, first {TRAIN[0]}" in problems
    assert "5.txt" not in problems


def test_labels_that_contradict_and_wrong_units_are_problems(raw: Path) -> None:
    folder = raw / "scans" / TRAIN[0]
    swapped = [group | {"label": "couch" if group["label"] == "chair" else "chair"} for group in OBJECTS]
    path = folder / f"{TRAIN[0]}.aggregation.json"
    path.write_text(json.dumps(read_json(path) | {"segGroups": swapped}))
    mesh = raw / "scans" / TRAIN[1] / f"{TRAIN[1]}_vh_clean_2.ply"
    data = mesh.read_bytes()
    at = data.index(b"end_header\n") + len(b"end_header\n")
    mesh.write_bytes(data[:at] + np.float32(2000).tobytes() + data[at + 4 :])
    problems = problems_of(inspected(raw))
    assert len(problems) == 2
    assert "only 25.0% of the vertices have the class" in problems[0]
    assert "longest side is 2" in problems[1]
    assert "must be metres" in problems[1]


def test_grey_and_dark_scans_are_noted(raw: Path) -> None:
    for name, value in ((TRAIN[0], 77), (TRAIN[1], 1)):
        mesh = raw / "scans" / name / f"{name}_vh_clean_2.ply"
        data = bytearray(mesh.read_bytes())
        at = data.index(b"end_header\n") + len(b"end_header\n")
        for vertex in range(408):
            data[at + 16 * vertex + 12 : at + 16 * vertex + 15] = bytes([value] * 3)
        mesh.write_bytes(data)
    notes = {scan.name: scan.notes for scan in inspected(raw).scans}
    assert "only grey" in notes[TRAIN[0]][0]
    assert "no colour is above 1" in notes[TRAIN[1]][0]


def test_a_quick_look_reads_no_scan(raw: Path) -> None:
    (raw / "scans" / TRAIN[0] / f"{TRAIN[0]}.aggregation.json").write_text("{")
    mesh = raw / "scans" / TRAIN[1] / f"{TRAIN[1]}_vh_clean_2.ply"
    mesh.write_bytes(mesh.read_bytes()[:-1])
    found = inspected(raw, quick=True)
    assert len(problems_of(found)) == 1
    assert "is truncated" in problems_of(found)[0]
    assert found.parts == {"train": [], "val": []}
    assert found.density is None


def test_scans_in_no_list_are_noted_and_stay_unused(raw: Path) -> None:
    write_scan(raw, "scene0700_00")
    found = inspected(raw)
    assert any("1 scans are in no list and stay unused, first scene0700_00" in note for note in found.notes)
    assert len(found.scans) == 4


@pytest.mark.parametrize(("generated", "way"), [(False, "data.raw"), (True, "snakemake")])
def test_a_missing_folder_is_the_only_problem(tmp_path: Path, generated: bool, way: str) -> None:
    found = inspected(tmp_path / "none", generated=generated)
    assert len(problems_of(found)) == 1
    assert way in found.problems[0]


def test_an_empty_folder_is_told_without_a_traceback(tmp_path: Path) -> None:
    assert len(problems_of(inspected(tmp_path))) == 3  # two lists and the label map
    assert problems_of(inspected(tmp_path, format="s3dis"))


def test_rooms_of_s3dis(tmp_path: Path) -> None:
    write_room(tmp_path, "Area_1", "office_1")
    write_room(tmp_path, "Area_5", "hallway_2")
    found = inspected(tmp_path, format="s3dis")
    assert problems_of(found) == []
    assert found.parts["val"][0]["class_points"] == {"floor": 1, "chair": 2}
    (tmp_path / "Area_1" / "office_1" / "Annotations" / "chair_1.txt").write_text("")
    assert "chair_1.txt is empty" in problems_of(inspected(tmp_path, format="s3dis", quick=True))[0]


# --- the command ---------------------------------------------------------------------------------


def check(raw: Path, *words: str) -> int:
    (raw / "config/datasets").mkdir(parents=True, exist_ok=True)
    (raw / "config/presets").mkdir(exist_ok=True)
    (raw / "config/presets/paper.yaml").write_text("")
    text = f"data: {{format: scannet, raw: {raw}, own_lists: true}}\n"
    (raw / "config/datasets/mine.yaml").write_text(text)
    return main(["check", "mine", "--config", str(raw / "config"), *words])


def test_the_command_writes_a_page_and_the_figures(
    raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(raw, "--out-dir", str(tmp_path / "out")) == 0
    page = (tmp_path / "out" / "check.md").read_text()
    assert "No problems." in page
    assert "| scene0000_00 | 408 " in page
    chair = next(line for line in page.splitlines() if line.startswith("| chair"))
    assert [cell.strip() for cell in chair.split("|")[2:5]] == ["25.00%", "3", "3"]
    assert read_json(tmp_path / "out" / "check.json")["scans"][TRAIN[0]]["facts"]["points"] == 408
    assert "## Labels" in capsys.readouterr().out


def test_the_command_exits_with_1_and_tells_all(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in TRAIN:
        (raw / "scans" / name / f"{name}_vh_clean_2.ply").unlink()
    assert check(raw, "--quick") == 1
    answer = capsys.readouterr()
    assert answer.err == "twist check: mine has 3 problems; each is told above\n"
    assert all(f"{name}_vh_clean_2.ply is missing" in answer.out for name in TRAIN)
