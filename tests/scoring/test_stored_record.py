"""Reading scores back: what `evaluate` wrote is read, anything else is named with file and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scoring.records import score
from twist.errors import TwistError
from twist.scoring.stored_record import read_manifest, read_records, read_round_record, read_round_records


def written(folder: Path, value: Any) -> Path:
    path = folder / "eval.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_a_score_is_read_as_it_is(tmp_path: Path) -> None:
    record = score(rounds=2) | {"extra": [1]}
    assert read_records(written(tmp_path, record)) == [record]
    assert read_round_record(written(tmp_path, record)) == record
    assert read_round_records(written(tmp_path, [record, record])) == [record, record]


def test_a_score_of_no_run_is_a_score_but_not_of_a_round(tmp_path: Path) -> None:
    path = written(tmp_path, score(ratio_pct=None, method=None, variant=None, seed=None, rounds=None))
    assert read_records(path)[0]["rounds"] is None
    with pytest.raises(TwistError, match=r"eval\.json: `rounds` is null"):
        read_round_record(path)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("{", r"eval\.json:1:2: not valid JSON"),
        (3, "a JSON object was expected"),
        ({}, "'dataset' is missing"),
        (score() | {"mAP": "12"}, "'mAP' is '12'"),
        (score() | {"AP50": True}, "'AP50' is 'True'"),
        (json.dumps(score() | {"AP25": float("nan")}), "'AP25' is 'nan'"),
        (score() | {"scenes": None}, "'scenes' is 'None'"),
        (score() | {"provenance": {}}, "provenance: .*'settings' is missing"),
        (score() | {"provenance": {"settings": None, "versions": {}, "revision": None}}, "version of twist"),
    ],
)
def test_anything_else_is_named(value: Any, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=complaint):
        read_records(written(tmp_path, value))


@pytest.mark.parametrize(
    ("value", "complaint"), [({}, "a list of scores"), ([], "a list of scores"), ([score(), 3], "entry 2: ")]
)
def test_a_list_of_rounds_holds_rounds(value: Any, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(TwistError, match=complaint):
        read_round_records(written(tmp_path, value))


def test_a_manifest(tmp_path: Path) -> None:
    assert read_manifest(written(tmp_path, {"device": "cpu", "wall_seconds": 3}))["wall_seconds"] == 3
    with pytest.raises(TwistError, match="'wall_seconds' is 'soon'"):
        read_manifest(written(tmp_path, {"device": "cpu", "wall_seconds": "soon"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(sorted(score())), value=JSON)
def test_any_value_under_any_key_is_read_or_named(key: str, value: Any, tmp_path: Path) -> None:
    path = written(tmp_path, score() | {key: value})
    try:
        record = read_round_record(path)
    except TwistError:
        return
    assert isinstance(record["rounds"], int)
    assert record["provenance"]["versions"]["twist"]
