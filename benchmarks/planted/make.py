#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data sets whose labels come from a known rule: entangled circuits of a known depth, parities, low-rank linear maps.

    benchmarks/planted/make.py --kind circuit --depth 2 --tasks 4 --samples 2000 --noise 0.1 --out build/planted/cell

writes OUT/table.csv, OUT/import.toml (for `qmtl import`) and OUT/planted.json (the rule and its numbers). The inputs x are 2 T
independent standard normals. Task t is binary; `--noise` is the share of training and validation labels that are turned over, so that
the ceiling of every test score is 1. The circuit is simulated here, by itself, densely: real amplitudes, one causal cone a task."""

import argparse
import json
import pathlib

import numpy

REGISTER = 4
STRIDE = 2
GAIN = 1.0


def register_of(task, qubits):
    """The qubits of a task's block: REGISTER in a row from STRIDE * task, around the ring."""
    return [(STRIDE * task + i) % qubits for i in range(min(REGISTER, qubits))]


def cone_of(register, depth, qubits):
    """What a readout of the register can depend on: each ring of CZ reaches one qubit further on both sides."""
    if len(register) + 2 * depth >= qubits:
        return list(range(qubits))
    return [(register[0] - depth + i) % qubits for i in range(len(register) + 2 * depth)]


def turn(state, place, angle):
    """RY(angle) on one place of state[samples, 2^m]; one angle or one for each sample."""
    half = numpy.broadcast_to(numpy.asarray(angle, dtype=float) / 2, state.shape[:1])[:, None, None]
    c, s = numpy.cos(half), numpy.sin(half)
    parts = state.reshape(state.shape[0], -1, 2, 1 << place)
    zero, one = parts[:, :, 0], parts[:, :, 1]
    return numpy.stack([c * zero - s * one, s * zero + c * one], axis=2).reshape(state.shape)


def task_value(angles, shared, block, task, entangled=True):
    """The mean of <Z> over a task's register, [samples]. angles[samples, n]: one RY on each qubit; shared[depth, n]: RY on each
    qubit, then CZ around the ring; block[k]: RY on the register."""
    samples, qubits = angles.shape
    register = register_of(task, qubits)
    cone = cone_of(register, len(shared), qubits)
    place = {qubit: i for i, qubit in enumerate(cone)}
    bits = (numpy.arange(1 << len(cone))[:, None] >> numpy.arange(len(cone))) & 1
    state = numpy.zeros((samples, 1 << len(cone)))
    state[:, 0] = 1.0
    for qubit in cone:
        state = turn(state, place[qubit], angles[:, qubit])
    for layer in shared:
        for qubit in cone:
            state = turn(state, place[qubit], layer[qubit])
        for qubit in cone if entangled else []:
            other = (qubit + 1) % qubits
            if other in place and other != qubit:
                state = state * (1.0 - 2.0 * bits[:, place[qubit]] * bits[:, place[other]])
    for qubit, angle in zip(register, block):
        state = turn(state, place[qubit], angle)
    signs = 1.0 - 2.0 * bits[:, [place[qubit] for qubit in register]]
    return (state ** 2) @ signs.mean(axis=1)


def angles_of(z, gain=GAIN):
    """The angle map shift-tanh."""
    return numpy.pi / 2 * (1.0 + numpy.tanh(gain * z))


def circuit_rule(x, tasks, depth, random):
    shared = random.uniform(0, 2 * numpy.pi, (depth, x.shape[1]))
    blocks = random.uniform(0, 2 * numpy.pi, (tasks, REGISTER))
    angles = angles_of(x)
    values = [task_value(angles, shared, blocks[t], t) for t in range(tasks)]
    return numpy.stack(values, axis=1), {"shared": shared.tolist(), "blocks": blocks.tolist()}


def parity_rule(x, tasks, order, _random):
    """The product of the signs of the first `order` numbers of the task's register."""
    places = [register_of(t, x.shape[1])[:order] for t in range(tasks)]
    return numpy.stack([numpy.sign(x[:, p]).prod(axis=1) for p in places], axis=1), {"places": places}


def low_rank_rule(x, tasks, rank, random):
    basis, weights = random.normal(size=(x.shape[1], rank)), random.normal(size=(rank, tasks))
    return x @ basis @ weights, {"basis": basis.tolist(), "weights": weights.tolist()}


# kind -> the rule, and what its --depth means
KINDS = {"circuit": (circuit_rule, "layers of RY and a CZ ring"), "parity": (parity_rule, "signs that are multiplied"),
         "low-rank": (low_rank_rule, "rank of the linear map")}


def make(kind, depth, tasks, samples, noise, seed):
    """Inputs, labels, splits (0 training, 1 validation, 2 test) and the rule. `samples` are of training; validation and test
    have 1000 and 2000."""
    random = numpy.random.default_rng([seed, sorted(KINDS).index(kind), depth, tasks])
    counts = (samples, 1000, 2000)
    x = random.normal(size=(sum(counts), max(STRIDE * tasks, 2 * REGISTER))).astype(numpy.float32).astype(float)
    split = numpy.repeat([0, 1, 2], counts)
    values, rule = KINDS[kind][0](x, tasks, depth, random)
    centre = numpy.zeros(tasks) if kind == "parity" else numpy.median(values, axis=0)  # both labels equally often
    labels = (values > centre).astype(int)
    turned = (random.random(labels.shape) < noise) & (split < 2)[:, None]
    rule.update(kind=kind, depth=depth, tasks=tasks, samples=samples, noise=noise, seed=seed, gain=GAIN,
                centre=centre.tolist(), meaning=KINDS[kind][1])
    return x, labels ^ turned, split, rule


def write(folder, x, labels, split, rule):
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"x{i}" for i in range(x.shape[1])] + [f"t{t}" for t in range(labels.shape[1])] + ["split"]
    words = ("train", "validation", "test")
    lines = [",".join(names)]
    for row in range(len(x)):
        numbers = [repr(float(numpy.float32(v))) for v in x[row]]
        lines.append(",".join(numbers + [str(v) for v in labels[row]] + [words[split[row]]]))
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    text = f'title = "planted: {rule["kind"]} {rule["depth"]}"\nfile = "table.csv"\n[input.x]\ncolumns = ["x0..x{x.shape[1] - 1}"]\n'
    for t in range(labels.shape[1]):
        text += f'[task.t{t}]\ncolumn = "t{t}"\nkind = "binary"\npositive = ["1"]\nmetric = "accuracy"\n'
    (folder / "import.toml").write_text(text + '[split]\ncolumn = "split"\n')
    (folder / "planted.json").write_text(json.dumps(rule) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--depth", type=int, default=1, help="; ".join(f"{k}: {v[1]}" for k, v in KINDS.items()))
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--samples", type=int, default=2000, help="of training")
    parser.add_argument("--noise", type=float, default=0.0, help="share of training and validation labels turned over")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    given = parser.parse_args()
    if given.depth < 1 or given.tasks < 1 or given.samples < 16 or not 0 <= given.noise < 0.5:
        parser.error("expected --depth and --tasks of at least 1, --samples of at least 16, --noise from 0 to below 0.5")
    if given.kind == "parity" and given.depth > REGISTER:
        parser.error(f"--depth: a parity has at most {REGISTER} signs, the size of a register")
    write(given.out, *make(given.kind, given.depth, given.tasks, given.samples, given.noise, given.seed))


if __name__ == "__main__":
    main()
