#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl.jax.head under jit, vmap and grad: the package's logits to the bit and its slopes."""

import os
import unittest

import door

os.environ["JAX_ENABLE_X64"] = "1"
os.environ.setdefault("JAX_PLATFORMS", "cpu")
qmtl = door.the_package("jax")
import jax
import jax.numpy as jnp
import numpy as np
from door import HEADS, TASKS

import qmtl.jax


class InJax(unittest.TestCase):
    def setUp(self):
        self.head = qmtl.jax.head(TASKS, HEADS["qmtl"], seed=2)
        self.core = qmtl.Head(TASKS, HEADS["qmtl"], seed=2)
        self.parameters = self.head.init()
        self.z = np.random.default_rng(0).normal(size=(6, self.head.width))

    def test_logits_are_those_of_the_package_to_the_bit(self):
        for dtype, precision in ((np.float32, "float"), (np.float64, "double")):
            z = self.z.astype(dtype)
            expected = self.core.with_precision(precision)(z)
            for function in (self.head, jax.jit(self.head)):
                logits = function(self.parameters, z)
                self.assertEqual(logits.dtype, dtype)
                np.testing.assert_array_equal(logits, expected)
        np.testing.assert_array_equal(jax.jit(self.head)(self.parameters, z.reshape(2, 3, -1)), expected.reshape(2, 3, -1))
        np.testing.assert_array_equal(jax.vmap(self.head, (None, 0))(self.parameters, z), expected)

    def test_slopes_are_those_of_differences_for_every_head(self):
        for name, config in HEADS.items():
            with self.subTest(head=name):
                head = qmtl.jax.head(TASKS, config, seed=2)
                z = np.random.default_rng(0).normal(size=(3, head.width))

                def loss(parameters, z):
                    return (head(parameters, z) ** 2).sum()

                # Slopes of about 10 by steps of 1e-5: truncation 1e-9, rounding 1e-10.
                from jax.test_util import check_grads
                check_grads(jax.jit(loss), (head.init(), z), order=1, modes=["rev"], eps=1e-5, rtol=1e-6, atol=1e-6)

    def test_slopes_of_each_element_under_vmap(self):
        def loss(parameters, z):
            return (self.head(parameters, z) ** 2).sum()

        each = jax.jit(jax.vmap(jax.grad(loss, (0, 1)), (None, 0)))(self.parameters, self.z)
        sets = jax.tree_util.tree_map(lambda p: jnp.stack([p, p + 0.5]), self.parameters)
        both = jax.vmap(jax.grad(loss), (0, None))(sets, self.z)
        for i in range(6):
            alone = jax.grad(loss, (0, 1))(self.parameters, self.z[i])
            for one, two in zip(jax.tree_util.tree_leaves(alone), jax.tree_util.tree_leaves(each)):
                np.testing.assert_array_equal(one, two[i])
        for k in range(2):
            alone = jax.grad(loss)(jax.tree_util.tree_map(lambda p: p[k], sets), self.z)
            for one, two in zip(jax.tree_util.tree_leaves(alone), jax.tree_util.tree_leaves(both)):
                np.testing.assert_array_equal(one, two[k])

    def test_what_is_wrong_is_named(self):
        for arguments, kind, words in (((self.parameters, self.z[:, :3]), ValueError, r"\[\.\.\., 4\]"),
                                       ((self.parameters, self.z.astype(np.int32)), TypeError, "int32"),
                                       (({}, self.z), ValueError, "head.shared")):
            with self.assertRaisesRegex(kind, words):
                self.head(*arguments)
        with self.assertRaises(Exception):
            jax.hessian(lambda z: self.head(self.parameters, z).sum())(self.z[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
