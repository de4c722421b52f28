#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares noisy simulation with Qiskit Aer: every channel on random circuits, and the blocks of a trained head.

    python3 aer.py --qmtl build/release/qmtl [--shots 20000] [--circuits 2] [--blocks 3] [--run runs/digits]

Both simulate the schedule that `qmtl noise` prints: Aer the whole circuit (of a head: the backward cone, cut here by
another program), by its density_matrix method in double precision. The schedule itself is checked against the order in
which the gates were given, without noise. Four comparisons per circuit, each a column of the table:

exact     largest difference of the probabilities of bitstrings; at most 1e-9: both sum some thousand terms below 1 in
          double precision, each rounded to 1.1e-16, so that 1e-12 is expected.
mean      largest difference of the mean over N trajectories, in units of its bound. A trajectory's probability lies in
          [0, 1], so that by Hoeffding it is exceeded with a probability of at most 2 exp(-2 N bound^2) = DELTA.
TV        total variation between N shots and Aer's distribution, in units of its bound. With K outcomes its expectation
          is at most sqrt(K / N) / 2 (Cauchy and Schwarz), one shot changes it by at most 1 / N, so that by McDiarmid
          sqrt(K / N) / 2 + sqrt(ln(1 / DELTA) / (2 N)) is exceeded with a probability of at most DELTA.
p         p value of the chi-square test of the same shots, outcomes with fewer than 5 expected merged; above DELTA.

TV and p are those of the worse of shots drawn from the density matrix and shots that are a trajectory each. Seeds are
fixed. As a control, Aer's own probabilities must change by 1e-6 at least when its gate noise is left out. Ends with 1 if
anything disagrees."""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (NoiseModel, amplitude_damping_error, depolarizing_error, pauli_error,
                              phase_damping_error, thermal_relaxation_error)
from qiskit_aer.noise.device import basic_device_gate_errors
from scipy.stats import chi2

DELTA = 1e-7
ONE, TWO = ["rx", "ry", "rz"], ["cx", "cz"]
READOUT = (0.03, 0.07)  # P(1 | 0), P(0 | 1)


class Case:
    """A noise model written twice: as TOML for qmtl and as Aer's object."""

    def __init__(self, name, one=None, two=None):
        """one, two: lists of (TOML channel, Aer error on all qubits of the gate)."""
        self.name = name
        self.has_gate_noise = bool(one or two)
        self.toml = f"[[readout]]\np1_given_0 = {READOUT[0]}\np0_given_1 = {READOUT[1]}\n"
        self.aer = NoiseModel()
        for names, list_of in ((ONE, one), (TWO, two)):
            if not list_of:
                continue
            channels = ", ".join(toml for toml, _ in list_of)
            self.toml += f"[[gate]]\nnames = {json.dumps(names)}\nchannels = [{channels}]\n"
            total = list_of[0][1]
            for _, error in list_of[1:]:
                total = total.compose(error)
            self.aer.add_all_qubit_quantum_error(total, names)


def each(toml, error):
    """A one-qubit channel after every gate, on each of its qubits."""
    return {"one": [(toml, error)], "two": [(toml, error.tensor(error))]}


def cases():
    thermal = lambda *n: each(
        f'{{ kind = "thermal-relaxation", t1 = {n[0]}, t2 = {n[1]}, time = {n[2]}, excited = {n[3]} }}',
        thermal_relaxation_error(*n))
    depolarising = lambda p, q: (f'{{ kind = "depolarising", probability = {p} }}', depolarizing_error(p, q))
    pauli = lambda terms: (
        '{ kind = "pauli", probabilities = { ' + ", ".join(f"{k} = {v}" for k, v in terms.items()) + " } }",
        pauli_error([*terms.items(), ("I" * len(next(iter(terms))), 1 - sum(terms.values()))]))
    return [
        Case("readout only"),
        Case("depolarising", [depolarising(0.02, 1)], [depolarising(0.08, 2)]),
        Case("depolarising, largest", [depolarising(4 / 3, 1)], [depolarising(16 / 15, 2)]),
        Case("amplitude damping", **each('{ kind = "amplitude-damping", gamma = 0.12 }', amplitude_damping_error(0.12))),
        Case("amplitude, excited", **each('{ kind = "amplitude-damping", gamma = 0.1, excited = 0.3 }',
                                          amplitude_damping_error(0.1, 0.3))),
        Case("phase damping", **each('{ kind = "phase-damping", lambda = 0.15 }', phase_damping_error(0.15))),
        Case("Pauli", [pauli({"X": 0.03, "Y": 0.02, "Z": 0.05})],
             [pauli({"XI": 0.04, "IZ": 0.03, "YX": 0.05, "ZZ": 0.02})]),
        Case("thermal, T2 < T1", **thermal(50e-6, 30e-6, 5e-6, 0.0)),
        Case("thermal, T2 > T1", **thermal(50e-6, 90e-6, 8e-6, 0.2)),
        Case("all together",
             [depolarising(0.002, 1), *thermal(50e-6, 70e-6, 1e-6, 0.0)["one"]],
             [depolarising(0.02, 2), *each('{ kind = "amplitude-damping", gamma = 0.02 }',
                                           amplitude_damping_error(0.02))["two"],
              *thermal(50e-6, 70e-6, 4e-6, 0.01)["two"]]),
    ]


def random_circuit(rng, qubits, gates):
    ops = []
    for _ in range(gates):
        name = str(rng.choice(ONE + TWO))
        a, b = (int(q) for q in rng.permutation(qubits)[:2])
        ops.append([name, a, b] if name in TWO else [name, a, float(rng.uniform(-math.pi, math.pi))])
    measure = [int(q) for q in rng.permutation(qubits)[:3]]
    return {"qubits": qubits, "ops": ops, "measure": measure}


def build(qubits, ops):
    """ops: (name, qubits, angle or None)."""
    circuit = QuantumCircuit(qubits)
    for name, on, angle in ops:
        getattr(circuit, name)(*([] if angle is None else [angle]), *on)
    return circuit


def scheduled(result):
    return [(row[1], row[2], row[3] if len(row) > 3 else None) for row in result["schedule"]]


def cone(ops, measured):
    """Operations that share qubits, directly or through later ones, with the measured qubits."""
    reached, kept = set(measured), []
    for op in reversed(ops):
        if reached & set(op[1]):
            reached |= set(op[1])
            kept.append(op)
    numbers = {q: i for i, q in enumerate(sorted(reached))}
    return numbers, [(name, [numbers[q] for q in on], angle) for name, on, angle in reversed(kept)]


def aer_probabilities(qubits, ops, measured, noise):
    circuit = build(qubits, ops)
    circuit.save_probabilities(measured)
    simulator = AerSimulator(method="density_matrix", noise_model=noise, precision="double", max_parallel_threads=1)
    p = np.asarray(simulator.run(circuit, shots=1).result().data()["probabilities"])
    confusion = np.array([[1 - READOUT[0], READOUT[1]], [READOUT[0], 1 - READOUT[1]]])  # [read, is]
    table = p.reshape([2] * len(measured))
    for axis in range(len(measured)):
        table = np.moveaxis(np.tensordot(confusion, table, axes=(1, axis)), 0, axis)
    return table.ravel()


def chi_square_p(counts, p, shots):
    large = p * shots >= 5
    found = np.append(counts[large], counts[~large].sum())
    expected = np.append(p[large], p[~large].sum()) * shots
    found, expected = found[expected > 0], expected[expected > 0]
    if len(found) < 2:
        return 1.0
    return float(chi2.sf(((found - expected) ** 2 / expected).sum(), len(found) - 1))


class Program:
    def __init__(self, path):
        self.path = str(pathlib.Path(path).resolve())

    def run(self, *args):
        done = subprocess.run([self.path, *map(str, args)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"qmtl {' '.join(map(str, args))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        return done.stdout

    def noise(self, *args):
        return json.loads(self.run("noise", "--json", *args))


class Table:
    def __init__(self):
        self.wrong = 0
        print(f"{'noise':24s}{'circuit':20s}{'qubits':>7s}{'alive':>6s}{'exact':>10s}{'mean':>7s}{'TV':>7s}{'p':>9s}")

    def expect_noise(self, difference):
        """The control: a comparison that noise of this size cannot fail shows nothing."""
        if difference < 1e-6:
            self.wrong += 1
            print(f"the noise changes probabilities by {difference:.1e} only  DISAGREES")

    def row(self, noise, circuit, results, p, shots, trajectories):
        """results: of qmtl by density matrix; by trajectories; shots of both."""
        exact, mean, drawn, sampled = results
        worst = np.abs(np.array(exact["probabilities"]) - p).max()
        bound = math.sqrt(math.log(2 / DELTA) / (2 * trajectories))
        mean_ratio = np.abs(np.array(mean["probabilities"]) - p).max() / bound
        tv_bound = math.sqrt(len(p) / shots) / 2 + math.sqrt(math.log(1 / DELTA) / (2 * shots))
        tv_ratio, least = 0.0, 1.0
        for result in (drawn, sampled):
            counts = np.array([result["counts"].get(format(i, f"0{len(result['measured'])}b"), 0) for i in range(len(p))])
            assert counts.sum() == shots
            tv_ratio = max(tv_ratio, np.abs(counts / shots - p).sum() / 2 / tv_bound)
            least = min(least, chi_square_p(counts, p, shots))
        good = worst < 1e-9 and mean_ratio < 1 and tv_ratio < 1 and least > DELTA
        self.wrong += not good
        print(f"{noise:24s}{circuit:20s}{exact['cone']:7d}{exact['qubits_alive']:6d}{worst:10.1e}{mean_ratio:7.2f}"
              f"{tv_ratio:7.2f}{least:9.2g}{'' if good else '  DISAGREES'}", flush=True)


def four_ways(program, shots, trajectories, *args):
    return [program.noise(*args, "--method", "density"),
            program.noise(*args, "--method", "trajectories", "--trajectories", trajectories, "--seed", 1),
            program.noise(*args, "--method", "density", "--shots", shots, "--seed", 2),
            program.noise(*args, "--method", "trajectories", "--shots", shots, "--seed", 3)]


def random_circuits(program, table, folder, a):
    rng = np.random.default_rng(a.seed)
    for case in cases():
        (folder / "noise.toml").write_text(case.toml)
        circuits = [random_circuit(rng, 3 + i % 4, 24) for i in range(a.circuits)]
        (folder / "circuits.json").write_text(json.dumps(circuits))
        ways = four_ways(program, a.shots, a.trajectories, "--circuit", folder / "circuits.json", "--noise",
                         folder / "noise.toml")
        for i, circuit in enumerate(circuits):
            n, ops = circuit["qubits"], scheduled(ways[0][i])
            given = [(o[0], [o[1], o[2]], None) if o[0] in TWO else (o[0], [o[1]], o[2]) for o in circuit["ops"]]
            same = Operator(build(n, ops)).equiv(Operator(build(n, given)))
            if not same:
                table.wrong += 1
                print(f"{case.name}: the schedule of circuit {i} is another circuit  DISAGREES")
            p = aer_probabilities(n, ops, circuit["measure"], case.aer)
            if case.has_gate_noise:
                ideal = aer_probabilities(n, ops, circuit["measure"], None)
                table.expect_noise(np.abs(p - ideal).max())
            table.row(case.name, f"random {n} x 24", [way[i] for way in ways], p, a.shots, a.trajectories)


def ibm_properties(qubits, rng):
    """A backend of a line of qubits with calibrations as IBM publishes them."""
    value = lambda name, unit, number: {"date": "2024-01-01T00:00:00Z", "name": name, "unit": unit, "value": number}
    gate = lambda name, on, error, length: {
        "gate": name, "qubits": on, "name": name + "_".join(map(str, on)),
        "parameters": [value("gate_error", "", error), value("gate_length", "ns", length)]}
    lists, gates = [], []
    for q in range(qubits):
        t1 = float(rng.uniform(20, 60))
        lists.append([value("T1", "us", t1), value("T2", "us", float(rng.uniform(0.4, 2.3)) * t1),
                      value("prob_meas0_prep1", "", READOUT[1]), value("prob_meas1_prep0", "", READOUT[0])])
        gates.append(gate("sx", [q], float(rng.uniform(0.001, 0.01)), 60.0))
        gates.append(gate("rz", [q], 0, 0))
    for q in range(qubits - 1):
        gates.append(gate("cz", [q, q + 1], float(rng.uniform(0.01, 0.05)), 400.0))
    return {"backend_name": "line", "backend_version": "1.0.0", "last_update_date": "2024-01-01T00:00:00Z",
            "qubits": lists, "gates": gates, "general": []}


def ibm_backend(program, table, folder, a):
    """Noise of a calibrated backend: the errors that Aer derives for each gate, two sx pulses for each ry and rx."""
    rng = np.random.default_rng(a.seed + 1)
    properties = ibm_properties(4, rng)
    (folder / "properties.json").write_text(json.dumps(properties))
    noise = NoiseModel()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from qiskit.providers.models import BackendProperties
        errors = basic_device_gate_errors(BackendProperties.from_dict(properties))
    for name, on, error in errors:
        if name == "sx":
            noise.add_quantum_error(error, ["rx", "ry", "id"], on)
        if name == "cz":
            noise.add_quantum_error(error, "cz", on)
    circuit = {"qubits": 4, "ops": [], "measure": [2, 0, 3]}
    for _ in range(40):
        q = int(rng.integers(4))
        name = str(rng.choice(["rx", "ry", "rz", "cz"]))
        circuit["ops"].append(["cz", min(q, 2), min(q, 2) + 1] if name == "cz" else [name, q, float(rng.uniform(-3, 3))])
    (folder / "line.json").write_text(json.dumps(circuit))
    ways = four_ways(program, a.shots, a.trajectories, "--circuit", folder / "line.json", "--noise",
                     folder / "properties.json")
    ops = []
    for op in scheduled(ways[0][0]):
        # The second pulse's error comes with an identity: composed errors lose terms below 1e-8 in Aer.
        ops += [op, ("id", op[1], None)] if op[0] in ("rx", "ry") else [op]
    p = aer_probabilities(4, ops, circuit["measure"], noise)
    table.row("IBM properties", "random 4 x 40", [way[0] for way in ways], p, a.shots, a.trajectories)


def trained_head(program, table, folder, a):
    run = a.run
    if not run:
        digits = pathlib.Path(__file__).resolve().parents[1] / "digits"
        program.run("import", digits / "import.toml", "--out", folder / "digits.h5", "--quiet")
        run = folder / "run"
        program.run("train", digits / "digits.toml", "--quiet", "--set", f"data.file={folder / 'digits.h5'}", "--set",
                    f"run.folder={run}", "--set", "train.epochs=10")
    case = cases()[-1]
    (folder / "noise.toml").write_text(case.toml)
    ways = four_ways(program, a.shots, a.trajectories, "--checkpoint", run, "--noise", folder / "noise.toml")
    for b in range(min(a.blocks, len(ways[0]))):
        result = ways[0][b]
        numbers, ops = cone(scheduled(result), result["measured"])
        p = aer_probabilities(len(numbers), ops, [numbers[q] for q in result["measured"]], case.aer)
        table.row(case.name, f"head, block {b}", [way[b] for way in ways], p, a.shots, a.trajectories)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qmtl", required=True, help="the program")
    parser.add_argument("--circuits", type=int, default=3, help="random circuits per channel")
    parser.add_argument("--shots", type=int, default=20000)
    parser.add_argument("--trajectories", type=int, default=20000)
    parser.add_argument("--blocks", type=int, default=2, help="blocks of the head (Aer takes half a minute for each)")
    parser.add_argument("--run", help="run folder or checkpoint; default: trains the digits")
    parser.add_argument("--seed", type=int, default=1, help="of the random circuits")
    a = parser.parse_args()
    program, table = Program(a.qmtl), Table()
    with tempfile.TemporaryDirectory() as name:
        random_circuits(program, table, pathlib.Path(name), a)
        ibm_backend(program, table, pathlib.Path(name), a)
        if a.blocks:
            trained_head(program, table, pathlib.Path(name), a)
    print(f"{table.wrong} disagreements" if table.wrong else "all agree")
    return 1 if table.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
