# SPDX-License-Identifier: Apache-2.0
"""Several nodes on one machine: network namespaces on a bridge, with a launcher for mpirun in place of ssh. Needs root."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

LAUNCHER = """#!/bin/bash
# Called by mpirun as: launcher HOST COMMAND...
host=$1
shift
exec ip netns exec "$host" unshare --uts bash -c 'hostname "$0"; eval "$*"' "$host" "$@"
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


class Nodes:
    """`with Nodes(3) as nodes:` makes three nodes; nodes.mpirun is what to start a command with instead of mpirun."""

    objects = 0

    def __init__(self, count):
        # Names and addresses of this process alone: other tests may have nodes at the same time. And of this object alone:
        # the kernel takes its time to remove those of one before.
        Nodes.objects += 1
        own = f"{os.getpid() % 10**6}{chr(ord('a') + Nodes.objects % 26)}"
        self.bridge = f"qb{own}"
        self.names = [f"q{own}{i}" for i in range(1, count + 1)]
        self.network = f"10.{100 + (os.getpid() // 250 + 7 * Nodes.objects) % 100}.{os.getpid() % 250}"
        self.made = []
        self.folder = None

    @staticmethod
    def unavailable():
        """Why there can be no nodes here, or nothing."""
        if os.geteuid() != 0:
            return "network namespaces need root"
        for tool in ("ip", "unshare"):
            if not shutil.which(tool):
                return f"there is no program {tool}"
        probe = f"q{os.getpid() % 10**7}p"
        if subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode != 0:
            return "this kernel or container allows no network namespaces"
        subprocess.run(["ip", "netns", "del", probe], capture_output=True)
        return None

    def __enter__(self):
        try:
            run("ip", "link", "add", self.bridge, "type", "bridge")
            self.made.append(("ip", "link", "del", self.bridge))
            run("ip", "addr", "add", f"{self.network}.254/24", "dev", self.bridge)
            run("ip", "link", "set", self.bridge, "up")
            for number, name in enumerate(self.names, 1):
                run("ip", "netns", "add", name)
                self.made.append(("ip", "netns", "del", name))
                run("ip", "link", "add", self.link(name), "type", "veth", "peer", "name", "eth0", "netns", name)
                run("ip", "link", "set", self.link(name), "master", self.bridge, "up")
                run("ip", "-n", name, "addr", "add", f"{self.network}.{number}/24", "dev", "eth0")
                run("ip", "-n", name, "link", "set", "eth0", "up")
                run("ip", "-n", name, "link", "set", "lo", "up")
            self.folder = tempfile.TemporaryDirectory(prefix="qmtl-nodes-")
            launcher = os.path.join(self.folder.name, "launcher")
            with open(launcher, "w") as file:
                file.write(LAUNCHER)
            os.chmod(launcher, 0o755)
        except BaseException:
            self.__exit__()
            raise
        network = f"{self.network}.0/24"
        self.mpirun = ["mpirun", "-q", "--host", ",".join(f"{name}:16" for name in self.names), "--map-by", "node",
                       "--bind-to", "none", "--mca", "mpi_yield_when_idle", "1", "--mca", "plm_rsh_agent", launcher,
                       "--mca", "oob_tcp_if_include", network, "--mca", "btl_tcp_if_include", network]
        return self

    def __exit__(self, *_):
        # A node that mpirun could not reach any more still has its processes.
        for name in self.names:
            for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        for command in reversed(self.made):
            subprocess.run(command, capture_output=True)
        self.made = []
        if self.folder:
            self.folder.cleanup()

    @staticmethod
    def link(name):
        """The bridge's end of a node's cable."""
        return f"v{name}"

    def cut(self, name):
        run("ip", "link", "set", self.link(name), "down")

    def mend(self, name):
        run("ip", "link", "set", self.link(name), "up")
