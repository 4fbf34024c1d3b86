"""The benchmark's text formats: round trips, both line ends, and errors that name file and line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twist.classes import S3DIS, SCANNET, ClassTable
from twist.errors import TwistError
from twist.formats.results import (
    prediction_files,
    read_ground_truth,
    read_predictions,
    write_ground_truth,
    write_predictions,
)
from twist.regions import Regions

CHAIR, WALL, OTHER = (SCANNET.names.index(name) for name in ("chair", "wall", "otherfurniture"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def a_prediction(folder: Path, line: str, mask: str = "0\n1\n1\n") -> Path:
    write(folder / "predicted_masks" / "m0.txt", mask)
    return write(folder / "scene.txt", line)


class TestPredictions:
    def test_round_trip(self, tmp_path: Path) -> None:
        predictions = Regions(
            index=np.array([4, 0, 2, 1, 0], np.int32),
            offsets=np.array([0, 3, 3, 5]),
            label=np.array([CHAIR, OTHER, WALL], np.int32),
            score=np.array([0.5, 1e-6, 1 / 3], np.float32),
            size_of_scene=6,
        )
        write_predictions(tmp_path / "scene.txt", predictions, SCANNET)
        assert (tmp_path / "scene.txt").read_text().splitlines() == [
            "predicted_masks/scene_000.txt 5 0.5",
            "predicted_masks/scene_001.txt 39 9.999999974752427e-07",
            "predicted_masks/scene_002.txt 1 0.3333333432674408",
        ]
        assert (tmp_path / "predicted_masks" / "scene_000.txt").read_bytes() == b"1\n0\n1\n0\n1\n0\n"
        again = read_predictions(tmp_path / "scene.txt", 6, SCANNET)
        assert [again[k].tolist() for k in range(3)] == [[0, 2, 4], [], [0, 1]]
        assert again.label.tolist() == predictions.label.tolist()
        assert again.score.tolist() == predictions.score.tolist()

    def test_no_predictions(self, tmp_path: Path) -> None:
        write_predictions(tmp_path / "scene.txt", Regions.empty(7), SCANNET)
        assert len(read_predictions(tmp_path / "scene.txt", 7, SCANNET)) == 0

    def test_scores_keep_double_precision(self, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, "predicted_masks/m0.txt 5 0.1234567890123456")
        assert read_predictions(path, 3, SCANNET).score.tolist() == [0.1234567890123456]

    @pytest.mark.parametrize(
        "mask",
        [
            "0\n1\n1\n",
            "0\n1\n1",
            "0\r\n1\r\n1\r\n",
            "0\n1\n1\n\n",
            "0\n7\n1\n",
            "0\n12\n-3\n",
            "00\r\n1\r\n10",
        ],
    )
    def test_any_integer_but_zero_is_inside_with_either_line_end(self, mask: str, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, "predicted_masks/m0.txt 5 0.5\r\n", mask)
        assert read_predictions(path, 3, SCANNET)[0].tolist() == [1, 2]

    def test_byte_order_marks_are_read_over(self, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, "\ufeffpredicted_masks/m0.txt 5 0.5\r\n", "\ufeff0\r\n1\r\n1\r\n")
        assert read_predictions(path, 3, SCANNET)[0].tolist() == [1, 2]

    def test_a_negative_score_is_a_score(self, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, "predicted_masks/m0.txt 5 -1.5e-3")
        assert read_predictions(path, 3, SCANNET).score.tolist() == [-0.0015]

    @pytest.mark.parametrize("name", ["", "scene 1", "a/b", "tab\tbed"])
    def test_names_that_the_format_cannot_hold_are_refused(self, name: str) -> None:
        with pytest.raises(TwistError, match="cannot name files of a submission"):
            next(prediction_files(name, Regions.empty(3), SCANNET))

    @pytest.mark.parametrize("label", ["40", "0", "-1", "13", "99999999999"])
    def test_labels_that_the_benchmark_does_not_score_become_none(self, label: str, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, f"predicted_masks/m0.txt {label} 0.5")
        assert read_predictions(path, 3, SCANNET).label.tolist() == [-1]

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ("predicted_masks/m0.txt 5", "found 2 words"),
            ("predicted masks/m0.txt 5 0.5", "found 4 words"),
            ("predicted_masks/m0.txt chair 0.5", "must be numbers"),
            ("predicted_masks/m0.txt 5.5 0.5", "label 5.5 is not a whole number"),
            ("predicted_masks/m0.txt nan 0.5", "label nan is not a whole number"),
            ("predicted_masks/m0.txt 5 nan", "score nan is not a finite"),
            ("predicted_masks/m0.txt 5 -inf", "score -inf is not a finite"),
            ("predicted_masks/none.txt 5 0.5", "none.txt cannot be read: No such file"),
            ("predicted_masks 5 0.5", "cannot be read: Is a directory"),
            ("../m0.txt 5 0.5", "must be relative and stay inside"),
            ("predicted_masks/../../m0.txt 5 0.5", "must be relative and stay inside"),
            ("/etc/hostname 5 0.5", "must be relative and stay inside"),
            ("./predicted_masks/m0.txt 5 0.5", "named again, first on line 1"),
            ("predicted_masks/m\x000.txt 5 0.5", "cannot be read: embedded null"),
            ("predicted_masks/caf\xe9.txt 5 0.5", "cannot be read: No such file"),
            (f"{'m' * 5000}.txt 5 0.5", "cannot be read: File name too long"),
            ("predicted_masks\\\\m0.txt 5 0.5", "cannot be read: No such file"),
        ],
    )
    def test_a_bad_line_is_named(self, line: str, complaint: str, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, f"predicted_masks/m0.txt 5 0.5\n\n{line}\n")
        with pytest.raises(TwistError, match=rf"scene\.txt:3: .*{complaint}"):
            read_predictions(path, 3, SCANNET)

    def test_a_sibling_folder_with_the_same_beginning_is_outside(self, tmp_path: Path) -> None:
        write(tmp_path / "pred-other" / "m.txt", "1\n")
        path = write(tmp_path / "pred" / "scene.txt", "../pred-other/m.txt 5 0.5\n")
        with pytest.raises(TwistError, match="stay inside"):
            read_predictions(path, 1, SCANNET)

    @pytest.mark.parametrize(
        ("mask", "complaint"),
        [
            ("0\n1\n", "has 2 lines, but the scene has 3 vertices"),
            ("0\n1\n1\n0\n", "has 4 lines"),
            ("", "has 0 lines"),
            ("0\n1.0\n1\n", r"m0\.txt:2: '1.0' is not an integer"),
            ("0\n1\nx\n", r"m0\.txt:3: 'x' is not an integer"),
            ("0\n\n1\n", r"m0\.txt:2: '' is not an integer"),
            ("0\n99999999999999999999\n1", r"m0\.txt:2: '9+' is not an integer"),
            ("0\n\x00\n1\n", r"m0\.txt:2: .* is not an integer"),
        ],
    )
    def test_a_bad_mask_is_named(self, mask: str, complaint: str, tmp_path: Path) -> None:
        path = a_prediction(tmp_path, "predicted_masks/m0.txt 5 0.5", mask)
        with pytest.raises(TwistError, match=rf"scene\.txt:1: mask .*{complaint}"):
            read_predictions(path, 3, SCANNET)

    @pytest.mark.parametrize(
        ("label", "score", "complaint"),
        [(-1, 0.5, "has class -1"), (20, 0.5, "has class 20"), (CHAIR, np.nan, "has the score nan")],
    )
    def test_what_the_format_cannot_say_is_not_written(
        self, label: int, score: float, complaint: str, tmp_path: Path
    ) -> None:
        predictions = Regions.from_ids(np.zeros(3, int)).with_labels(np.array([label]), np.array([score]))
        with pytest.raises(TwistError, match=f"prediction 0 {complaint}"):
            write_predictions(tmp_path / "scene.txt", predictions, SCANNET)
        assert not (tmp_path / "scene.txt").exists()


class TestGroundTruth:
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([SCANNET, S3DIS]))
    def test_round_trip(self, tmp_path_factory: pytest.TempPathFactory, seed: int, table: ClassTable) -> None:
        random = np.random.default_rng(seed)
        size = random.integers(0, 40)
        semantic = random.integers(-1, len(table), size).astype(np.int32)
        instance = random.integers(-1, 999, size).astype(np.int32)
        path = tmp_path_factory.mktemp("gt") / "scene.txt"
        write_ground_truth(path, semantic, instance, table)
        known = (semantic >= 0) & (instance >= 0)
        again_semantic, again_instance = read_ground_truth(path, table)
        assert again_semantic.tolist() == np.where(known, semantic, -1).tolist()
        assert again_instance.tolist() == np.where(known, instance + 1, -1).tolist()

    def test_ids_are_label_times_1000_plus_instance(self, tmp_path: Path) -> None:
        """0 = unannotated, labels outside the benchmark, groups (below 1000), either line end."""
        path = write(tmp_path / "scene.txt", "0\n5001\r\n5000\n1002\n40003\n999\n39012\n-1")
        semantic, instance = read_ground_truth(path, SCANNET)
        assert semantic.tolist() == [-1, CHAIR, CHAIR, WALL, -1, -1, OTHER, -1]
        assert instance.tolist() == [-1, 1, 0, 2, -1, -1, 12, -1]

    def test_a_scene_without_annotation(self, tmp_path: Path) -> None:
        semantic, instance = read_ground_truth(write(tmp_path / "scene.txt", "0\n" * 5), SCANNET)
        assert semantic.tolist() == instance.tolist() == [-1] * 5

    def test_a_bad_line_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "scene.txt", "5001\n5001.0\n")
        with pytest.raises(TwistError, match=r"scene\.txt:2: '5001\.0' is not an integer"):
            read_ground_truth(path, SCANNET)

    def test_an_instance_id_without_room_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TwistError, match="instance id 999"):
            write_ground_truth(tmp_path / "scene.txt", np.array([CHAIR]), np.array([999]), SCANNET)
