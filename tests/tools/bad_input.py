#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong input ends with the documented exit code and one message that names the place; nothing is overwritten."""

import os
import resource
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PROGRAM, Program, environment, main


class Usage(Program):
    def test_the_program_and_every_command_explain_themselves(self):
        text = self.succeed("--help").stdout
        commands = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
        self.assertIn("train", commands)
        for command in commands:
            with self.subTest(command=command):
                help_text = self.succeed(command, "--help").stdout
                self.assertIn(f"Usage: qmtl {command}", help_text)
                self.assertIn("Example:", help_text)

    def test_an_unknown_command_suggests_the_nearest(self):
        self.refuse(2, ["'trian'", "did you mean 'train'?"], "trian")

    def test_an_unknown_option_suggests_the_nearest(self):
        self.refuse(2, ["--reseme", "--resume"], "train", "train.toml", "--reseme")

    def test_a_missing_and_a_surplus_argument_show_the_usage(self):
        self.refuse(2, ["config", "Usage: qmtl train"], "train")
        self.refuse(2, ["Usage: qmtl train"], "train", "train.toml", "more")

    def test_wrong_values_of_options_name_the_choices(self):
        self.refuse(2, ["--threads", "0"], "train", "train.toml", "--threads", "0")
        self.refuse(2, ["--progress", "auto, line, plain or off", "'loud'"], "train", "train.toml", "--progress", "loud")
        self.refuse(2, ["KEY=VALUE", "'epochs'"], "train", "train.toml", "--set", "epochs")
        self.refuse(2, ["avx9"], "train", "train.toml", "--simd", "avx9")


class Configuration(Program):
    def refuse_to_train(self, code, fragments, *overrides):
        arguments = ["train", "train.toml", "--set", "run.folder=never"]
        for override in overrides:
            arguments += ["--set", override]
        self.refuse(code, fragments, *arguments)
        self.assertFalse(os.path.exists(self.path("never")))

    def test_a_missing_configuration_is_named(self):
        self.refuse(2, ["none.toml"], "train", "none.toml")

    def test_an_unknown_key_is_named_with_file_line_and_the_nearest(self):
        self.write("key.toml", "seed = 1\n[train]\nepoch = 3\n")
        self.refuse(2, ["key.toml:3", "epoch", "train.epochs"], "train", "key.toml")

    def test_a_wrong_type_is_named_with_file_and_line(self):
        self.write("type.toml", "seed = 1\n[train]\nepochs = \"many\"\n")
        self.refuse(2, ["type.toml:3", "train.epochs", "integer"], "train", "type.toml")

    def test_a_missing_data_file_is_named(self):
        self.refuse_to_train(3, ["absent.h5"], "data.file=absent.h5")

    def test_more_qubits_than_memory_allows_says_how_much(self):
        self.refuse_to_train(2, ["qubits", "GB"], "circuit.qubits=60", "block.placement=global", "engine.plan=state")

    def test_an_unknown_task_is_named(self):
        self.refuse_to_train(2, ["nosuch"], "task.nosuch.weight=2")

    def test_a_register_wider_than_the_circuit_is_refused(self):
        self.refuse_to_train(2, ["block.size", "9"], "block.size=9")

    def test_an_amplitude_encoding_that_cannot_stand_is_named_with_the_way_out(self):
        first = "circuit.layer=[{ encode = 'amplitude', %s }]"
        self.refuse_to_train(2, ["circuit.layer[0].numbers", "at most 16 numbers", "found 17", "encode on 5 qubits"],
                             "circuit.qubits=4", first % "numbers = 17")
        self.refuse_to_train(2, ["circuit.layer[0].encode", "at most 10 qubits", "found 12"], "circuit.qubits=12",
                             "circuit.layer=[{ encode = 'amplitude' }]")
        self.refuse_to_train(2, ["circuit.layer[0].encode", "upload"], "circuit.qubits=4", first % "upload = 'ry'")
        self.refuse_to_train(2, ["circuit.layer[1].encode", "qubit 0", "first layer on its qubits"], "circuit.qubits=4",
                             "circuit.layer=[{ gates = ['h'] }, { encode = 'amplitude' }]")
        self.refuse_to_train(2, ["task.value.layer[0].encode", "the shared stage acts on qubit"], "circuit.qubits=4",
                             "task.value.layer=[{ encode = 'amplitude' }]")
        self.refuse_to_train(2, ["circuit.layer[0].encode", "angles"], "circuit.layer=[{ encode = 'angles' }]")

    def test_output_maps_that_contradict_themselves_are_named(self):
        self.refuse_to_train(2, ["task.value.output", "sigmoid", "tanh"], "task.value.output=sigmoid")
        self.refuse_to_train(2, ["task.value.output", "raw", "no scale"], "task.value={ output = 'raw', bias = 1.0 }")
        self.refuse_to_train(2, ["task.value.output", "raw", "no scale"], "task.value.scale=2.0", "task.value.output=raw")
        self.refuse_to_train(2, ["task.value.range", "output"], "task.value.range=[0.0, 1.0]")
        for given in ("[1.0, 0.0]", "[1.0]"):
            self.refuse_to_train(2, ["task.value.range", "the lower one first"],
                                 "task.value.output=tanh", f"task.value.range={given}")
        self.refuse_to_train(2, ["task.value.range", "label", "widen the range"],
                             "task.value.output=tanh", "task.value.range=[1e6, 2e6]")


class Tables(Program):
    def refuse_to_import(self, code, fragments, csv, description=None):
        self.write("bad.csv", csv)
        self.write("bad.toml", description or self.read("import.toml").decode().replace("tiny.csv", "bad.csv"))
        self.write("kept.h5", b"kept")
        self.refuse(code, fragments, "import", "bad.toml", "--out", "kept.h5", "--overwrite")
        self.assertEqual(self.read("kept.h5"), b"kept")

    def csv(self):
        return self.read("tiny.csv").decode().splitlines()

    def with_cell(self, row, column, text):
        lines = self.csv()
        cells = lines[row].split(",")
        cells[column] = text
        lines[row] = ",".join(cells)
        return "\n".join(lines) + "\n"

    def test_nan_and_infinity_in_inputs_are_named_with_line_and_column(self):
        for text in ("nan", "inf"):
            self.refuse_to_import(3, ["bad.csv:5", "a2", text], self.with_cell(4, 2, text))

    def test_text_in_a_number_column_is_named(self):
        self.refuse_to_import(3, ["bad.csv:7", "a1", "many"], self.with_cell(6, 1, "many"))

    def test_a_short_row_is_named(self):
        lines = self.csv()
        lines[3] = lines[3].rsplit(",", 1)[0]
        self.refuse_to_import(3, ["bad.csv:4"], "\n".join(lines) + "\n")

    def test_a_label_outside_the_classes_is_named(self):
        description = self.read("import.toml").decode().replace("tiny.csv", "bad.csv").replace(
            'kind = "multiclass"', 'kind = "multiclass"\nclasses = ["a", "b", "c"]')
        self.refuse_to_import(3, ["bad.csv:3", "kind", "z"], self.with_cell(2, 7, "z"), description)

    def test_an_existing_output_is_kept_without_overwrite(self):
        before = self.read("tiny.h5")
        self.refuse(2, ["tiny.h5", "--overwrite"], "import", "import.toml", "--out", "tiny.h5")
        self.assertEqual(self.read("tiny.h5"), before)

    def test_a_task_without_a_labelled_training_sample_is_named(self):
        lines = self.csv()
        rows = [line.split(",") for line in lines[1:]]
        for cells in rows:
            if cells[-1] == "train":
                cells[8] = ""
        self.write("unlabelled.csv", "\n".join([lines[0]] + [",".join(cells) for cells in rows]) + "\n")
        self.write("unlabelled.toml", self.read("import.toml").decode().replace("tiny.csv", "unlabelled.csv"))
        self.succeed("import", "unlabelled.toml")
        self.refuse(3, ["'value'"], "train", "train.toml", "--set", "data.file=unlabelled.h5", "--set", "run.folder=never")
        self.assertFalse(os.path.exists(self.path("never")))


class Runs(Program):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_program("train", "train.toml", "--quiet")

    def test_an_existing_run_is_refused_without_resume_or_overwrite(self):
        before = {name: self.read(f"run/{name}") for name in ("metrics.jsonl", "config.toml", "checkpoints/last.h5")}
        self.refuse(2, ["run", "--resume", "--overwrite"], "train", "train.toml")
        for name, content in before.items():
            self.assertEqual(self.read(f"run/{name}"), content, name)

    def test_resume_without_a_run_is_refused(self):
        self.refuse(3, ["nothing-here"], "train", "train.toml", "--resume", "--set", "run.folder=nothing-here")

    def test_resume_with_another_model_is_refused(self):
        before = self.read("run/checkpoints/last.h5")
        self.refuse(2, ["run", "circuit.layers"], "train", "train.toml", "--resume", "--set", "circuit.layers=2")
        self.assertEqual(self.read("run/checkpoints/last.h5"), before)

    def test_resume_with_settings_that_decide_the_result_is_refused_by_their_names(self):
        before = self.read("run/checkpoints/last.h5")
        for changed in ("seed=99", "data.standardise=false", "train.learning_rate=0.123", "train.batch=5",
                        "train.optimiser=sgd", "train.shots=7", "train.weight_decay=0.5", "train.clip=0.25",
                        "train.schedule=cosine", "train.warmup_steps=3", "train.circuit_rate=0.5",
                        "train.frozen=['backbone.']", "distributed.shard=32", "train.precision=double",
                        "head.gain=0.45", "engine.plan=state", "task.value.weight=3.0"):
            with self.subTest(changed=changed):
                key, value = changed.split("=")
                error = self.refuse(2, [key, "when the run began"], "train", "train.toml", "--resume", "--set", changed,
                                    "--set", "train.epochs=9").stderr
                if key != "train.schedule":  # with one the number of steps decides too
                    self.assertNotIn("train.epochs", error)
        self.assertEqual(self.read("run/checkpoints/last.h5"), before)

    def test_resume_takes_other_epochs_places_and_rhythms_of_saving_and_ends_with_the_same_bits(self):
        whole = self.train("other-whole", "--set", "train.epochs=5")
        self.train("other", "--set", "train.epochs=2")
        shutil.copy(self.path("tiny.h5"), self.path("moved.h5"))
        resumed = self.train("other", "--resume", "--set", "train.epochs=5", "--set", "data.file=moved.h5", "--set",
                             "checkpoint.keep=1", "--set", "checkpoint.every_steps=3", "--set", "run.log_every=1",
                             "--set", "train.patience=50", "--set", "distributed.watchdog=33")
        self.assertEqual(resumed["run_hash"], whole["run_hash"])

    def test_more_epochs_are_refused_where_the_rate_follows_the_part_that_is_done(self):
        self.train("cosine", "--set", "train.schedule=cosine", "--set", "train.epochs=2")
        self.refuse(2, ["train.epochs (2 when the run began, now 5)"], "train", "train.toml", "--resume", "--set",
                    "run.folder=cosine", "--set", "train.schedule=cosine", "--set", "train.epochs=5")

    def test_resume_with_another_rounding_of_multiply_adds_is_refused(self):
        for simd in ("scalar", "auto"):
            self.train(f"simd-{simd}", "--simd", simd, "--set", "train.epochs=1")
        other = {"scalar": "auto", "auto": "scalar"}
        same = b"fused" not in self.read("simd-auto/checkpoints/last.h5")  # a processor without fused multiply-adds
        for began, now in other.items():
            arguments = ("train", "train.toml", "--resume", "--simd", now, "--set", f"run.folder=simd-{began}", "--set",
                         "train.epochs=3")
            if same:
                self.succeed(*arguments)
            else:
                self.refuse(2, [f"simd-{began}", "multiply-adds", "fused", "separate", "--simd"], *arguments)

    def test_a_data_set_that_changed_after_training_is_said_at_eval(self):
        shutil.copy(self.path("tiny.h5"), self.path("changing.h5"))
        self.train("changing", "--set", "data.file=changing.h5")
        self.assertNotIn("trained on", self.succeed("eval", "changing", "--split", "validation").stderr)
        self.write("changed.toml", self.read("import.toml").decode().replace('positive = ["1"]', 'positive = ["0"]'))
        self.succeed("import", "changed.toml", "--out", "changing.h5", "--overwrite")
        said = self.succeed("eval", "changing", "--split", "validation").stderr
        self.assertIn("not the data set that the model was trained on", said)
        self.assertNotIn("trained on", self.succeed("eval", "changing", "--split", "validation", "--data",
                                                    "changing.h5").stderr)

    def test_a_folder_that_cannot_be_made_is_named(self):
        self.write("file", "")
        self.refuse(3, ["file/run"], "train", "train.toml", "--set", "run.folder=file/run")

    def test_a_truncated_or_flipped_checkpoint_is_refused_by_name(self):
        good = self.read("run/checkpoints/best.h5")
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 16
        for name, content in (("short.h5", good[: len(good) // 2]), ("flipped.h5", bytes(flipped)), ("empty.h5", b"")):
            self.write(name, content)
            for command in (["eval", name], ["inspect", name], ["predict", name, "tiny.h5", "--out", "never.csv"]):
                with self.subTest(command=command):
                    self.refuse(3, [name], *command)
        self.assertFalse(os.path.exists(self.path("never.csv")))

    def test_resuming_falls_back_to_the_checkpoint_before_a_damaged_one(self):
        whole = self.train("fallback", "--set", "train.epochs=6")
        self.train("fallback", "--overwrite", "--set", "train.epochs=4")
        newest = max(os.listdir(self.path("fallback/checkpoints")),
                     key=lambda name: int(name[5:-3]) if name.startswith("step-") else -1)
        for name in ("last.h5", newest):
            content = self.read(f"fallback/checkpoints/{name}")
            # The files may be one by hard links: each is replaced by itself.
            os.remove(self.path(f"fallback/checkpoints/{name}"))
            self.write(f"fallback/checkpoints/{name}", content[:-100])
        result = self.run_program("train", "train.toml", "--resume", "--set", "train.epochs=6", "--set",
                                  "run.folder=fallback")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("last.h5", result.stderr)
        self.assertIn(whole["run_hash"], result.stdout)

    def test_a_damaged_data_set_is_refused_by_name(self):
        good = self.read("tiny.h5")
        for cut in (0, 100, len(good) // 2, len(good) - 1):
            self.write("cut.h5", good[:cut])
            self.refuse(3, ["cut.h5"], "train", "train.toml", "--set", "data.file=cut.h5", "--set", "run.folder=never")
        self.assertFalse(os.path.exists(self.path("never")))

    def test_inputs_of_another_width_are_refused(self):
        self.write("narrow.csv", "a0,a1\n1,2\n")
        self.refuse(3, ["narrow.csv", "expected the columns a0, a1, a2, a3, a4, a5", "missing: a2, a3, a4, a5"], "predict", "run", "narrow.csv", "--out", "never.csv")
        self.assertFalse(os.path.exists(self.path("never.csv")))

    def test_other_files_are_told_apart(self):
        self.refuse(3, ["train.toml"], "inspect", "train.toml")
        self.refuse(3, ["tiny.h5"], "eval", "tiny.h5")
        self.refuse(3, ["no-such-file"], "inspect", "no-such-file")

    def test_predictions_are_not_overwritten_and_their_form_is_checked(self):
        self.write("there.csv", "kept")
        self.refuse(2, ["there.csv", "--overwrite"], "predict", "run", "tiny.h5", "--out", "there.csv")
        self.assertEqual(self.read("there.csv"), b"kept")
        self.refuse(2, ["--out", "x.txt"], "predict", "run", "tiny.h5", "--out", "x.txt")

    def test_a_split_that_is_not_there_is_refused(self):
        self.refuse(2, ["--split", "'tset'"], "eval", "run", "--split", "tset")

    def test_a_full_disk_while_saving_keeps_what_was_saved(self):
        self.train("full")
        before = self.read("full/checkpoints/last.h5")

        # A limit on the size of files makes writes fail as a full disk does.
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        result = subprocess.run([PROGRAM, "train", "train.toml", "--resume", "--quiet", "--set", "run.folder=full",
                                 "--set", "train.epochs=5"], cwd=self.base, env=environment(), text=True,
                                capture_output=True, timeout=100, preexec_fn=limit)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("full", result.stderr)
        self.assertEqual(self.read("full/checkpoints/last.h5"), before)
        self.succeed("inspect", "full")


if __name__ == "__main__":
    main()
