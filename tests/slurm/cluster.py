"""A Slurm of one node with two pretended GPUs, all of it in one folder, for as long as the tests run.

It needs no root and touches no other Slurm of the machine: its daemons belong to the caller, listen on ports
of their own, and its commands find it by ``SLURM_CONF``.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
#: Debian keeps daemons where an ordinary user's PATH does not look.
SEARCH = f"{os.environ['PATH']}:/usr/sbin:/sbin"

_SLURM = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=20
MinJobAge=3600
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=100000 Gres=gpu:a100:2 State=UNKNOWN
PartitionName=gpu Nodes=ALL Default=YES PriorityTier=1
PartitionName=urgent Nodes=ALL PriorityTier=2
"""
#: A GPU is a character device; these two are on every machine.
_GRES = """\
AutoDetect=off
Name=gpu Type=a100 File=/dev/null Flags=nvidia_gpu_env
Name=gpu Type=a100 File=/dev/zero Flags=nvidia_gpu_env
"""


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if not shutil.which(name, path=SEARCH)]


class Job(NamedTuple):
    id: str
    state: str
    restarts: int


class Cluster:
    """``start`` it, submit from processes with its ``environment``, ``stop`` it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": f"{folder}/bin:{SEARCH}"}
        self.clients: list[subprocess.Popen[bytes]] = []
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Return once the node takes jobs; fail with the daemons' output where it never does."""
        self._write_files()
        names = ("socket", "key-file", "pid-file", "log-file", "seed-file")
        files = {name: self.folder / f"munge.{name.split('-')[0]}" for name in names}
        munge = [f"--{name}={file}" for name, file in files.items()]
        self._daemon("munged", "--foreground", "--force", *munge)
        self._wait(files["socket"].exists, "munged's socket")
        self._daemon("slurmctld", "-D", "-c")
        self._start_node()

    def lose_node(self) -> None:
        """A power cut: the node's daemon and all that its jobs run die at once; then the node starts again.

        The controller would find out after five minutes; it is told.
        """
        slurmd = self._daemons.pop()
        slurmd.kill()
        slurmd.wait()
        for process in self._processes_of_jobs():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.ask("scontrol", "update", f"NodeName={self.host}", "State=DOWN", "Reason=lost")
        self._wait(
            lambda: not self.ask("squeue", "--noheader", "--states=running"), "all jobs to be off the node"
        )
        self._start_node()

    def stop(self) -> None:
        """End the clients that still run, all jobs, then the daemons."""
        for client in self.clients:
            client.kill()
        self.end("--me")
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def end(self, jobs: str) -> None:
        """Cancel a job, stopped or not, or with ``--me`` all; return once the node is rid of them."""
        self.ask("scancel", "--signal=KILL", jobs)
        self.ask("scancel", jobs)
        deadline = time.monotonic() + 30
        while self.ask("squeue", "--noheader", "--states=running,completing") and time.monotonic() < deadline:
            time.sleep(0.2)

    def ask(self, *words: str) -> str:
        """Output of a Slurm command, empty where it fails."""
        answer = subprocess.run(
            words, env=os.environ | self.environment, stdout=subprocess.PIPE, text=True, check=False
        )
        return answer.stdout.strip()

    def job(self, rule: str, folder: Path) -> Job:
        """The newest job of a rule that was submitted from ``folder``."""
        rows = self.ask(
            "squeue", "--states=all", "--noheader", "--sort=-i", "--format=%i|%T|%k|%Z"
        ).splitlines()
        for row in rows:
            number, state, comment, place = row.split("|")
            if comment.startswith(f"rule_{rule}_wildcards_") and place == str(folder):
                return Job(number, state, int(self.facts(number)["Restarts"]))
        raise AssertionError(f"no job of rule {rule} in {rows}")

    def facts(self, number: str) -> dict[str, str]:
        """What ``scontrol show job`` tells; a busy controller does not always answer at once."""
        found: dict[str, str] = {}

        def answered() -> bool:
            words = self.ask("scontrol", "show", "job", "--details", number).split()
            found.update(word.split("=", 1) for word in words if "=" in word)
            return "JobState" in found

        self._wait(answered, f"scontrol to tell of job {number}", seconds=60)
        return found

    def wait_for_state(self, number: str, state: str) -> None:
        self._wait(lambda: self.facts(number)["JobState"] == state, f"job {number} to be {state}")

    def start_now(self, number: str) -> None:
        """Start a requeued job, which Slurm would hold back for two minutes."""
        self.wait_for_state(number, "PENDING")
        self.ask("scontrol", "update", f"JobId={number}", "StartTime=now")

    def _start_node(self) -> None:
        self._daemon("slurmd", "-D", "-c")
        self._wait(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%T"), "an idle node")

    def _processes_of_jobs(self) -> list[int]:
        """First Slurm's own, which would tell the controller of a dead job, then what runs in their sessions.

        Slurm's own have the folder of their daemon.
        """
        sessions: dict[int, int] = {}
        own = []
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # has ended meanwhile
                name, facts = file.read_text().split("(", 1)[1].rsplit(")", 1)
                process = int(file.parent.name)
                sessions[process] = int(facts.split()[3])
                if name == "slurmstepd" and (file.parent / "cwd").readlink() == self.folder:
                    own.append(process)
        theirs = {sessions[process] for process in own}
        return own + [process for process, session in sessions.items() if session in theirs - set(own)]

    def _write_files(self) -> None:
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(64))
        key.chmod(0o600)
        facts = {"host": self.host, "user": getpass.getuser(), "folder": self.folder, "ports": _free_ports(2)}
        (self.folder / "slurm.conf").write_text(_SLURM.format(**facts))
        (self.folder / "gres.conf").write_text(_GRES)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        # The executor plugin runs srun without the variables of Slurm, SLURM_CONF among them.
        wrapper = self.folder / "bin" / "srun"
        real = shutil.which("srun", path=SEARCH)
        wrapper.write_text(f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {real} "$@"\n')
        wrapper.chmod(0o755)

    def _daemon(self, name: str, *words: str) -> None:
        program = shutil.which(name, path=SEARCH)
        assert program
        with open(self.folder / f"{name}.out", "ab") as output:
            self._daemons.append(
                subprocess.Popen(
                    [program, *words],
                    cwd=self.folder,
                    env=os.environ | self.environment,
                    stdout=output,
                    stderr=output,
                )
            )

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                tails = {file.name: file.read_text()[-2000:] for file in self.folder.glob("*.out")}
                raise AssertionError(f"waited {seconds:.0f} s for {what}: {tails}")
            time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
