"""Errors name what they are about, once."""

from __future__ import annotations

import pytest
import torch

from twist.devices import enough_memory
from twist.errors import TwistError, naming
from twist.learning.processes import PartnerLost


def test_an_error_is_given_its_subject() -> None:
    with pytest.raises(TwistError, match=r"^scene a: point 3 is NaN$"), naming("scene a"):
        raise TwistError("point 3 is NaN")


def test_a_subject_is_named_once() -> None:
    with pytest.raises(TwistError, match=r"^scene a came without labels$"), naming("scene a"):
        raise TwistError("scene a came without labels")


def test_another_kind_of_error_passes() -> None:
    """Whoever catches it needs its kind."""
    with pytest.raises(PartnerLost, match=r"^another process"), naming("scenes a, b"):
        raise PartnerLost("another process has ended")


def test_a_defect_stays_one() -> None:
    with pytest.raises(ZeroDivisionError), naming("scene a"), enough_memory("buy more"):
        _ = 1 / 0


def test_too_little_memory_of_a_gpu_is_one_line_with_advice() -> None:
    with pytest.raises(TwistError) as error, enough_memory("lower inference.voxels_max"):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nSee documentation")
    assert str(error.value) == (
        "too little memory on the GPU (CUDA out of memory. Tried to allocate 2.00 GiB.); lower "
        "inference.voxels_max"
    )
