#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl bench` checks answers that a plain simulator in this file gave; `qmtl plan` shows what will run."""

import cmath
import json
import math
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main


def rotate(state, axis, qubit, angle):
    c, s, bit = math.cos(angle / 2), math.sin(angle / 2), 1 << qubit
    out = list(state)
    for i in range(len(state)):
        if i & bit:
            continue
        a, b = state[i], state[i | bit]
        if axis == "y":
            out[i], out[i | bit] = c * a - s * b, s * a + c * b
        else:
            out[i], out[i | bit] = cmath.exp(-0.5j * angle) * a, cmath.exp(0.5j * angle) * b
    return out


def ring(state, qubits):
    for i, control in enumerate(qubits):
        target = qubits[(i + 1) % len(qubits)]
        if control != target:
            state = [state[j ^ (1 << target)] if j >> control & 1 else state[j] for j in range(len(state))]
    return state


def outputs(w, x, ws, wt):
    """[T][m] expectations of one sample; ws[Ls][n][2], wt[T][Lt][k][2] flat."""
    n, k = w["n"], w["local"] or w["n"]
    state = [1.0 + 0j] + [0j] * (2**n - 1)
    for layer in range(w["Ls"]):
        for q in range(n):
            at = (layer * n + q) * 2
            state = rotate(rotate(rotate(state, "y", q, x[q]), "y", q, ws[at]), "z", q, ws[at + 1])
        state = ring(state, range(n))
    values = []
    for task in range(w["T"]):
        qubits, psi = [task * k % n + i for i in range(k)], state
        for layer in range(w["Lt"]):
            for i, q in enumerate(qubits):
                at = ((task * w["Lt"] + layer) * k + i) * 2
                psi = rotate(rotate(psi, "y", q, wt[at]), "z", q, wt[at + 1])
            psi = ring(psi, qubits)
        for q in qubits[: w["m"]]:
            values.append(sum(abs(a) ** 2 * (-1 if i >> q & 1 else 1) for i, a in enumerate(psi)))
    return values


def solved(w):
    """The workload with inputs and expected answers; gradients by central differences."""
    generator, k = random.Random(1), w["local"] or w["n"]
    numbers = lambda count: [generator.uniform(-3, 3) for _ in range(count)]
    x, g = numbers(w["B"] * w["n"]), numbers(w["B"] * w["T"] * w["m"])
    ws, wt = numbers(w["Ls"] * w["n"] * 2), numbers(w["T"] * w["Lt"] * k * 2)
    per_sample = w["T"] * w["m"]
    sample = lambda b: x[b * w["n"]:(b + 1) * w["n"]]
    loss = lambda b, x_, ws_, wt_: sum(
        p * q for p, q in zip(outputs(w, x_, ws_, wt_), g[b * per_sample:(b + 1) * per_sample]))

    def difference(function, values, i, h=1e-5):
        up, down = list(values), list(values)
        up[i] += h
        down[i] -= h
        return (function(up) - function(down)) / (2 * h)

    rows = range(w["B"])
    expected = {
        "y": [v for b in rows for v in outputs(w, sample(b), ws, wt)],
        "gx": [difference(lambda v: loss(b, v, ws, wt), sample(b), i) for b in rows for i in range(w["n"])],
        "gws": [sum(difference(lambda v: loss(b, sample(b), v, wt), ws, i) for b in rows) for i in range(len(ws))],
        "gwt": [sum(difference(lambda v: loss(b, sample(b), ws, v), wt, i) for b in rows) for i in range(len(wt))],
    }
    return {**w, "inputs": {"x": x, "ws": ws, "wt": wt, "g": g}, "expected": expected}


SMALL = {"name": "global", "n": 3, "Ls": 2, "Lt": 1, "T": 2, "m": 2, "B": 5, "local": 0}
LOCAL = {"name": "local", "n": 4, "Ls": 1, "Lt": 2, "T": 3, "m": 1, "B": 3, "local": 2}


class Bench(Program):
    def bench(self, *arguments):
        return json.loads(self.succeed("bench", "--json", "--seconds", "0", *arguments).stdout)

    def test_answers_agree_with_a_plain_simulator_for_every_plan_and_precision(self):
        for w in (SMALL, LOCAL):
            self.write("w.json", json.dumps(solved(w)))
            for plan in ("auto", "state", "operators", "cones", "pauli"):
                # Central differences of step h err by about h^2 = 1e-10 and rounding / h = 1e-11; single precision by
                # 6e-8 for each of some 40 gates on sums of up to 30 terms of size 3.
                for precision, tolerance in (("double", 1e-8), ("float", 1e-4)):
                    with self.subTest(workload=w["name"], plan=plan, precision=precision):
                        row = self.bench("--workload", "w.json", "--plan", plan, "--precision", precision)
                        self.assertLess(row["max_error"], tolerance)
                        self.assertEqual(row["checked_against"], "file")
                        if plan != "auto":
                            self.assertEqual(row["plan"], plan)

    def test_a_wrong_expected_answer_shows_in_the_error(self):
        w = solved(SMALL)
        w["expected"]["gws"][3] += 0.5
        self.write("wrong.json", json.dumps(w))
        self.assertAlmostEqual(self.bench("--workload", "wrong.json")["max_error"], 0.5, places=3)

    def test_a_list_without_inputs_is_checked_in_double_precision(self):
        self.write("list.json", json.dumps([SMALL, LOCAL]))
        rows = self.bench("--workload", "list.json", "--threads", "2")
        self.assertEqual([row["workload"] for row in rows], ["global", "local"])
        for row in rows:
            self.assertEqual((row["checked_against"], row["threads"]), ("double", 2))
            self.assertLess(row["max_error"], 1e-4)
            self.assertGreater(row["us_per_sample"], 0)
            self.assertGreater(row["peak_gflops"], 0)
            self.assertAlmostEqual(row["peak_kflop_per_sample"] / (row["us_per_sample"] * row["peak_gflops"]), 1)
        self.assertEqual(self.bench("--workload", "list.json", "--name", "local")["workload"], "local")

    def test_a_workload_with_a_configurations_circuit_is_checked_by_every_plan(self):
        w = {"name": "wide", "B": 5, "circuit": {"qubits": 8, "layers": 2, "entangler": "brickwork-cz", "uploads": 2},
             "block": {"size": 3, "rotations": ["ry", "rz"], "entangler": "cz-line", "readout": "weights"}, "tasks": 4}
        self.write("wide.json", json.dumps(w))
        for plan in ("auto", "state", "operators", "cones", "pauli"):
            with self.subTest(plan=plan):
                row = self.bench("--workload", "wide.json", "--plan", plan)
                self.assertLess(row["max_error"], 1e-4)  # single precision, as above
        for change, fragments in (({"circuit": {"qbits": 3}}, ["bad.json", "circuit", "'qbits'"]),
                                  ({"circuit": {"qubits": "three"}}, ["circuit.qubits"]),
                                  ({"block": {"rotations": ["cx"]}}, ["cx"]), ({"block": 3}, ["block"])):
            self.write("bad.json", json.dumps({**w, **change}))
            self.refuse(3, fragments, "bench", "--workload", "bad.json")

    def test_wrong_workloads_are_refused_with_file_and_key(self):
        for change, fragments in (({"n": 0}, ["bad.json", "n = 0"]), ({"m": 9}, ["m = 9"]), ({"T": "two"}, ["'T'"]),
                                  ({"local": 2}, ["local = 2"]), ({"inputs": {"x": [1]}}, ["x", "15", "1"])):
            self.write("bad.json", json.dumps({**SMALL, **change}))
            self.refuse(3, fragments, "bench", "--workload", "bad.json")
        self.write("bad.json", "{")
        self.refuse(3, ["bad.json"], "bench", "--workload", "bad.json")
        self.refuse(3, ["none.json"], "bench", "--workload", "none.json")
        self.refuse(2, ["--workload"], "bench")


class Plan(Program):
    def test_plan_reports_the_documented_fields_and_draws_the_circuit(self):
        plan = json.loads(self.succeed("plan", "train.toml", "--json").stdout)
        self.assertEqual((plan["qubits"], plan["outputs"]), (6, 5))
        self.assertEqual(set(plan["parameters"]) >= {"backbone", "head"}, True)
        self.assertEqual(plan["dead"], [])
        for field in ("flops", "bytes", "expected_seconds"):
            self.assertGreater(plan[field], 0)
        kinds = [other["plan"] for other in plan["alternatives"]]
        self.assertEqual(kinds[0], plan["plan"])
        self.assertEqual({"state", "operators", "cones", "pauli"} - set(kinds), set())
        text = self.succeed("plan", "train.toml").stdout
        self.assertIn("q0", text)
        for kind in kinds:
            self.assertRegex(text, rf"(?m)^ +{kind} ")

    def test_plan_says_which_exports_the_model_allows(self):
        def exports(*settings):
            arguments = [a for setting in settings for a in ("--set", setting)]
            told = json.loads(self.succeed("plan", "train.toml", "--json", *arguments).stdout)["exports"]
            return told, self.succeed("plan", "train.toml", *arguments).stdout

        told, text = exports()
        self.assertEqual(set(told.values()), {""})
        self.assertRegex(text, r"(?m)^exports +qasm3, .*onnx$")
        told, text = exports("circuit.qubits=18", "circuit.layers=4", "circuit.entangler=cx-ring", 'circuit.rotations=["rx", "rz"]',
                             "block.placement=global")
        self.assertEqual({form for form, reason in told.items() if reason}, {"edge", "c", "onnx"})
        for form in ("edge", "onnx"):
            self.assertIn("18 qubits", told[form])
        self.assertRegex(text, r"(?m)^ +not edge, c: .*18 qubits.*fewer layers")
        told, text = exports("head.kind=linear", "head.width=4")
        self.assertEqual({form for form, reason in told.items() if not reason}, {"edge", "c", "onnx"})
        self.assertRegex(text, r"not qasm3, isa, qasm2, ionq, circuit: expected a head with a circuit")

    def test_plan_prints_the_terms_of_an_expansion_and_draws_the_cone_of_cones(self):
        pauli = self.succeed("plan", "train.toml", "--set", "engine.plan=pauli").stdout
        self.assertRegex(pauli, r"<O0> = [-0-9. ]*cos\(")
        cones = self.succeed("plan", "train.toml", "--set", "engine.plan=cones").stdout
        self.assertNotIn("<O0> =", cones)
        self.assertIn("the first register's outputs depend on", cones)

    def test_plan_is_about_the_circuit_that_the_head_runs(self):
        for head, qubits, outputs, circuit in (("hybrid", 6, 5, True), ("separate", 6, 5, True), ("mlp", 0, 5, False),
                                               ("local", 0, 5, False)):
            options = ("plan", "train.toml", "--set", f"head.kind={head}", "--set", "circuit.layers=2")
            plan = json.loads(self.succeed(*options, "--json").stdout)
            self.assertEqual((plan["head"], plan["qubits"], plan["outputs"]), (head, qubits, outputs))
            self.assertEqual(plan["plan"] == "none", not circuit)
            # The last CZ layer commutes with every Z that is read.
            self.assertEqual(any("change" in warning for warning in plan["warnings"]), circuit, plan["warnings"])
            self.succeed(*options)
        self.refuse(2, ["circuit.uploads", "separate"], "plan", "train.toml", "--set", "head.kind=separate", "--set",
                    "circuit.uploads=2")

    def test_the_plan_that_was_chosen_stays_with_the_run(self):
        chosen = json.loads(self.succeed("plan", "train.toml", "--json").stdout)["plan"]
        self.succeed("train", "train.toml", "--set", "run.folder=chosen")
        self.assertRegex(self.read("chosen/config.toml").decode(), rf"plan *= *['\"]{chosen}['\"]")
        self.assertEqual(json.loads(self.succeed("inspect", "chosen", "--json").stdout)["plan"], chosen)

    def test_a_forced_plan_is_the_one_shown_and_trained(self):
        hashes = {}
        for plan in ("state", "operators", "cones", "pauli"):
            shown = json.loads(self.succeed("plan", "train.toml", "--json", "--set", f"engine.plan={plan}").stdout)
            self.assertEqual(shown["plan"], plan)
            trained = json.loads(self.succeed("train", "train.toml", "--json", "--set", f"engine.plan={plan}", "--set",
                                              f"run.folder={plan}").stdout)
            again = json.loads(self.succeed("train", "train.toml", "--json", "--set", f"engine.plan={plan}", "--set",
                                            f"run.folder={plan}-2", ranks=2).stdout)
            self.assertEqual(trained["run_hash"], again["run_hash"])
            inspected = json.loads(self.succeed("inspect", plan, "--json").stdout)
            self.assertEqual(inspected["plan"], plan)
            hashes[plan] = trained["run_hash"]

    def test_dead_parameters_and_cancelling_gates_are_told(self):
        dead = self.succeed("plan", "train.toml", "--set", "block.rotations=[\"ry\",\"rz\"]", "--json").stdout
        self.assertTrue(any("rz" in name for name in json.loads(dead)["dead"]))
        cancel = self.succeed("plan", "train.toml", "--set", "block.entangler=cz-ring", "--json").stdout
        self.assertTrue(any("cancel" in warning for warning in json.loads(cancel)["warnings"]))

    def test_a_first_training_is_not_warned_of_the_defaults(self):
        self.write("first.toml", '[data]\nfile = "tiny.h5"\ntasks = ["sum"]\n[train]\nepochs = 1\n')
        planned = json.loads(self.succeed("plan", "first.toml", "--json").stdout)
        self.assertEqual(len(planned["warnings"]), 1)  # the ring of gates reaches beyond the one output's cone
        self.assertNotIn("warning:", self.succeed("train", "first.toml", "--progress", "off").stderr)
        # The same circuit, chosen: whoever changes it is told.
        chosen = self.succeed("train", "first.toml", "--progress", "off", "--set", f"circuit.qubits={planned['qubits']}",
                              "--set", "run.folder=runs/chosen")
        self.assertIn(planned["warnings"][0], chosen.stderr)


if __name__ == "__main__":
    main()
