"""The two lists of pins are one."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def pip_pins() -> list[str]:
    lines = (ROOT / "envs" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def conda() -> list[object]:
    return yaml.safe_load((ROOT / "envs" / "twist.yaml").read_text(encoding="utf-8"))["dependencies"]


def test_conda_and_pip_pin_the_same() -> None:
    (nested,) = [entry["pip"] for entry in conda() if isinstance(entry, dict)]
    assert sorted(nested) == sorted(pip_pins())


@pytest.mark.parametrize("pin", pip_pins())
def test_every_pin_is_exact(pin: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+==\d[\w.]*", pin)


def test_no_package_is_pinned_twice() -> None:
    names = [pin.split("==")[0].lower().replace("_", "-") for pin in pip_pins()]
    assert len(set(names)) == len(names)


def test_conda_names_a_supported_python() -> None:
    (version,) = [entry.removeprefix("python=") for entry in conda() if str(entry).startswith("python=")]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    low, high = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project).groups()
    assert int(low) <= int(version.split(".")[1]) < int(high)


@pytest.mark.parametrize("name", ["numpy", "scipy", "torch", "spconv-cu118", "cumm-cu118", "numba"])
def test_what_is_installed_is_what_is_pinned(name: str) -> None:
    """Tests on other versions than the users' would show nothing."""
    pins = dict(pin.split("==") for pin in pip_pins())
    assert metadata.version(name).split("+")[0] == pins[name]
