# SPDX-License-Identifier: Apache-2.0
"""A linear backbone and a quantum head, trained together by gradient descent under jax.jit: which side of a circle?

    python3 fit_jax.py        # needs jax
"""

from typing import Any

import jax
import jax.numpy as jnp

import qmtl.jax


def main(steps: int = 150) -> float:
    x = jax.random.normal(jax.random.PRNGKey(0), (512, 2))
    inside = (jnp.sum(x**2, axis=1) < 1.4).astype(jnp.float32)
    head = qmtl.jax.head("inside", {"circuit": {"qubits": 6, "layers": 2}, "block": {"size": 3}})
    parameters = {"head": head.init(),
                  "backbone": 0.5 * jax.random.normal(jax.random.PRNGKey(1), (3, head.width))}

    def logits(parameters: Any, x: Any) -> Any:
        rows = jnp.concatenate([x, jnp.ones((len(x), 1))], axis=1)
        return head(parameters["head"], rows @ parameters["backbone"])[:, 0]

    def step(parameters: Any, velocity: Any) -> Any:
        def loss(parameters: Any) -> Any:
            z = logits(parameters, x)
            return jnp.mean(jnp.logaddexp(0, z) - inside * z)

        slopes = jax.grad(loss)(parameters)
        velocity = jax.tree_util.tree_map(lambda v, g: 0.9 * v - 0.1 * g, velocity, slopes)
        return jax.tree_util.tree_map(jnp.add, parameters, velocity), velocity

    fast_step, velocity = jax.jit(step), jax.tree_util.tree_map(jnp.zeros_like, parameters)
    for _ in range(steps):
        parameters, velocity = fast_step(parameters, velocity)
    return float(jnp.mean((logits(parameters, x) > 0) == (inside > 0)))


if __name__ == "__main__":
    print(f"accuracy: {main():.3f}")
