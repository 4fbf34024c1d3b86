"""One model over many scans: current results are kept, outdated ones made anew."""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import redirect_stdout
from multiprocessing import synchronize
from pathlib import Path

import pytest
import torch

from tests.synthetic import tiny_settings, write_rooms
from twist.classes import SCANNET
from twist.errors import TwistError
from twist.files import write_text
from twist.network.model import Model
from twist.scans import each_scan, work_on

NAMES = ("a", "b", "c")
CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three rooms and a model in round 1's state."""
    write_rooms(tmp_path, NAMES, 60)
    save_model(tmp_path, seed=0)
    return tmp_path


def save_model(folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    Model(tiny_settings().network, SCANNET).save(folder / "model.pt")


def work_through(
    data: Path, names: tuple[str, ...] = NAMES, depends: str = "", stop_after: int = 9
) -> list[str]:
    """Names of the scans worked on; each leaves a file. A job may be killed after some."""
    done = []
    for models, sample, out in each_scan([data / "model.pt"], data, names, data / "out", depends, CPU):
        assert not models.first.training
        assert out == data / "out" / f"{sample.name}.npz"
        write_text(out, "result")
        done.append(sample.name)
        if len(done) == stop_after:
            break
    return done


def test_a_result_of_a_scan_that_was_prepared_anew_meanwhile_is_outdated(data: Path) -> None:
    """As an orphan leaves it that outlived its workflow."""
    for _, sample, out in each_scan([data / "model.pt"], data, ("a",), data / "out", "", CPU):
        scene = data / "scenes" / "a.npz"
        scene.write_bytes(scene.read_bytes())
        write_text(out, f"of {len(sample)} points as they were")
    assert work_through(data, ("a",)) == ["a"]
    assert work_through(data, ("a",)) == []


def test_a_killed_job_goes_on_with_the_scans_still_missing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert work_through(data, stop_after=2) == ["a", "b"]
    unfinished, others = data / "out/.c.npz.x1.part", data / "out/.d.npz.x2.part"
    evidence = data / "out/.c.evidence.npz.x3.part"
    unfinished.touch()
    evidence.touch()
    others.touch()  # of a job that has other scans and may live
    assert work_through(data) == ["c"]
    assert (unfinished.exists(), evidence.exists(), others.exists()) == (False, False, True)
    assert "2 of 3 scans are done already" in capsys.readouterr().out
    assert work_through(data) == []


def test_results_are_of_all_models_together(data: Path) -> None:
    def work(*models: Path) -> int:
        scans = list(each_scan(models, data, NAMES, data / "out", "", CPU))
        for ensemble, _, out in scans:
            assert len(ensemble.models) == len(models)
            write_text(out, "result")
        return len(scans)

    first, second = data / "model.pt", data / "second.pt"
    second.write_bytes(first.read_bytes())
    assert work(first, second) == 3
    assert work(first, second) == 0
    assert work(first) == 3
    save_model(data, seed=5)
    assert work(second, first) == 3


def test_shards_of_one_job_keep_each_others_results(data: Path) -> None:
    assert work_through(data, ("a", "c")) == ["a", "c"]
    assert work_through(data, ("b",)) == ["b"]
    assert work_through(data) == []


def test_another_model_or_other_settings_make_all_anew(data: Path) -> None:
    work_through(data)
    assert work_through(data, depends="radius 0.1") == list(NAMES)
    assert work_through(data, depends="radius 0.1") == []
    save_model(data, seed=1)
    assert work_through(data, ("b",), depends="radius 0.1") == ["b"]
    assert sorted(path.name for path in (data / "out").glob("*.npz")) == ["b.npz"]


def test_a_job_left_over_from_other_settings_is_waited_for(data: Path) -> None:
    """Its workflow was killed with -9, and it works on: its results must not come among the new ones."""
    arguments = ([data / "model.pt"], data, NAMES, data / "out")
    orphan = each_scan(*arguments, "old", CPU)
    _, _, first = next(orphan)
    write_text(data / "out" / "shard0.json", "vouches for old results")
    context = multiprocessing.get_context("spawn")  # a fork would hold the lock, too
    successor = context.Process(target=work_through, args=(data,), kwargs={"depends": "new"})
    successor.start()
    successor.join(8)
    assert successor.is_alive()
    write_text(first, "old result")
    for _, _, out in orphan:
        write_text(out, "old result")
    successor.join()
    assert successor.exitcode == 0
    assert {path.read_text() for path in (data / "out").glob("*.npz")} == {"result"}
    assert not (data / "out" / "shard0.json").exists()


def work_at_once(data: Path, name: str, start: synchronize.Barrier, both: synchronize.Barrier) -> None:
    start.wait(120)
    for _, _, out in each_scan([data / "model.pt"], data, (name,), data / "out", "", CPU):
        both.wait(120)  # broken, an error, if the other one must wait for this one's end
        write_text(out, "result")


def test_shards_that_start_together_work_together(data: Path) -> None:
    """No folder is there yet: one marks it, and the others join."""
    context = multiprocessing.get_context("spawn")
    start, both = context.Barrier(len(NAMES)), context.Barrier(len(NAMES))
    shards = [context.Process(target=work_at_once, args=(data, name, start, both)) for name in NAMES]
    for shard in shards:
        shard.start()
    for shard in shards:
        shard.join()
    assert [shard.exitcode for shard in shards] == [0] * len(NAMES)
    assert {path.stem for path in (data / "out").glob("*.npz")} == set(NAMES)


def succeed(data: Path, done: Path) -> None:
    with (data / "said").open("w") as said, redirect_stdout(said):
        done.write_text(" ".join(work_through(data)))


def test_an_orphan_of_the_same_job_is_waited_for(data: Path) -> None:
    """Both would do the same scans, and the one that ends last would replace what the other vouches for."""
    orphan = each_scan([data / "model.pt"], data, NAMES, data / "out", "", CPU)
    _, _, first = next(orphan)
    successor = multiprocessing.get_context("spawn").Process(target=succeed, args=(data, data / "done"))
    successor.start()
    deadline = time.monotonic() + 120
    while not ((data / "said").exists() and "3 scans is being worked on by" in (data / "said").read_text()):
        assert time.monotonic() < deadline
        assert successor.is_alive()
        time.sleep(0.05)
    write_text(first, "the orphan's")
    for _, _, out in orphan:
        write_text(out, "the orphan's")
    successor.join()
    assert (successor.exitcode, (data / "done").read_text()) == (0, "")
    assert {path.read_text() for path in (data / "out").glob("*.npz")} == {"the orphan's"}


def test_an_error_on_the_way_names_the_scan(data: Path) -> None:
    with (
        pytest.raises(TwistError, match=r"^scene b: too little memory .*; lower inference\.voxels_max"),
        work_on("b"),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory")
    (data / "scenes" / "b.npz").write_bytes(b"")
    with pytest.raises(TwistError, match=r"^scene b: "):
        work_through(data)


@pytest.mark.parametrize("name", ["precious.npz", "shard0.json"])
def test_a_folder_with_files_of_others_is_left_alone(name: str, data: Path) -> None:
    (data / "out").mkdir()
    (data / "out" / name).write_text("of someone else")
    with pytest.raises(TwistError, match=rf"out holds files that this step did not write, as {name}"):
        work_through(data)
    assert (data / "out" / name).read_text() == "of someone else"


def test_killed_while_it_emptied_the_folder(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work_through(data)

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            work_through(data, depends="new")
    assert work_through(data) == list(NAMES), "whose results they are is not known any more"


@pytest.mark.parametrize("part", ["scenes", "supervoxels"])
def test_a_scan_prepared_anew_gets_another_result(part: str, data: Path) -> None:
    """The model need not change with it: nobody trains on scored scans."""
    work_through(data)
    later = (data / "out" / "c.npz").stat().st_mtime_ns + 1
    os.utime(data / part / "b.npz", ns=(later, later))
    assert work_through(data) == ["b"]


def test_a_missing_scan_is_named(data: Path) -> None:
    (data / "scenes" / "b.npz").unlink()
    with pytest.raises(TwistError, match=r"scenes/b\.npz does not exist"):
        work_through(data)


def test_no_scans_at_all(data: Path) -> None:
    assert work_through(data, ()) == []
