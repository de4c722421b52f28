#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All ranks fail together: one message that names the rank, one exit code, nothing left behind."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import Program, main


def on_rank_1(what):
    """Makes rank 1 run the command in a shell after (or with) something else; the others run it as it is."""
    return ["bash", "-c", f'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then {what}; fi; "$@"', "bash"]


class Failures(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.makedirs(cls.path("elsewhere"))

    def test_an_error_on_all_ranks_is_printed_once_without_a_rank(self):
        result = self.refuse(2, ["nothing.toml"], "train", "nothing.toml", ranks=3)
        self.assertNotIn("error: rank", result.stderr)

    def test_another_configuration_on_one_rank_ends_all_and_names_it(self):
        self.refuse(2, ["configuration", "on rank 1"], "train", "train.toml", "--set", "run.folder=run-a", ranks=3,
                  prefix=on_rank_1('set -- "$@" --set train.batch=20'))
        self.assertFalse(os.path.exists(self.path("run-a")))

    def test_a_wrong_option_on_one_rank_ends_all_and_names_it(self):
        self.refuse(2, ["rank 1: ", "--bogus"], "train", "train.toml", "--set", "run.folder=run-b", ranks=3,
                  prefix=on_rank_1('set -- "$@" --bogus'))
        self.assertFalse(os.path.exists(self.path("run-b")))

    def test_ranks_that_are_told_different_things_end_all_and_are_named(self):
        self.train("run-told")
        train = ("train", "train.toml", "--set", "run.folder=run-told", "--quiet")
        for command, what in ((train, "set -- \"$@\" --resume"), (train, "set -- \"$@\" --overwrite"), (train, "set -- \"$@\" --dry-run"),
                              (train, "set -- \"$@\" --trace"), (train, "set -- \"$@\" --help"), (train, 'set -- "$1" --version'),
                              (train, 'set -- "$1"'), (train, 'set -- "$1" eval run-told'), (("eval", "run-told"), "set -- \"$@\" --split test"),
                              (("eval", "run-told", "--split", "test"), 'set -- "${@/test/train}"'),
                              (("--version",), 'set -- "$1" train train.toml'), (("--help",), 'set -- "$1" --version'),
                              (("inspect", "run-told"), 'set -- "$1" eval run-told'), (("plan", "train.toml"), 'set -- "$1"')):
            with self.subTest(what=what):
                self.refuse(2, ["on rank 1"], *command, ranks=2, prefix=on_rank_1(what))

    def test_an_instruction_set_that_rounds_differently_on_one_rank_ends_all_and_names_it(self):
        def refuse(*command):
            self.refuse(2, ["fused multiply-adds", "--simd scalar", "on rank 1"], *command, "--simd", "scalar", ranks=3,
                        prefix=on_rank_1('set -- "${@/scalar/avx2}"'))

        refuse("train", "train.toml", "--set", "run.folder=run-mixed")
        self.assertFalse(os.path.exists(self.path("run-mixed")))
        self.train("run-mixed")
        refuse("eval", "run-mixed")

    def test_other_data_on_one_rank_ends_all_and_names_it(self):
        self.write("elsewhere/tiny.csv", self.read("tiny.csv").decode().replace(",0.1", ",0.2"))
        self.write("elsewhere/import.toml", self.read("import.toml").decode())
        self.succeed("import", "elsewhere/import.toml", "--out", "elsewhere/tiny.h5", "--overwrite")
        self.refuse(2, ["data set", "on rank 1"], "train", self.path("train.toml"), "--set", "data.file=tiny.h5",
                  "--set", "run.folder=run-c", ranks=2, prefix=on_rank_1("cd elsewhere"))
        self.assertFalse(os.path.exists(self.path("run-c")))
        os.remove(self.path("elsewhere/tiny.h5"))

    def test_a_damaged_data_set_on_one_rank_ends_all_and_names_it(self):
        self.write("elsewhere/tiny.h5", self.read("tiny.h5")[:1000])
        self.refuse(3, ["rank 1: ", "tiny.h5"], "train", self.path("train.toml"), "--set", "data.file=tiny.h5",
                  "--set", "run.folder=run-d", ranks=3, prefix=on_rank_1("cd elsewhere"))
        self.assertFalse(os.path.exists(self.path("run-d")))
        os.remove(self.path("elsewhere/tiny.h5"))

    def test_a_rank_without_the_data_file_gets_it_from_rank_0(self):
        shared = self.train("run-shared")
        sent = json.loads(self.succeed("train", self.path("train.toml"), "--json", "--quiet", "--set",
                                       "data.file=tiny.h5", "--set", "run.folder=run-sent", ranks=2,
                                       prefix=on_rank_1("cd elsewhere")).stdout)
        self.assertEqual(sent["run_hash"], shared["run_hash"])

    def test_numbers_that_overflow_end_all_with_task_and_step_and_keep_the_checkpoint(self):
        # Each step makes the parameters several times as large, so that they overflow after the first epoch of 3 steps.
        growing = ("--set", "train.optimiser=sgd", "--set", "train.learning_rate=10", "--set", "train.weight_decay=1.0")
        self.train("run-nan", "--set", "train.epochs=1", *growing)
        kept = self.read("run-nan/checkpoints/last.h5")
        self.refuse(3, ["finite", "step", "rank"], "train", "train.toml", "--resume", "--set", "run.folder=run-nan",
                  "--set", "train.epochs=30", *growing, ranks=2)
        self.assertEqual(self.read("run-nan/checkpoints/last.h5"), kept)

    def test_a_number_that_overflows_on_one_rank_ends_all_and_names_the_rank(self):
        rows = self.read("tiny.csv").decode().splitlines()
        # One training row whose inputs overflow in the second layer: only one unit sees it.
        at = next(i for i, row in enumerate(rows) if row.endswith("train"))
        rows[at] = ",".join(["3e38"] * 6 + rows[at].split(",")[6:])
        self.write("elsewhere/tiny.csv", "\n".join(rows) + "\n")
        self.write("elsewhere/import.toml", self.read("import.toml").decode())
        self.succeed("import", "elsewhere/import.toml", "--out", "huge.h5")
        layers = 'backbone.layers=[{ type = "dense", width = 8, activation = "relu" }, { type = "dense", width = 6 }]'
        options = ("--set", "data.file=huge.h5", "--set", "data.standardise=false", "--set", layers, "--set", "head.kind=linear")
        self.refuse(3, ["finite", "step"], "train", "train.toml", "--set", "run.folder=run-e", *options)
        many = self.refuse(3, ["finite", "step"], "train", "train.toml", "--set", "run.folder=run-f", *options, ranks=3)
        self.assertRegex(many.stderr, r"qmtl: error: rank [0-2]: expected a finite (loss of task|gradient of parameter) '")

    def test_ranks_may_have_different_numbers_of_threads(self):
        each = ["bash", "-c", '"$@" --threads $((OMPI_COMM_WORLD_RANK + 1))', "bash"]
        report = self.train("run-threads", ranks=2, prefix=each)
        self.assertEqual(report["run_hash"], self.train("run-plain")["run_hash"])

    def test_a_killed_rank_ends_the_job(self):
        result = self.run_program("train", "train.toml", "--set", "run.folder=run-killed", "--set",
                                  "train.epochs=100000", "--quiet", ranks=2,
                                  prefix=on_rank_1('"$@" & child=$!; while [ ! -e run-killed/checkpoints/last.h5 ]; '
                                                   'do sleep 0.05; done; kill -9 $child; wait $child; exit'))
        self.assertNotEqual(result.returncode, 0)
        self.succeed("inspect", "run-killed")


if __name__ == "__main__":
    main()
