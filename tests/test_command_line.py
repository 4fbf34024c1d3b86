"""The command line: verbs, exit codes, and one line for an error."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import twist
from twist.__main__ import EXIT_CODES, GROUPS, main, verbs
from twist.commands import evaluate
from twist.errors import TwistError

EVALUATE = ["evaluate", "--gt", "a", "--pred", "b", "--out", "c"]


def exit_code(words: list[str]) -> object:
    with pytest.raises(SystemExit) as stop:
        main(words)
    return stop.value.code


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--help"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert set(verbs()) <= set(listed)
    assert "evaluate" in verbs()


def test_help_tells_groups_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    grouped = [name for group in GROUPS.values() for name in group]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= set(verbs())
    assert exit_code(["--help"]) == 0
    text = capsys.readouterr().out
    places = [text.index(f"{title}:") for title in GROUPS]
    assert places == sorted(places)
    assert EXIT_CODES in text


def test_a_verb_of_no_group_is_listed_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(GROUPS, "results", ())
    assert exit_code(["--help"]) == 0
    assert "  evaluate " in capsys.readouterr().out.split("others:")[1]


@pytest.mark.parametrize("verb", verbs())
def test_each_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code([verb, "--help"]) == 0
    assert f"python -m twist {verb}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--version"]) == 0
    assert capsys.readouterr().out == f"twist {twist.__version__}\n"


@pytest.mark.parametrize("words", [[], ["no-such-verb"], ["evaluate"], [*EVALUATE, "--no-such-option"]])
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(words) == 2
    assert "usage: python -m twist" in capsys.readouterr().err


def test_a_twist_error_is_one_line_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "evaluate",
        "--gt",
        str(tmp_path / "none"),
        "--pred",
        str(tmp_path),
        "--out",
        str(tmp_path / "o"),
    ]
    assert main(words) == 1
    captured = capsys.readouterr()
    assert captured.err == f"twist evaluate: {tmp_path / 'none'} is not a folder\n"
    assert captured.out == ""


@pytest.mark.parametrize("place", [0, 1, 7])
def test_verbose_shows_the_traceback(place: int, tmp_path: Path) -> None:
    words = ["evaluate", "--gt", str(tmp_path / "none"), "--pred", "b", "--out", "c"]
    words.insert(place, "--verbose")
    with pytest.raises(TwistError, match="is not a folder"):
        main(words)


def test_an_interrupt_exits_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate, "run", interrupted)
    assert main(EVALUATE) == 130
    assert capsys.readouterr().err == "twist evaluate: interrupted\n"


def test_what_may_not_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbidden(_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/data/scans")

    monkeypatch.setattr(evaluate, "run", forbidden)
    assert main(EVALUATE) == 1
    assert capsys.readouterr().err == "twist evaluate: /data/scans: Permission denied\n"


def test_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def defective(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(evaluate, "run", defective)
    with pytest.raises(ZeroDivisionError):
        main(EVALUATE)


def test_help_and_evaluate_import_neither_torch_nor_spconv() -> None:
    """torch and spconv take seconds to start."""
    code = (
        "import sys; from twist.__main__ import build_parser; build_parser(None)\n"
        "import twist.scoring.evaluation, twist.scoring.record, twist.scoring.purity, twist.provenance\n"
        "print(sorted({'torch', 'spconv', 'open3d', 'pandas', 'numba'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("3", "3")])
def test_a_verb_runs_on_one_thread_unless_told_otherwise(given: str | None, used: str) -> None:
    """Two BLAS threads that share cores with other processes cost more than they give; BLAS reads the
    variable when it is loaded, so it must be set before."""
    code = (
        "import os, sys; from twist.__main__ import main; early = 'scipy.linalg' in sys.modules\n"
        "try: main(['train', '--help'])\n"
        "except SystemExit: print('used', os.environ['OMP_NUM_THREADS'], 'loaded', early)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {} if given is None else {"OMP_NUM_THREADS": given}
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert answer.stdout.splitlines()[-1] == f"used {used} loaded False"
