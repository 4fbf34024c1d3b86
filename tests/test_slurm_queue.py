"""Jobs of a killed run: found by folder and comment, cancelled, waited for. Scripts play the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from twist import slurm
from twist.slurm import cancel_orphans


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of lines ``id|comment|folder``, which squeue shows and from which scancel deletes."""
    queue, programs = tmp_path / "queue", tmp_path / "bin"
    programs.mkdir()
    scripts = {
        "squeue": f"cat {queue}",
        "scancel": f'echo "$@" >> {tmp_path}/cancelled; for id; do sed -i "/^$id|/d" {queue}; done',
    }
    for name, script in scripts.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return queue


def test_only_jobs_of_this_folder_and_of_the_workflow_are_cancelled(
    queue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, alias = tmp_path / "mine | odd", tmp_path / "alias"
    mine.mkdir()
    alias.symlink_to(mine)
    queue.write_text(
        f"1|rule_train_round_wildcards_rooms_5pct_1|{mine}\n"
        f"2|rule_train_round_wildcards_rooms_5pct_1|{tmp_path}/other\n"
        f"3|(null)|{mine}\n"  # the job that runs Snakemake itself
        f"4|rule_all|{alias}\n"
        "slurm_load_jobs error: a line that is none of a job\n"
    )
    assert cancel_orphans(mine) == ["1", "4"]
    assert (tmp_path / "cancelled").read_text() == "--state=PENDING 1 4\n--signal=TERM 1 4\n"
    assert "Cancelling what a killed run left in Slurm's queue: 1 4" in capsys.readouterr().out
    assert cancel_orphans(mine) == []


def test_a_job_that_does_not_heed_the_signal_is_cancelled(queue: Path, tmp_path: Path) -> None:
    scancel = tmp_path / "bin/scancel"
    script = scancel.read_text().replace("for id;", 'case "$1" in -*) exit;; esac; for id;')
    scancel.write_text(script)
    queue.write_text(f"7|rule_prepare|{tmp_path}\n")
    assert cancel_orphans(tmp_path, grace_s=0) == ["7"]
    assert (tmp_path / "cancelled").read_text().splitlines()[-1] == "7"
    assert queue.read_text() == ""


def test_jobs_that_do_not_end_are_named_and_left(
    queue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin/scancel").write_text("#!/bin/sh\n")
    queue.write_text(f"7|rule_prepare|{tmp_path}\n")
    assert cancel_orphans(tmp_path, grace_s=0) == ["7"]
    assert "Still there after 0 s: 7; going on" in capsys.readouterr().out


def test_without_slurm_or_its_answer_nothing_is_done(
    queue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin/squeue").write_text("#!/bin/sh\necho unreachable >&2; exit 1\n")
    assert cancel_orphans(tmp_path) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cancel_orphans(tmp_path) == []


def test_a_busy_controller_is_asked_again_where_jobs_were_submitted(
    queue: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "_POLL_S", 0.01)
    queue.write_text(f"7|rule_prepare|{tmp_path}\n")
    squeue = tmp_path / "bin/squeue"
    once = f"[ -e {tmp_path}/asked ] || {{ touch {tmp_path}/asked; echo timed out >&2; exit 1; }}\n"
    squeue.write_text(squeue.read_text().replace("cat", f"{once}cat"))
    assert cancel_orphans(tmp_path) == []  # nothing was ever submitted from here: nobody waits
    (tmp_path / "asked").unlink()
    (tmp_path / ".snakemake/slurm_logs").mkdir(parents=True)
    assert cancel_orphans(tmp_path) == ["7"]
    squeue.write_text("#!/bin/sh\necho timed out >&2; exit 1\n")
    assert cancel_orphans(tmp_path) == []
    assert "squeue does not tell what a killed run left in the queue: timed out" in capsys.readouterr().out
