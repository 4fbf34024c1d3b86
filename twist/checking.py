"""How a setting is declared and checked: type, range and reason; one-line errors for what does not fit."""

from __future__ import annotations

import argparse
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from twist.errors import TwistError


def natural(text: str) -> int:
    """An argparse type: a whole number, at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def distance(text: str) -> float:
    """An argparse type: metres, at least 0."""
    try:
        if 0 <= float(text) < math.inf:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a distance in metres, 0 or more")


def shard(text: str) -> slice:
    """An argparse type: ``K/N`` with 0 <= K < N, as the slice of every N-th entry from the K-th on."""
    first, _, second = text.partition("/")
    if not (first.isdecimal() and second.isdecimal() and int(first) < int(second)):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K from 0 to N - 1")
    return slice(int(first), None, int(second))


def percentage(text: str) -> str:
    """An argparse type: a percentage above 0, kept as text, since it is part of names."""
    try:
        if 0 < float(text) <= 100:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a percentage above 0 and up to 100")


def setting(
    default: Any,
    why: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: tuple[str, ...] | None = None,
    changes_result: bool = True,
) -> Any:
    """A dataclass field with its range and one line of why. ``at_least`` etc. hold for each list entry.

    ``changes_result=False`` marks settings of speed and comfort: changing them reruns nothing.
    """
    limits = {"above": above, "at_least": at_least, "at_most": at_most, "choices": choices}
    return field(default=default, metadata={"why": why, "changes_result": changes_result, **limits})


class _Loader(yaml.SafeLoader):
    """YAML without a key that stands twice, of which the plain loader forgets the first."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)  # as it is written, before other mappings are merged in
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.composer.ComposerError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        return node


def parse_yaml(text: str) -> Any:
    """A YAML value. Raises yaml.YAMLError for what is none, and for a key that stands twice in a mapping."""
    return yaml.load(text, _Loader)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping; TwistError names file, line and column."""
    try:
        value = parse_yaml(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise TwistError(f"{path}{where}: not valid YAML ({getattr(error, 'problem', error)})") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TwistError(f"cannot read {path}: {error}") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TwistError(f"{path}: must hold `key: value` lines, not {type(value).__name__}")
    return value


def checked_value(section_class: Any, key: str, value: Any, where: str) -> Any:
    """The value as the field's type, or TwistError."""
    assert is_dataclass(section_class)
    known = {entry.name: entry for entry in fields(section_class)}
    if key not in known:
        raise TwistError(f"{where} is unknown; there are {', '.join(known)}")
    hint = typing.get_type_hints(section_class)[key]
    value = _converted(hint, value, where)
    for entry in value if isinstance(value, tuple) else (value,):
        _check_range(known[key].metadata, entry, where)
    return value


def _converted(hint: Any, value: Any, where: str) -> Any:
    if isinstance(hint, types.GenericAlias):
        if not isinstance(value, list | tuple):
            raise TwistError(f"{where} must be a list, not {value!r}")
        return tuple(_converted(hint.__args__[0], entry, where) for entry in value)
    found = value
    if isinstance(value, str) and hint is not str:
        value = _number_or_flag(value)
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise TwistError(f"{where} must be {hint.__name__}, not {found!r}")
    return value


def _number_or_flag(text: str) -> Any:
    """A number or true/false given as text, as Snakemake's ``--config`` gives every value; else the text."""
    try:
        value = yaml.safe_load(text)
        return float(value) if isinstance(value, str) else value  # YAML 1.1 reads 1e-4 as text
    except (ValueError, yaml.YAMLError):
        return text


def _check_range(limits: Mapping[str, Any], value: Any, where: str) -> None:
    if limits["choices"] is not None and value not in limits["choices"]:
        raise TwistError(f"{where} must be one of {', '.join(limits['choices'])}, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise TwistError(f"{where} must be a finite number, not {value!r}")
    if limits["above"] is not None and value <= limits["above"]:
        raise TwistError(f"{where} must be above {limits['above']}, not {value!r}")
    if limits["at_least"] is not None and value < limits["at_least"]:
        raise TwistError(f"{where} must be at least {limits['at_least']}, not {value!r}")
    if limits["at_most"] is not None and value > limits["at_most"]:
        raise TwistError(f"{where} must be at most {limits['at_most']}, not {value!r}")
