#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Any command line and any configuration ends soon, with a documented exit code and, where it is refused, one message.

Options come from what every command's --help says, keys from `qmtl keys`; both are given values of their kind, extremes and
nonsense, and lines and files are damaged. The same cases in every run: QMTL_FUZZ_CASES=FIRST:LAST runs others,
QMTL_LONG=1 a hundred thousand.
"""

import errno
import json
import os
import random
import re
import resource
import shlex
import shutil
import signal
import sys
import threading
import subprocess
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import PROGRAM, Program, environment, main

CODES = {0, 2, 3, 4, 75, 76}
# Of processor time: a busy machine makes no case slow. A command that waits for others is told to end after PATIENCE.
SECONDS = 5
# What the standard library says of itself is no answer to anybody.
INTERNAL = re.compile(r"std::|_M_|bad_alloc|basic_string|filesystem error|fault of this program")
PATIENCE = 2
LONGEST = 120

NUMBERS = ["0", "1", "2", "3", "16", "-1", "0.5", "1e-300", "1e308", "nan", "inf", "-inf", "2147483648", "9223372036854775807",
           "18446744073709551616", "", " 1", "1 ", "0x10", "1e3", "x", "1,2,3", ",", "1,,2"]
# Options that say how much work is to be done: large numbers of those are wishes, not faults.
WORK = {"trajectories", "shots", "draws", "repeats", "replicates", "rehearsals", "seconds", "samples", "rows", "strengths", "depths",
        "widths", "splits", "seeds", "calibration-shots", "probe-shots", "goldens", "interval", "silence", "probe-wait", "grace",
        "longest-poll", "backoff", "max-backoff", "noise-factors", "trace-steps", "max-restarts", "no-progress", "progress-every"}
FEW = ["0", "1", "2", "-1", "nan", "", "x", "1e400", "99999999999999999999"]
JUNK = ["--", "-", "--no-such", "-x", "--json=1", "--help", "-h", "--version", "--set", "=", "--=", "-1", "\x1b[2J", "a" * 5000, "é",
        os.fsdecode(b"\xff\xfe"), "", " ", "--json", "--quiet", "--threads", "%s%n", "$(x)", "a=b=c", "\n"]
FILES = ["train.toml", "import.toml", "tiny.h5", "tiny.csv", "new.csv", "run", "run/checkpoints/best.h5", "noise.toml", "workload.json",
         "compare.toml", "scale.toml", "circuit.json", "mutant.toml", "mutant-import.toml", "run/replay/exact", "endpoint.toml", "no-such",
         ".", "run/metrics.jsonl", "run/status.json", "/dev/null", "", "exact", "empty"]
OUTPUTS = ["out.h5", "out.csv", "out", "out.html", "out.qmh", "out.json", "no/such/out", "out.c", "", "run", "/dev/full"]
FIRST = {"import": ["import.toml", "mutant-import.toml"], "train": ["train.toml", "mutant.toml"], "plan": ["train.toml", "mutant.toml"],
         "eval": ["run"], "predict": ["run"], "export": ["run"], "sweep": ["run"], "inspect": ["run", "tiny.h5", "train.toml"],
         "watch": ["run"], "report": ["run"], "compare": ["compare.toml"], "scale": ["scale.toml"]}
TOKENS = ["=", "[", "]", "{", "}", '"', "'", ",", ".", "#", "\n", "[[a]]", "\x00", "é", "1e999", "nan", "true", "-1", '""', "[train]",
          "1979-05-27", "[[[[[[[[", "99999999999999999999", '"a0..a5"', "a.b.c=1\n"]


class Grammar:
    """The options of each command with the words that their descriptions mention, and the keys of a configuration."""

    def __init__(self):
        def text(*arguments):
            return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment(), check=True).stdout

        self.keys = json.loads(text("keys", "--json"))
        self.commands = re.findall(r"^  (\w+) +\w", text("--help"), re.M)
        self.options = {}
        for command in self.commands:
            options, name = {}, None
            for line in text(command, "--help").splitlines():
                option = re.match(r"  (?:-\w \[ )?--([\w-]+)(?: \])? ?([A-Z|a-z]*)(?: \(=(.*?)\))?", line)
                if option:
                    name = option[1]
                    options[name] = {"value": option[2] if option[2][:1].isupper() or option[2] == "arg" else "", "words": []}
                    line = line[option.end():]
                if name and line.startswith("  "):
                    options[name]["words"] += re.findall(r"[\w-]+", line)
            self.options[command] = options


class Case:
    """Command line and files number `number`."""

    def __init__(self, number, grammar, texts):
        self.random = random.Random(number)
        self.grammar = grammar
        self.files = {}
        for name in ("train.toml", "import.toml"):
            mutant = "mutant.toml" if name == "train.toml" else "mutant-import.toml"
            self.files[mutant] = self.mutant(texts[name])
        self.line = self.make()

    def mutant(self, text):
        choice = self.random
        lines = text.split("\n")
        for _ in range(choice.choice((1, 1, 2, 5))):
            at, kind = choice.randrange(len(lines)), choice.randrange(6)
            if kind == 0:
                lines.insert(at, "[" + self.key().rpartition(".")[0] + "]\n" + self.key().rpartition(".")[2] + " = " + self.value_of_key())
            elif kind == 1:
                del lines[at]
                lines = lines or [""]
            elif kind == 2:
                lines[at] = re.sub(r"=.*", lambda _: "= " + self.value_of_key(), lines[at])
            elif kind == 3:
                place = choice.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + choice.choice(TOKENS) + lines[at][place + choice.randrange(3):]
            elif kind == 4:
                lines.insert(at, choice.choice(lines))
            else:
                place = choice.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chr(choice.randrange(256)) + lines[at][place:]
        return "\n".join(lines)

    def key(self):
        key = self.random.choice(self.grammar.keys)["key"]
        return key.replace("<name>", self.random.choice(("sum", "kind", "value", "none"))).replace("<input>", "x")

    def value_of_key(self):
        choice = self.random
        described = choice.choice(self.grammar.keys)["value"]
        kinds = [choice.choice(re.findall(r'"[^"]+"', described) or ['""']), choice.choice(NUMBERS[:16]), "true", "[]", '["x", 1]', "{}",
                 "[[0, 1], [2]]", '{ type = "dense", width = 1000000 }', "1_000_000", "[" + "1," * choice.choice((3, 3000)) + "]",
                 '"' + "n" * choice.choice((5, 70000)) + '"']
        return choice.choice(kinds)

    def value(self, command, name, option):
        choice = self.random
        if name == "set":
            return self.key() + "=" + self.value_of_key()
        if name in ("out", "log", "state"):
            return choice.choice(OUTPUTS)
        if option["value"] in ("FILE", "RUN", "DIR", "FOLDER", "CHECKPOINT", "NOISE", "PATH") or choice.random() < 0.05:
            return choice.choice(OUTPUTS if name == "folder" else FILES)
        if name in WORK:
            return choice.choice(FEW)
        return choice.choice(NUMBERS + option["words"] * 2)

    def make(self):
        choice = self.random
        command = choice.choice(self.grammar.commands)
        if command == "emulate" and choice.random() < 0.7:  # it waits for its clients: seldom
            command = "plan"
        options = self.grammar.options[command]
        line = [command]
        if command == "replay":
            line.append(choice.choice(("plan", "status", "run", "fetch", "submit", "cancel", "tune")))
        for file in [choice.choice(FIRST[command])] if command in FIRST and choice.random() < 0.85 else []:
            line.append(file)
        if command == "predict":
            line += [choice.choice(FILES), "--out", choice.choice(OUTPUTS)]
        if command == "replay":
            line += [choice.choice(("run", "run/replay/exact")), "--endpoint", "exact", "--shots", "20", "--replicates", "10"]
        if command in ("export", "import") and choice.random() < 0.7:
            line += ["--out", choice.choice(OUTPUTS)]
        if command == "export":
            line += ["--to", choice.choice(options["to"]["words"] + ["qasm3", "isa", "qasm2", "ionq", "edge", "c", "onnx", "circuit"])]
        for _ in range(choice.randrange(4)):
            if choice.random() < 0.15:
                line.insert(choice.randrange(len(line) + 1), choice.choice(JUNK + FILES))
                continue
            name = choice.choice(sorted(options))
            value = self.value(command, name, options[name])
            if not options[name]["value"] and choice.random() < 0.9:
                line.append("--" + name)
            else:
                line += ["--" + name, value] if choice.random() < 0.7 else ["--" + name + "=" + value]
        if choice.random() < 0.1:
            at = choice.randrange(len(line))
            line[at] = choice.choice((line[at][:-1], line[at] * 2, line[at].upper(), line[at] + "x"))
        if choice.random() < 0.05:
            choice.shuffle(line)
        # What bounds the work stands last, so that it counts.
        if "train" in line:
            line += ["--set", "train.epochs=1"] + (["--dry-run"] if choice.random() < 0.5 else ["--overwrite"])
        if "bench" in line:
            line += ["--workload", "workload.json", "--seconds", "0"]
        if "supervise" in line:
            line += ["--max-restarts", "1", "--backoff", "0", "--", choice.choice(("true", "false", "no-such", ""))]
        return [word.replace("\x00", "") for word in line]


class CommandLines(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.must("train", "train.toml", "--quiet", "--set", "train.epochs=1")
        cls.must("replay", "run", "run", "--endpoint", "exact", "--shots", "20", "--replicates", "10")
        cls.write("new.csv", "a0,a1,a2,a3,a4,a5\n1,2,3,4,5,6\n")
        cls.write("noise.toml", '[[gate]]\nnames = ["cz"]\nchannels = [{ kind = "depolarising", probability = 0.01 }]\n')
        cls.write("endpoint.toml", 'kind = "exact"\n')
        cls.write("compare.toml", 'base = "train.toml"\nseeds = [1]\n[[variant]]\nname = "a"\n')
        cls.write("scale.toml", 'base = "train.toml"\ntasks = [1, 2]\n')
        cls.write("circuit.json", '{"qubits": 2, "ops": [["ry", 0, 0.5], ["cz", 0, 1]]}')
        cls.write("workload.json", '{"name": "w", "qubits": 4}')
        cls.write("empty", "")
        cls.grammar = Grammar()
        cls.texts = {name: cls.read(name).decode() for name in ("train.toml", "import.toml")}
        cls.whole = cls.base + "-whole"
        shutil.copytree(cls.base, cls.whole, symlinks=True)
        cls.addClassCleanup(shutil.rmtree, cls.whole, True)

    def restore(self):
        """The files as they were: a case may have replaced them, as it was told to."""
        shutil.rmtree(self.base)
        shutil.copytree(self.whole, self.base, symlinks=True)

    def ask_to_end(self, process, handle, catches):
        """SIGTERM; for a command that handles it once it does: on a busy machine it may only just begin."""
        try:
            while True:
                with open(f"/proc/{process.pid}/status", encoding="utf-8", errors="replace") as status:
                    said = dict(line.rstrip("\n").split(":", 1) for line in status if ":" in line)
                if "Z" in said["State"]:
                    return
                if not catches or int(said["SigCgt"], 16) >> (signal.SIGTERM - 1) & 1:
                    return signal.pidfd_send_signal(handle, signal.SIGTERM)
                threading.Event().wait(0.2)
        except (FileNotFoundError, ProcessLookupError):
            pass  # it ended by itself meanwhile; its number may be another's now, its handle is not

    def end(self, handle):
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def execute(self, line):
        """Exit code, processor time and what was said."""
        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 4 * SECONDS))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        process = subprocess.Popen([PROGRAM, *line], cwd=self.base, env=environment({"KEY": "secret"}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limits)
        waits = any(word in line for word in ("emulate", "watch"))
        handle = os.pidfd_open(process.pid)
        timers = [threading.Timer(PATIENCE if waits else LONGEST, self.ask_to_end, (process, handle, "emulate" in line)),
                  threading.Timer(LONGEST + 60, self.end, (handle,))]
        for timer in timers:
            timer.start()
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        for timer in timers:
            timer.cancel()
            timer.join()
        os.close(handle)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        return process.returncode, usage.ru_utime + usage.ru_stime, said.decode(errors="replace")

    def test_every_line_ends_soon_with_a_documented_code(self):
        first, last = 0, 100000 if "QMTL_LONG" in os.environ else 150
        if "QMTL_FUZZ_CASES" in os.environ:
            first, last = (int(number) for number in os.environ["QMTL_FUZZ_CASES"].split(":"))
        seen, slowest = {}, (0.0, None)
        for number in range(first, last):
            case = Case(number, self.grammar, self.texts)
            if number % 25 == 0:
                self.restore()
            for name, text in case.files.items():
                self.write(name, text.encode("utf-8", "surrogatepass"))
            try:
                code, seconds, said = self.execute(case.line)
            except OSError as error:
                if error.errno != errno.E2BIG:
                    raise
                continue  # a word that the kernel hands to nobody
            if (number + 1) % 1000 == 0:
                print(f"{number + 1 - first} of {last - first} cases", flush=True)
            seen[code] = seen.get(code, 0) + 1
            slowest = max(slowest, (seconds, number))
            shown = f"case {number}: qmtl {shlex.join(case.line)[:2000]}\n{said[-3000:]}"
            mutants = [name for name in case.files if name in case.line]
            shown += "".join(f"\n--- {name}\n{case.files[name]}" for name in mutants)
            with self.subTest(case=number):
                # Who follows a run is ended by a signal as any viewer is: it has nothing to save.
                self.assertIn(code, CODES | ({-signal.SIGTERM} if "watch" in case.line else set()), shown)
                self.assertLessEqual(seconds, SECONDS, shown)
                self.assertIsNone(INTERNAL.search(said), shown)
                if not re.search(r"--progress[ =]line\b", " ".join(case.line)):  # whose lines redraw themselves
                    self.assertNotIn("\x1b", said, shown)
                if code in (2, 3, 4) and "doctor" not in case.line:
                    self.assertIn("qmtl", said, shown)
        print(f"cases {first} to {last}: exit codes {dict(sorted(seen.items()))}, the slowest {slowest[0]:.1f} s (case {slowest[1]})")
        self.assertTrue(last - first < 100 or {0, 2, 3} <= set(seen), seen)


if __name__ == "__main__":
    main()
