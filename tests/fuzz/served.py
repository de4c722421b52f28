# SPDX-License-Identifier: Apache-2.0
"""A program that is loaded once and forks for every command line (fork_server.c): a run costs what it does, not its start, which
under a sanitizer takes longer than most runs."""

import os
import re
import select
import signal
import struct
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fork_server.c")


class Served:
    """`program` in `folder` with the variables `env`. Commands read nothing and may take ten seconds of processor time."""

    def __init__(self, program, folder, env):
        self.said = os.path.join(folder, ".said")
        library = os.path.join(folder, ".fork_server.so")
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", SOURCE, "-o", library, "-ldl"], check=True)
        # A sanitizer's library comes first, or it refuses to start.
        linked = subprocess.run(["ldd", program], text=True, capture_output=True, check=True).stdout
        first = re.findall(r"=> (\S*/lib[at]san\S*)", linked)
        asks, self.to = os.pipe()
        self.answers, tells = os.pipe()
        self.process = subprocess.Popen([program], cwd=folder, stdin=subprocess.DEVNULL, pass_fds=(asks, tells),
                                        env={**env, "LD_PRELOAD": ":".join(first + [library]), "QMTL_FORK_SERVER": f"{asks},{tells}"})
        os.close(asks)
        os.close(tells)

    def number(self, patience):
        if not select.select([self.answers], [], [], patience)[0]:
            return None
        data = os.read(self.answers, 8)
        if len(data) != 8:
            raise RuntimeError(f"the program that forks ended with {self.process.wait()}")
        return struct.unpack("q", data)[0]

    def run(self, *arguments, patience=300):
        """Exit code (negative: the signal), what was said, and processor seconds. TimeoutError after `patience` seconds."""
        words = [self.said, *arguments]
        os.write(self.to, b"".join(os.fsencode(word) + b"\0" for word in words) + b"\0")
        child = self.number(60)
        status = self.number(patience)
        if status is None:
            os.kill(child, signal.SIGKILL)
            raise TimeoutError(f"{' '.join(arguments)}: expected an end within {patience} s")
        micros = self.number(60)
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return os.waitstatus_to_exitcode(status), file.read(), micros / 1e6

    def close(self):
        os.close(self.to)
        self.process.wait()
        os.close(self.answers)
