"""Rooms with views, and what uninterrupted pre-trainings make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.pretraining.trainings import plan_of, run, write_data


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views")
    write_data(folder)
    return folder


@pytest.fixture(scope="session")
def uninterrupted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return {method: run(plan_of(data, method), tmp_path_factory.mktemp(method)) for method in ("pc", "csc")}
