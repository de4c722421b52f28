#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the Python package adds to a step (forward and vector-Jacobian product) of the library, in microseconds.

    PYTHONPATH=build/release/tools/python python3 benchmarks/python/overhead.py [--threads 1] [--clock wall] [--seconds 0.5]

A head of one linear number costs the library next to nothing: its rows are what a call costs. "library" calls the
extension module with arrays and parameters at hand, "numpy" qmtl.Head, "torch" qmtl.torch.Head forward and backward to
z and parameters, "nn.Linear" a linear layer of torch's of the same width, "jax" its gradient under jit. Each figure is the least of the means of forty rounds. --clock processor
takes the time of all threads instead of the wall's: for a busy machine, together with --threads 1.
"""

import argparse
import importlib.util
import platform
import sys
import time

import numpy as np

import qmtl

HEADS = {
    "linear, width 1": ("a", {"head": {"kind": "linear", "width": 1}}),
    "10 qubits, 30 angles": ({"a": "binary", "b": {"kind": "multiclass", "outputs": 3}},
                             {"circuit": {"qubits": 10, "uploads": 3, "layers": 2}, "block": {"size": 5}}),
}
BATCHES = (1, 32, 128, 1024)


ROUNDS = 40


def microseconds(step, seconds, clock):
    """Least of the means of the rounds, after two calls that are not counted."""
    step()
    begin = clock()
    step()
    count = max(1, int(seconds / ROUNDS / max(clock() - begin, 1e-6)))
    best = np.inf
    for _ in range(ROUNDS):
        begin = clock()
        for _ in range(count):
            step()
        best = min(best, (clock() - begin) / count)
    return 1e6 * best


def steps(tasks, config, rows):
    """The ways to compute the same step."""
    head = qmtl.Head(tasks, config)
    z = np.random.default_rng(0).normal(size=(rows, head.width)).astype(np.float32)
    slopes = np.ones((rows, head.outputs), np.float32)
    core = head._core
    yield "library", lambda: (core.forward(z), core.vjp(z, slopes))
    yield "numpy", lambda: (head(z), head.vjp(z, slopes))
    if importlib.util.find_spec("torch"):
        import torch

        from qmtl.torch import Head
        module, inputs, given = Head.of(head), torch.tensor(z, requires_grad=True), torch.tensor(slopes)

        def step():
            module.zero_grad(set_to_none=True)
            inputs.grad = None
            module(inputs).backward(given)

        yield "torch", step
        linear = torch.nn.Linear(head.width, head.outputs)

        def linear_step():
            linear.zero_grad(set_to_none=True)
            inputs.grad = None
            linear(inputs).backward(given)

        yield "nn.Linear", linear_step
    if importlib.util.find_spec("jax"):
        import jax

        from qmtl.jax import Head
        function = Head(head)
        gradient = jax.jit(jax.grad(lambda parameters, z: function(parameters, z).sum(), (0, 1)))
        parameters, jax_z = function.init(), jax.numpy.asarray(z)
        yield "jax", lambda: jax.block_until_ready(gradient(parameters, jax_z))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.5, help="for each figure")
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    options = parser.parse_args()
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    qmtl.set_threads(options.threads)
    if importlib.util.find_spec("torch"):
        import torch
        torch.set_num_threads(options.threads)
    versions = [f"{name} {sys.modules[name].__version__}" for name in ("torch", "jax") if importlib.util.find_spec(name)
                and __import__(name)]
    print(f"{', '.join([f'Python {platform.python_version()}', f'numpy {np.__version__}', *versions])}; "
          f"{qmtl.instruction_set()}, threads: {options.threads}, clock: {options.clock}\n")
    names = None
    for title, (tasks, config) in HEADS.items():
        for rows in BATCHES:
            found = {name: microseconds(step, options.seconds, clock) for name, step in steps(tasks, config, rows)}
            if names is None:
                names = list(found)
                print(f"| head | batch | {' | '.join(names)} |\n|---|---:|{'---:|' * len(names)}")
            print(f"| {title} | {rows} | {' | '.join(f'{value:.1f}' for value in found.values())} |", flush=True)


if __name__ == "__main__":
    main()
