#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What centres are given: figures for Prometheus, batch scripts for arrays and quantum computers run as Slurm would run them, and the
recipes, by their own tools where tests/package/setup has made their environment (QMTL_PACKAGE_TOOLS)."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "tools"))
from harness import PROGRAM, Program, environment, main

HPC = ROOT / "tools" / "package" / "hpc"
SLURM = ROOT / "distributed" / "slurm"
TOOLS = pathlib.Path(os.environ.get("QMTL_PACKAGE_TOOLS", ROOT / "build" / "package-venv" / "bin"))
COMPARE = """config = "train.toml"
seeds = [1]
[splits]
kind = "resplits"
count = 1
fractions = [0.6, 0.2, 0.2]
[[variant]]
name = "qmtl"
[[variant]]
name = "linear"
set = { "head.kind" = "linear" }
"""
SETTINGS = """site_configuration = {"systems": [{"name": "here", "hostnames": [".*"], "partitions": [{"name": "local", "scheduler": "local",
    "launcher": "mpirun", "environs": ["plain"], "max_jobs": 1}]}], "environments": [{"name": "plain", "cc": "gcc"}]}
"""


class Cluster(Program):
    def batch(self, script, *arguments, **variables):
        """A batch script as Slurm would start it, with qmtl in PATH."""
        extra = {"PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}", "SLURM_JOB_ID": "1", **variables}
        return subprocess.run(["bash", str(SLURM / script), *arguments], cwd=self.base, env=environment(extra), text=True, capture_output=True)

    def test_figures_for_prometheus(self):
        self.train("told")
        told = subprocess.run([HPC / "prometheus.py", "told", "--out", "qmtl.prom"], cwd=self.base, text=True, capture_output=True)
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "", ""))
        text = self.read("qmtl.prom").decode()
        samples = {}
        types = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                types.add(line.split()[2])
            elif not line.startswith("#"):
                name, labels, value = re.fullmatch(r'(\w+)\{((?:\w+="[^"]*",?)*)\} (\S+)', line).groups()
                self.assertIn(name, types)
                samples[name, labels] = float(value)
        record = self.metrics("told", "epoch")[-1]
        status = json.loads(self.read("told/status.json"))
        self.assertEqual(samples["qmtl_steps_total", 'run="told"'], status["step"])
        self.assertEqual(samples["qmtl_validation_score", 'run="told"'], record["validation_mean"])
        self.assertEqual(samples["qmtl_task_validation_score", 'run="told",task="kind"'], record["tasks"]["kind"])
        self.assertEqual(samples["qmtl_state", 'run="told",state="finished"'], 1)
        self.assertEqual(samples["qmtl_state", 'run="told",state="failed"'], 0)
        self.assertNotEqual(samples["qmtl_phase_seconds", 'run="told",phase="compute",of="max"'], 0)
        missing = subprocess.run([HPC / "prometheus.py", "no-run"], cwd=self.base, text=True, capture_output=True)
        self.assertEqual((missing.returncode, missing.stdout), (1, ""))
        self.assertIn("no-run/status.json", missing.stderr)

    def test_a_comparison_as_an_array_is_the_comparison(self):
        self.write("compare.toml", COMPARE)
        self.succeed("compare", "compare.toml", "--folder", "whole", "--quiet")
        for task in ("0", "1"):
            done = self.batch("compare-array.sbatch", "compare.toml", "array", "qmtl", "linear", SLURM_ARRAY_TASK_ID=task)
            self.assertEqual(done.returncode, 0, done.stderr)
        beyond = self.batch("compare-array.sbatch", "compare.toml", "array", "qmtl", "linear", SLURM_ARRAY_TASK_ID="2")
        self.assertEqual(beyond.returncode, 2)
        self.assertIn("--array=0-1", beyond.stderr)
        joined = self.batch("compare-array.sbatch", "compare.toml", "array")
        self.assertEqual(joined.returncode, 0, joined.stderr)
        # Nothing was trained again.
        self.assertEqual(sorted(p.name for p in pathlib.Path(self.path("array")).glob("runs-*.jsonl")), ["runs-array-0.jsonl", "runs-array-1.jsonl"])

        def hashes(folder):
            lines = [json.loads(line) for file in pathlib.Path(self.path(folder)).glob("runs-*.jsonl") for line in file.read_text().splitlines()]
            return {(line["variant"], line["seed"], line["point"] and str(line["point"]) or ""): line["run_hash"] for line in lines}

        self.assertEqual(hashes("array"), hashes("whole"))

    def test_a_quantum_computer_as_a_resource(self):
        self.train("measured")
        none = self.batch("qpu.sbatch", "measured")
        self.assertEqual(none.returncode, 2)
        self.assertIn("--qpu=NAME", none.stderr)
        other = self.batch("qpu.sbatch", "measured", QRMI_JOB_QPU_RESOURCES="fresnel", QRMI_JOB_QPU_TYPES="pasqal-cloud")
        self.assertEqual(other.returncode, 2)
        self.assertIn("pasqal-cloud", other.stderr)
        # The emulator stands for the service, and what the plugin sets for the plugin.
        key = {"EMULATOR_KEY": "a-key-of-the-tests"}
        service = subprocess.Popen([PROGRAM, "emulate", "--token-env", "EMULATOR_KEY", "--json", "--queue", "none"], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(key))
        self.addCleanup(service.stdout.close)
        self.addCleanup(service.wait)
        self.addCleanup(service.terminate)
        url = json.loads(service.stdout.readline())["iam"]
        given = {"QRMI_JOB_QPU_RESOURCES": "emulated,second", "QRMI_JOB_QPU_TYPES": "ibm-quantum-compute-service,ibm-quantum-compute-service",
                 "emulated_QRMI_IBM_QCS_ENDPOINT": url + "/api", "emulated_QRMI_IBM_QCS_IAM_ENDPOINT": url,
                 "emulated_QRMI_IBM_QCS_IAM_APIKEY": key["EMULATOR_KEY"], "emulated_QRMI_IBM_QCS_SERVICE_CRN": "crn:v1:bluemix:public:quantum-computing:us-east:a/1:1::"}
        options = ("--shots", "200", "--samples", "3", "--max-cost", "1000")
        done = self.batch("qpu.sbatch", "measured", *options, **given)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        report = json.loads(self.read("measured/replay/emulated/replay.json"))
        self.assertEqual(report["format"], "qmtl-replay")
        for file in pathlib.Path(self.path("measured/replay/emulated")).rglob("*"):
            if file.is_file():
                self.assertNotIn(key["EMULATOR_KEY"], file.read_text())
        again = self.batch("qpu.sbatch", "measured", *options, **given)  # goes on in the folder, where nothing is left to do
        self.assertEqual(again.returncode, 0, again.stderr)

    @unittest.skipUnless((TOOLS / "reframe").exists(), "needs reframe (tests/package/setup makes the environment)")
    def test_the_reframe_check_finds_its_run_hashes(self):
        self.write("settings.py", SETTINGS)
        done = subprocess.run([TOOLS / "reframe", "-C", "settings.py", "-c", HPC / "reframe" / "qmtl_check.py", "-S", f"program={PROGRAM}",
                               "--prefix", self.path("reframe"), "-n", "DigitsOnRanks.*ranks=1", "-r"], cwd=self.base, text=True, capture_output=True,
                              env=environment())
        self.assertIn("Ran 2/2 test case(s)", done.stdout, done.stderr)
        self.assertNotIn("sanity error", done.stdout)

    def test_recipes_are_what_their_readers_take(self):
        for file in (HPC / "spack" / "packages" / "qmtl" / "package.py", HPC / "easybuild" / "qmtl-0.1.0-gompi-2023a.eb"):
            compile(file.read_text(), file.name, "exec")
        version = re.search(r"project\(qmtl VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        self.assertTrue((HPC / "easybuild" / f"qmtl-{version}-gompi-2023a.eb").exists(), version)
        self.assertIn(f'version("{version}"', (HPC / "spack" / "packages" / "qmtl" / "package.py").read_text())
        options = set(re.findall(r"(?:option|cmake_dependent_option)\((QMTL_\w+)", (ROOT / "CMakeLists.txt").read_text()))
        for file in HPC.rglob("*"):
            if file.suffix in (".py", ".eb"):
                self.assertLessEqual(set(re.findall(r"\bQMTL_(?!HOME)[A-Z]+\b", file.read_text())), options, file.name)

    @unittest.skipUnless((TOOLS / "eb").exists(), "needs easybuild-framework (tests/package/setup makes the environment)")
    def test_easybuild_knows_every_parameter(self):
        code = ("import sys\nfrom easybuild.framework.easyconfig.default import DEFAULT_CONFIG\n"
                "from easybuild.framework.easyconfig.parser import EasyConfigParser\nfrom easybuild.tools.options import set_up_configuration\n"
                "read = EasyConfigParser(sys.argv[1]).get_config_dict()\nprint(read['name'], *(key for key in read if key not in DEFAULT_CONFIG))")
        file = next((HPC / "easybuild").glob("*.eb"))
        done = subprocess.run([TOOLS / "python", "-c", code, str(file)], text=True, capture_output=True, cwd=self.base)
        self.assertEqual((done.returncode, done.stdout.split()), (0, ["qmtl"]), done.stderr)

    @unittest.skipUnless(shutil.which("tclsh") or os.path.exists("/usr/share/modules/init/bash"), "needs environment-modules")
    def test_the_module_puts_the_program_into_path(self):
        if not os.path.exists("/usr/share/modules/init/bash"):
            self.skipTest("needs environment-modules")
        os.makedirs(self.path("modules/qmtl"), exist_ok=True)
        text = (HPC / "modules" / "qmtl.tcl").read_text().replace("@PREFIX@", "/apps/qmtl").replace("@VERSION@", "0.1.0")
        self.write("modules/qmtl/0.1.0", text)
        done = subprocess.run(["bash", "-c", f". /usr/share/modules/init/bash; module use {self.path('modules')}; module load qmtl && echo $PATH && echo $QMTL_HOME"],
                              text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("/apps/qmtl/bin:"), done.stdout + done.stderr)


if __name__ == "__main__":
    main()
