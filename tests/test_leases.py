"""GPUs leased by real processes on a machine of two: a script plays nvidia-smi, and nothing opens them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from twist import leases
from twist.errors import TwistError
from twist.leases import lease_gpus

ROOT = Path(__file__).resolve().parents[1]
NVIDIA_SMI = """\
#!/bin/sh
echo 'GPU 0: NVIDIA A100 (UUID: GPU-aaaa)'
echo '  MIG 3g.40gb Device 0: (UUID: MIG-bbbb)'
echo 'GPU 1: NVIDIA A100 (UUID: GPU-cccc)'
"""
HOLDER = """\
import os, sys, time
from twist.leases import lease_gpus
lease_gpus("cuda", int(sys.argv[1]))
print("sees", os.environ.get("CUDA_VISIBLE_DEVICES"), "torch" in sys.modules, flush=True)
time.sleep(600)
"""
BOTH = "waiting for 2 of the GPUs 0, 1, which other jobs hold; --device cuda:N would share one"
ONE = "waiting for one of the GPUs 0, 1, which other jobs hold; --device cuda:N would share one"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the locks; this process's own are given back after the test."""
    script = tmp_path / "bin" / "nvidia-smi"
    script.parent.mkdir()
    script.write_text(NVIDIA_SMI)
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    for name in ("SLURM_JOB_ID", "SLURM_JOB_GPUS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that what the test leaves there is taken back
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    yield tmp_path / f"twist-gpus-{os.getuid()}"
    while leases._held:
        os.close(leases._held.pop())


class Holder:
    """A process that leases some GPUs and keeps them."""

    def __init__(self, count: int) -> None:
        words = [sys.executable, "-c", HOLDER, str(count)]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None

    def says(self) -> str:
        return self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def holders() -> Iterator[list[Holder]]:
    started: list[Holder] = []
    yield started
    for holder in started:
        holder.kill()
        holder.process.stdout.close()


def start(holders: list[Holder], count: int) -> Holder:
    holders.append(Holder(count))
    return holders[-1]


def test_each_process_gets_its_own_gpu_and_one_too_many_waits_for_a_killed_one(
    machine: Path, holders: list[Holder]
) -> None:
    first, second = start(holders, 1), start(holders, 1)
    numbers = {}
    for holder in (first, second):
        said = holder.says()
        if said == ONE:  # the other one was slow to take its own
            said = holder.says()
        numbers[holder] = said.split()[1]
        assert said == f"GPU {numbers[holder]} of 0, 1"
        assert holder.says() == f"sees {numbers[holder]} False"
    assert set(numbers.values()) == {"0", "1"}
    third = start(holders, 1)
    assert third.says() == ONE
    second.kill()
    assert third.says() == f"GPU {numbers[second]} of 0, 1"


def test_who_waits_for_several_is_served_before_who_comes_later(machine: Path, holders: list[Holder]) -> None:
    singles = []
    for number in (0, 1):
        singles.append(start(holders, 1))
        assert singles[-1].says() == f"GPU {number} of 0, 1"
    pair = start(holders, 2)
    assert pair.says() == BOTH
    late = start(holders, 1)
    assert late.says() == ONE
    singles[0].kill()
    singles[1].kill()
    assert pair.says() == "GPU 0, 1 of 0, 1"
    assert pair.says() == "sees 0,1 False"
    pair.kill()
    assert late.says() == "GPU 0 of 0, 1"


def test_a_waiting_process_that_is_killed_gives_back_what_it_had_collected(
    machine: Path, holders: list[Holder]
) -> None:
    single = start(holders, 1)
    assert single.says() == "GPU 0 of 0, 1"
    pair = start(holders, 2)
    assert pair.says() == BOTH
    pair.kill()
    assert start(holders, 1).says() == "GPU 1 of 0, 1"


def test_only_what_the_user_allowed_is_leased(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-5/1/0")
    lease_gpus("auto")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-5/1/0")
    lease_gpus("auto")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-5/1/0"
    assert sorted(path.name for path in machine.iterdir()) == ["3", "GPU-5_1_0", "turn"]


@pytest.mark.parametrize("visible", ["", "1", "GPU-5", "NoDevFiles", "-1"])
def test_where_there_is_no_choice_nothing_is_leased(
    machine: Path, monkeypatch: pytest.MonkeyPatch, visible: str
) -> None:
    """By the user, and by Slurm, which sets the same variable."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    lease_gpus("cuda")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == visible
    assert not machine.exists()


def test_a_slurm_job_keeps_the_gpus_it_was_given(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_GPUS", "1")
    lease_gpus("cuda")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_an_allocation_of_several_gpus_is_shared_out_on_its_own(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two allocations on one node may both call their GPUs 0 and 1."""
    for job in ("7", "8"):
        monkeypatch.setenv("SLURM_JOB_ID", job)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
        lease_gpus("cuda")
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


@pytest.mark.parametrize(("device", "count"), [("cpu", 1), ("cuda:1", 1), ("cuda", 3)])
def test_devices_that_were_chosen_and_too_few_are_left_alone(machine: Path, device: str, count: int) -> None:
    lease_gpus(device, count)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not machine.exists()


def test_without_a_driver_there_is_nothing_to_lease(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    lease_gpus("auto")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def lay_a_link(folder: Path) -> None:
    folder.symlink_to(folder.parent)


def lay_a_file(folder: Path) -> None:
    folder.touch()


@pytest.mark.parametrize("lay", [lay_a_link, lay_a_file])
def test_locks_that_someone_else_laid_out_are_refused(machine: Path, lay: Callable[[Path], None]) -> None:
    lay(machine)
    with pytest.raises(TwistError, match="is someone else's; set CUDA_VISIBLE_DEVICES"):
        lease_gpus("cuda")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_a_folder_that_cannot_be_made_is_told(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(machine / "missing"))
    with pytest.raises(
        TwistError, match=r"cannot make .*: No such file or directory; set CUDA_VISIBLE_DEVICES"
    ):
        lease_gpus("cuda")


VERBS = {
    "train": "--run tiny_50pct --stage start --data x --labelled x --work x --out x --override {override}",
    "label": "--run tiny_50pct --model x --data x --scenes x --round 1 --out-dir x --manifest x",
    "predict-scenes": "--run tiny_50pct --model x --data x --scenes x --out-dir x --manifest x",
    "predict": "scan.ply --model x --out x",
    "pretrain": "--dataset tiny --method pc --views x --data x --work x --out x",
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_with_a_device_leases_before_torch_is_loaded(machine: Path, verb: str) -> None:
    """A training leases a GPU for each of its processes."""
    code = (
        "import sys; from twist import leases; from twist.__main__ import main\n"
        "from twist.errors import TwistError\n"
        "def lease(device, count=1): print(device, count, 'torch' in sys.modules); raise TwistError('stop')\n"
        "leases.lease_gpus = lease; sys.exit(main(sys.argv[1:]))"
    )
    override = "{training: {gpus_per_training: 2}, data: {raw: x}}"
    words = [word.format(override=override) for word in VERBS[verb].split()]
    words = [sys.executable, "-c", code, verb, *words, "--device", "cuda"]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    count = 2 if verb == "train" else 1
    assert (answer.returncode, answer.stdout) == (1, f"cuda {count} False\n"), answer.stderr


def test_no_other_verb_has_a_device() -> None:
    texts = {path.stem.replace("_", "-"): path.read_text() for path in (ROOT / "twist/commands").glob("*.py")}
    assert {verb for verb, text in texts.items() if "--device" in text or "add_device" in text} == set(VERBS)
