#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The batch scripts of distributed/slurm on a Slurm of this test's own: a job that is signalled saves, is requeued, goes on
and ends with the bits of the undisturbed run.

Needs root and the Debian packages slurm-wlm and munge; says so where they are missing. Everything is in a temporary folder:
one node, this machine, and ports of its own.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

from fault_case import FIRST_SAVED, FaultCase, main
from harness import PROGRAM, environment

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "distributed" / "slurm"

CONFIGURATION = """ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
TmpFS={folder}/tmp
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=pmix
KillWait=5
JobRequeue=1
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""

MISSING = [name for name in ("slurmctld", "slurmd", "munged", "srun", "sbatch")
           if not shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipIf(os.geteuid() != 0 or MISSING, "needs root and slurm-wlm, munge; missing: " + (", ".join(MISSING) or "root"))
class Slurm(FaultCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.path("slurm")
        for name in ("state", "spool", "tmp"):
            os.makedirs(f"{folder}/{name}")
        with open(folder + "/munge.key", "wb") as file:
            file.write(os.urandom(128))
        os.chmod(folder + "/munge.key", 0o400)
        cls.write("slurm/slurm.conf", CONFIGURATION.format(host=socket.gethostname().split(".")[0], folder=folder,
                                                           controller=free_port(), node=free_port()))
        cls.variables = environment({"SLURM_CONF": folder + "/slurm.conf",
                                     "PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}:/usr/sbin"})
        cls.hurried = set()
        munge = [f"--{kind}={folder}/munge.{end}" for kind, end in
                 (("socket", "socket"), ("key-file", "key"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))]
        for command in (["munged", "--foreground", "--force", *munge], ["slurmctld", "-D"], ["slurmd", "-D"]):
            daemon = subprocess.Popen(command, env=cls.variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.addClassCleanup(cls.end, daemon)
            if command[0] == "munged":
                cls.wait(lambda: os.path.exists(folder + "/munge.socket"), "munged")
        cls.wait(lambda: "idle" in cls.tool("sinfo", "-h", "-o", "%T"), "slurmd")
        cls.addClassCleanup(cls.end_jobs)

    @staticmethod
    def end(daemon):
        daemon.terminate()
        daemon.wait(timeout=60)

    @classmethod
    def end_jobs(cls):
        """What a failed test left running would outlive the daemons."""
        cls.tool("scancel", "--user=root")
        cls.wait(lambda: not cls.tool("squeue", "-h"), "the jobs' end")

    @classmethod
    def tool(cls, *command):
        return subprocess.run(command, cwd=cls.base, env=cls.variables, text=True, capture_output=True, timeout=60).stdout

    @classmethod
    def wait(cls, condition, what, seconds=120):
        """Slurm reports nothing by itself: it is asked until it says so."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"waited {seconds} s for {what() if callable(what) else what}")
            time.sleep(0.2)

    def done_again(self, job, out):
        """Whether the job has ended its training. A requeued job waits for two minutes unless it is told not to; in the second
        in which its first run ended Slurm would refuse it as revoked."""
        state = self.tool("squeue", "-h", "-j", job, "-o", "%T").strip()
        if state == "PENDING" and job not in self.hurried:
            self.hurried.add(job)
            self.tool("scontrol", "update", f"JobId={job}", "StartTime=now+3")
        return state not in ("RUNNING", "COMPLETING") and '"interrupted": false' in self.read(out).decode()

    def seen_of(self, job, out):
        """For a failure: what Slurm and the job say."""
        return self.tool("scontrol", "show", "job", job) + self.read(out).decode()[-3000:] + "".join(
            self.read("slurm/" + log).decode()[-2000:] for log in ("slurmctld.log", "slurmd.log"))

    def test_a_signalled_job_saves_is_requeued_and_goes_on(self):
        for name in ("srun", "mpirun"):
            with self.subTest(launcher=name):
                folder = self.fresh()
                out = f"{name}.out"
                self.write(out, "")
                job = re.search(r"\d+", self.tool(
                    "sbatch", "--ntasks=2", "--output=" + self.path(out), str(SCRIPTS / f"{name}.sbatch"), "train.toml",
                    "--json", "--progress", "plain", "--threads", "1", "--set", f"run.folder={folder}", "--set",
                    "train.epochs=300")).group()
                self.wait(lambda: "epoch 2/" in self.read(out).decode(), lambda: "two epochs\n" + self.seen_of(job, out))
                self.tool("scancel", "--batch", "--signal=USR1", job)
                self.wait(lambda: "stopped after step" in self.read(out).decode(), lambda: "a stop\n" + self.seen_of(job, out))
                stopped = int(re.search(r"stopped after step (\d+)", self.read(out).decode()).group(1))
                self.assertGreaterEqual(self.newest_step(folder), stopped)
                self.wait(lambda: self.done_again(job, out), lambda: "the end of the requeued job\n" + self.seen_of(job, out))
                text = self.read(out).decode()
                report = json.loads(text[text.rindex("\n{\n"):text.rindex("}") + 1])
                whole = self.train(folder + "-whole", "--set", "train.epochs=300")
                self.assertEqual(report["run_hash"], whole["run_hash"])
                type(self).rows.append((f"USR1 to a batch job with {name}, requeued", 75, stopped, "the same hash"))

    def test_a_data_set_that_is_sent_to_the_nodes(self):
        local = self.path("node-disk")
        os.makedirs(local)
        whole = self.train("from-the-shared-disk")
        for name in ("srun", "mpirun"):
            with self.subTest(launcher=name):
                out = f"staged-{name}.out"
                self.write(out, "")
                job = re.search(r"\d+", self.tool(
                    "sbatch", "--ntasks=2", "--output=" + self.path(out), f"--export=ALL,QMTL_STAGE=tiny.h5,QMTL_STAGE_FOLDER={local}",
                    str(SCRIPTS / f"{name}.sbatch"), "train.toml", "--json", "--quiet", "--threads", "1", "--set",
                    f"run.folder=staged-{name}")).group()
                self.wait(lambda: not self.tool("squeue", "-h", "-j", job), lambda: "the job's end\n" + self.seen_of(job, out))
                text = self.read(out).decode()
                report = json.loads(text[text.index("{\n"):text.rindex("}") + 1])
                self.assertEqual(report["run_hash"], whole["run_hash"])
                self.assertIn(f"{local}/qmtl-{job}.h5", self.read(f"staged-{name}/config.toml").decode())
                self.assertEqual(os.listdir(local), [])

    def test_a_signal_to_srun(self):
        # srun passes SIGUSR1 on. At SIGTERM it kills the ranks; at SIGINT it only says how to. At a second one within a second
        # it sends SIGINT and kills, so that some runs come to their save.
        for name, number, codes in (("SIGUSR1", signal.SIGUSR1, (75,)), ("SIGTERM", signal.SIGTERM, (137,)),
                                    ("SIGINT twice", signal.SIGINT, (75, 137))):
            with self.subTest(signal=name):
                folder = self.fresh()
                command = ["srun", "--ntasks=2", "--overcommit", "--mpi=pmix", PROGRAM, "train", self.path("train.toml"),
                           "--progress", "plain", "--threads", "1", *self.into(self.path(folder)), "--set", "train.epochs=100000"]
                process = subprocess.Popen(command, cwd=self.base, env=self.variables, text=True, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE)
                send = functools.partial(process.send_signal, number)
                code, log = self.after_line(process, FIRST_SAVED, send, ("srun: interrupt", send))
                self.assertIn(code, codes, log)
                self.finish_long(f"{name} to srun", folder, code, log)


if __name__ == "__main__":
    main()
