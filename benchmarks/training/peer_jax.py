#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A linear head in JAX, one jitted step a minibatch (benchmarks/training/race.py); Adam by hand, as optax writes it. With --scan a
whole epoch is one jitted call (lax.scan over minibatches), which only those get who give up looking at anything in between."""

import os
import sys
import time

scan = "--scan" in sys.argv
if scan:
    sys.argv.remove("--scan")
from peer import Data, arguments, report  # noqa: E402

options = arguments()
if options.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy  # noqa: E402

data = Data(options.data)
x = jnp.asarray(data.x)
labels = [jnp.asarray(task[3]) for task in data.tasks]
params = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in data.start(options.hidden)]
zeros = jax.tree_util.tree_map(jnp.zeros_like, params)


def loss_of(params, rows):
    hidden = jnp.tanh(x[rows] @ params[0][0] + params[0][1])
    logits = hidden @ params[1][0] + params[1][1]
    total, column = 0.0, 0
    for (_, kind, outputs, _), label in zip(data.tasks, labels):
        out, y = logits[:, column:column + outputs], label[rows]
        column += outputs
        known = ~jnp.isnan(y)
        y = jnp.where(known, y, 0)
        if kind == "multiclass":
            each = -jnp.take_along_axis(jax.nn.log_softmax(out), y.astype(jnp.int32), axis=1)
        elif kind == "regression":
            each = (out - y) ** 2
        else:
            each = jax.nn.softplus(out) - y * out
        total += jnp.sum(jnp.where(known, each, 0)) / jnp.maximum(jnp.sum(known), 1)
    return total


def update(state, rows):
    params, first, second, count = state
    loss, gradient = jax.value_and_grad(loss_of)(params, rows)
    count = count + 1
    first = jax.tree_util.tree_map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree_util.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    params = jax.tree_util.tree_map(
        lambda p, m, v: p - 1e-2 * (m / (1 - 0.9 ** count)) / (jnp.sqrt(v / (1 - 0.999 ** count)) + 1e-8), params, first, second)
    return (params, first, second, count), loss


step = jax.jit(update, donate_argnums=0)
whole = jax.jit(lambda state, orders: jax.lax.scan(update, state, orders), donate_argnums=0)
state = (params, zeros, jax.tree_util.tree_map(jnp.zeros_like, params), jnp.float32(0))


def epoch(state, seed):
    order = numpy.random.default_rng(seed).permutation(len(data.x))
    if scan:  # whole batches only: a scan has one shape
        order = order[:len(order) // options.batch * options.batch].reshape(-1, options.batch)
        state, losses = whole(state, order)
        return state, losses[-1], order.size
    for first in range(0, len(order), options.batch):
        state, loss = step(state, order[first:first + options.batch])
    return state, loss, len(order)


state, loss, _ = epoch(state, 0)
loss.block_until_ready()
samples = 0
began = time.perf_counter()
for number in range(options.epochs):
    state, loss, count = epoch(state, number + 1)
    samples += count
loss.block_until_ready()
report("jax-scan" if scan else "jax", samples, time.perf_counter() - began, loss)
