"""The saved state: two slots, of which the newest whole one of the same origin goes on."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from twist.errors import TwistError
from twist.learning.state import StateFolder

ORIGIN = {"seed": "0", "training.learning_rate": "0.1"}


def state_folder(folder: Path, origin: dict[str, str] | None = None) -> tuple[StateFolder, list[str]]:
    said: list[str] = []
    return StateFolder(folder, origin or ORIGIN, said.append), said


def save_steps(folder: Path, *steps: int, **origin: str) -> StateFolder:
    states, _ = state_folder(folder, ORIGIN | origin)
    for step in steps:
        states.save({"step": step, "weights": torch.full((50,), float(step))})
    return states


def loaded_step(folder: Path) -> tuple[int | None, list[str]]:
    states, said = state_folder(folder)
    content = states.load()
    if content is None:
        return None, said
    assert (content["weights"] == content["step"]).all()
    return content["step"], said


def test_no_state_is_none(tmp_path: Path) -> None:
    assert loaded_step(tmp_path) == (None, [])


@pytest.mark.parametrize("steps", [(3,), (3, 5), (3, 5, 8), (3, 5, 8, 9)])
def test_the_newest_is_loaded(steps: tuple[int, ...], tmp_path: Path) -> None:
    save_steps(tmp_path, *steps)
    assert loaded_step(tmp_path) == (steps[-1], [])


def truncate(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def flip(place: int) -> Any:
    return lambda raw: raw[:place] + bytes([raw[place] ^ 4]) + raw[place + 1 :]


@pytest.mark.parametrize(
    "damage", [truncate, flip(3), flip(20), flip(500), flip(-2), lambda raw: b"", lambda raw: b"x" * 200]
)
def test_a_damaged_slot_is_told_and_the_other_used(damage: Any, tmp_path: Path) -> None:
    states = save_steps(tmp_path, 3, 5, 8)  # 8 lies in slot 0, 5 in slot 1
    newest = states.slots[0]
    newest.write_bytes(damage(newest.read_bytes()))
    step, said = loaded_step(tmp_path)
    assert step == 5
    assert len(said) == 1
    assert "state.0 is damaged" in said[0]


def test_both_slots_damaged_start_anew(tmp_path: Path) -> None:
    for slot in save_steps(tmp_path, 3, 5).slots:
        slot.write_bytes(truncate(slot.read_bytes()))
    step, said = loaded_step(tmp_path)
    assert step is None
    assert len(said) == 2


def test_after_a_load_the_other_slot_is_written(tmp_path: Path) -> None:
    """Whichever slot is whole stays whole while the next state is written."""
    save_steps(tmp_path, 3, 5)
    for last in (5, 6, 7):
        states, _ = state_folder(tmp_path)
        assert states.load()["step"] == last
        states.save({"step": last + 1, "weights": torch.full((50,), last + 1.0)})
        assert {states._read(slot)["step"] for slot in states.slots} == {last, last + 1}


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"seed": "1"}, "another seed;"),
        ({"training.learning_rate": "0.2"}, "another training.learning_rate;"),
        ({"extra": "1"}, "another extra;"),
        ({"seed": "1", "a": "1", "b": "2", "c": "3"}, "another a, b, c and 1 more;"),
    ],
)
def test_a_state_of_another_origin_is_never_continued(
    origin: dict[str, str], said: str, tmp_path: Path
) -> None:
    save_steps(tmp_path, 7, **origin)
    step, reports = loaded_step(tmp_path)
    assert step is None
    assert len(reports) == 1
    assert said in reports[0]


def test_another_origins_state_gives_way_to_a_younger_training(tmp_path: Path) -> None:
    save_steps(tmp_path, 100, 200, seed="1")
    states, _ = state_folder(tmp_path)
    assert states.load() is None
    states.save({"step": 2, "weights": torch.full((50,), 2.0)})
    assert loaded_step(tmp_path)[0] == 2


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_both_slots_loadable(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = save_steps(tmp_path, 3, 5)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, full)
        with pytest.raises(TwistError, match="No space left"):
            states.save({"step": 8, "weights": torch.full((50,), 8.0)})
    assert loaded_step(tmp_path) == (5, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.0", "state.1"]
    states.slots[1].unlink()
    assert loaded_step(tmp_path) == (3, [])


def test_a_slot_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    states = save_steps(tmp_path, 3, 5)
    states.slots[1].unlink()
    states.slots[1].mkdir()
    step, said = loaded_step(tmp_path)
    assert step == 3
    assert "state.1 cannot be read" in said[0]
