#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""qmtl.torch.Head as users of torch use a module: gradcheck for every head, state, copies, dtypes, compile, DDP."""

import copy
import gc
import io
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest

import door

qmtl = door.the_package("torch")
import numpy as np
import torch
from door import HEADS, TASKS

import qmtl.torch


# A noisy device, and heads whose gates have one order on it.
P, GAMMA, READ_1, READ_0 = 0.1, 0.08, 0.03, 0.06
DEVICE = {"gate": [{"names": ["cz", "cx"], "channels": [{"kind": "depolarising", "probability": P}]},
                   {"names": ["ry", "rx", "rz"], "channels": [{"kind": "amplitude-damping", "gamma": GAMMA}]}],
          "readout": [{"p1_given_0": READ_1, "p0_given_1": READ_0}]}
DEVICE_TOML = f"""[[gate]]
names = ["cz", "cx"]
channels = [{{ kind = "depolarising", probability = {P} }}]
[[gate]]
names = ["rx", "ry", "rz"]
channels = [{{ kind = "amplitude-damping", gamma = {GAMMA} }}]
[[readout]]
p1_given_0 = {READ_1}
p0_given_1 = {READ_0}
"""
DEVICE_HEADS = {
    "line": {"circuit": {"qubits": 3, "entangler": "cz-line"}, "block": {"size": 2}},
    "uploads": {"circuit": {"qubits": 3, "entangler": "cx-line", "uploads": 2, "layers": 2}, "block": {"size": 2}},
    "weights": {"circuit": {"qubits": 3, "entangler": "cz-line", "rotations": ["ry", "rz"]}, "block": {"size": 3, "readout": "weights"}},
    "trained gain": {"circuit": {"qubits": 3, "entangler": "none"}, "block": {"size": 2}, "head": {"train_gain": True}},
    "hybrid": {"circuit": {"qubits": 3, "entangler": "cz-line"}, "head": {"kind": "hybrid"}},
}


def matrix_on(one, qubit, count):
    """A matrix on one qubit of several, qubit 0 the last factor."""
    made = np.eye(1)
    for q in reversed(range(count)):
        made = np.kron(made, one if q == qubit else np.eye(2))
    return made


def sign_of(bits, qubits):
    return -1.0 if sum(bits >> q & 1 for q in qubits) % 2 else 1.0


def noisy_probabilities(circuit, inputs, block):
    """Of reading all qubits' bits behind a block on DEVICE: a dense density matrix, by the definitions of its channels."""
    from qmtl.circuits import value
    n = circuit.qubits
    pauli = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1])}
    rho = np.zeros((2**n, 2**n), complex)
    rho[0, 0] = 1
    for gate in circuit.gates(block):
        qubits = gate["qubits"]
        if "angle" in gate:
            angle = value(gate["angle"], inputs, circuit.values)
            unitary = np.cos(angle / 2) * np.eye(2**n) - 1j * np.sin(angle / 2) * matrix_on(pauli[gate["gate"][1]], qubits[0], n)
            kraus = [np.array([[1, 0], [0, (1 - GAMMA)**0.5]]), np.array([[0, GAMMA**0.5], [0, 0]])]
        else:
            zero, one = (matrix_on(np.diag(d), qubits[0], n) for d in ([1, 0], [0, 1]))
            unitary, kraus = zero + one @ matrix_on(pauli[gate["gate"][1]], qubits[1], n), None
        rho = unitary @ rho @ unitary.conj().T
        if kraus:
            rho = sum(k @ rho @ k.conj().T for k in (matrix_on(k, qubits[0], n) for k in kraus))
        else:  # towards the mixture of both qubits: the mean over all Pauli operators on them
            both = [matrix_on(a, qubits[0], n) @ matrix_on(b, qubits[1], n)
                    for a in (np.eye(2), *pauli.values()) for b in (np.eye(2), *pauli.values())]
            rho = (1 - P) * rho + P / 16 * sum(m @ rho @ m.conj().T for m in both)
    read = np.array([[1 - READ_1, READ_0], [READ_1, 1 - READ_0]])
    confusion = np.eye(1)
    for _ in range(n):
        confusion = np.kron(confusion, read)
    return confusion @ rho.diagonal().real


def noisy_expectations(circuit, inputs):
    """The circuit's outputs on DEVICE; the readings of qubits are independent."""
    from qmtl.circuits import value
    found = []
    for number, block in enumerate(circuit.blocks):
        p = noisy_probabilities(circuit, inputs, number)
        for output in block["outputs"]:
            found.append(sum(value(part["weight"], (), circuit.values) * sum(p[bits] * sign_of(bits, part["qubits"])
                                                                           for bits in range(len(p))) for part in output))
    return found


def head_of(name="qmtl", **options):
    return qmtl.torch.Head(TASKS, HEADS[name], seed=2, **options)


def noisy_head():
    return qmtl.torch.Head("side", {**HEADS["qmtl"], "train": {"shots": 100}}, seed=2)


def gradients_of(module, z):
    module.zero_grad()
    z = z.clone().requires_grad_()
    module(z).square().sum().backward()
    return [z.grad, *(p.grad.clone() for p in module.parameters())]


class InTorch(unittest.TestCase):
    def test_gradcheck_holds_for_every_head(self):
        torch.manual_seed(0)
        for name in HEADS:
            with self.subTest(head=name):
                module = head_of(name, dtype=torch.float64)
                z = torch.randn(3, module.width, dtype=torch.float64, requires_grad=True)
                names = [name for name, _ in module.named_parameters()]
                own = [p.detach().clone().requires_grad_() for p in module.parameters()]

                def logits(z, *values):
                    for name, value in zip(names, values):
                        delattr(module, name) if name in module._parameters else None
                        setattr(module, name, value)
                    return module(z)

                self.assertTrue(torch.autograd.gradcheck(logits, (z, *own)))

    def test_logits_are_those_of_the_package_to_the_bit(self):
        for dtype, precision in ((torch.float32, "float"), (torch.float64, "double")):
            module = head_of(dtype=torch.float64)
            z = torch.randn(7, module.width, dtype=dtype)
            expected = module.head().with_precision(precision).forward(z.numpy())
            np.testing.assert_array_equal(module(z).detach().numpy(), expected)
            self.assertEqual(module(z).dtype, dtype)

    def test_a_dict_has_the_columns_of_each_task(self):
        module = head_of(as_dict=True)
        z = torch.randn(2, 3, module.width)
        parts = module(z)
        self.assertEqual({name: list(part.shape) for name, part in parts.items()},
                         {"side": [2, 3, 1], "third": [2, 3, 3], "distance": [2, 3, 1]})
        module.as_dict = False
        self.assertTrue(torch.equal(torch.cat(list(parts.values()), -1), module(z)))

    def test_it_learns_with_a_backbone(self):
        torch.manual_seed(0)
        x = torch.randn(256, 2)
        side = (x.sum(1) > 0).float()
        head = qmtl.torch.Head("side", HEADS["qmtl"])
        model = torch.nn.Sequential(torch.nn.Linear(2, head.width), head)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(60):
            optimiser.zero_grad()
            loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x)[:, 0], side)
            loss.backward()
            optimiser.step()
        accuracy = ((model(x)[:, 0] > 0) == (side > 0)).float().mean()
        # A line divides the classes: a logistic regression reaches 1 on these points.
        self.assertGreater(float(accuracy), 0.95)

    def test_state_copies_and_files_keep_every_bit(self):
        module, other = head_of(), qmtl.torch.Head(TASKS, HEADS["qmtl"], seed=5)
        z = torch.randn(4, module.width)
        self.assertFalse(torch.equal(module(z), other(z)))
        other.load_state_dict(module.state_dict())
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        options = {"weights_only": False} if torch.__version__ >= "2" else {}
        copies = {"state": other, "deepcopy": copy.deepcopy(module), "file": torch.load(file, **options),
                  "pickle": pickle.loads(pickle.dumps(module)), "of": qmtl.torch.Head.of(module.head())}
        for name, made in copies.items():
            self.assertTrue(torch.equal(made(z), module(z)), name)
        with torch.no_grad():
            next(copies["deepcopy"].parameters()).add_(1)
        self.assertFalse(torch.equal(copies["deepcopy"](z), module(z)))
        double = copy.deepcopy(module).to(torch.float64)
        self.assertEqual({p.dtype for p in double.parameters()}, {torch.float64})
        self.assertEqual(double(z.double()).dtype, torch.float64)

    def test_a_checkpoints_head_goes_on_in_torch(self):
        x, y, split = door.points()
        model = qmtl.train(x, y, TASKS, door.CONFIG, split=split)
        with tempfile.TemporaryDirectory() as folder:
            model.save(f"{folder}/model.h5")
            module = qmtl.torch.Head.load(f"{folder}/model.h5", dtype=torch.float64)
        for name, values in model.tensors.items():
            if name.startswith("head."):
                np.testing.assert_array_equal(getattr(module, name[5:]).detach().numpy(), values)

    def test_batches_of_any_kind(self):
        module = head_of()
        z = torch.randn(6, module.width)
        expected = module(z)
        wide = torch.zeros(12, 2 * module.width)
        wide[::2, ::2] = z
        self.assertTrue(torch.equal(module(wide[::2, ::2]), expected))
        self.assertTrue(torch.equal(module(z.t().contiguous().t()), expected))
        self.assertTrue(torch.equal(module(z[0]), expected[0]))
        for a, b in zip(gradients_of(module, z), gradients_of(module, wide[::2, ::2])):
            self.assertTrue(torch.equal(a, b))
        empty = gradients_of(module, z[:0])
        self.assertEqual(list(module(z[:0]).shape), [0, 5])
        self.assertTrue(all(not g.any() for g in empty))
        for dtype in (torch.float16, torch.bfloat16):
            low = z.to(dtype).requires_grad_()
            logits = module(low)
            self.assertEqual(logits.dtype, torch.float32)
            self.assertTrue(torch.equal(logits, module(low.float())))
            logits.sum().backward()
            self.assertEqual(low.grad.dtype, dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            self.assertEqual(module(z).dtype, torch.float32)
        self.assertTrue(torch.isnan(module(z * float("nan"))).any())

    def test_a_frozen_head_and_a_frozen_backbone(self):
        module = head_of()
        z = torch.randn(4, module.width)
        module(z).sum().backward()
        self.assertTrue(all(p.grad is not None for p in module.parameters()))
        module.requires_grad_(False)
        self.assertFalse(module(z).requires_grad)
        z.requires_grad_()
        module(z).sum().backward()
        self.assertIsNotNone(z.grad)
        with torch.no_grad():
            self.assertFalse(module(z).requires_grad)

    def test_two_forwards_before_the_backwards_keep_their_parameters(self):
        module = head_of()
        z = torch.randn(4, module.width, requires_grad=True)
        alone = gradients_of(module, z.detach())[0]
        first = module(z).square().sum()
        with torch.no_grad():
            for p in module.parameters():
                p.add_(0.5)
        module(z.detach())
        first.backward()
        self.assertTrue(torch.equal(z.grad, alone))

    def test_what_is_wrong_is_named(self):
        module = head_of()
        for z, kind, words in ((torch.zeros(2, 5), ValueError, r"\[\.\.\., 4\], found \[2, 5\]"),
                               (torch.tensor(1.0), ValueError, r"found \[\]"),
                               (torch.zeros(2, 4, dtype=torch.int64), TypeError, "int64"),
                               (torch.zeros(2, 4, dtype=torch.complex64), TypeError, "complex64")):
            with self.assertRaisesRegex(kind, words):
                module(z)
        z = torch.randn(2, 4, requires_grad=True)
        slope, = torch.autograd.grad(module(z).square().sum(), z, create_graph=True)
        with self.assertRaisesRegex(NotImplementedError, "first derivatives only"):
            slope.sum().backward()

    def test_torch_compile_gives_the_same_bits_as_one_graph(self):
        if not hasattr(torch, "compile") or not hasattr(torch.library, "custom_op"):
            self.skipTest(f"torch {torch.__version__} has no torch.compile with custom operators")
        module = head_of()
        compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
        for rows in (4, 7):
            z = torch.randn(rows, module.width)
            self.assertTrue(torch.equal(compiled(z), module(z)))
            for a, b in zip(gradients_of(module, z), gradients_of(compiled, z)):
                # The graph may add the slopes of shared inputs in another order.
                torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
        z = torch.randn(3, module.width, requires_grad=True)
        flat = torch.cat([p.reshape(-1) for p in module.parameters()]).double().detach().requires_grad_()
        torch.library.opcheck(torch.ops.qmtl.head.default, (z, flat, torch.empty(0, dtype=torch.int64), module._engine.handle))
        noisy = torch.compile(noisy_head(), backend="aot_eager", fullgraph=True)
        logits = noisy(z)
        self.assertFalse(torch.equal(logits, noisy(z)))
        logits.sum().backward()
        self.assertTrue(torch.equal(noisy.eval()(z), noisy_head().eval()(z)))

    def test_training_mode_has_shot_noise_and_evaluation_none(self):
        module = noisy_head()
        z = torch.randn(2000, module.width, generator=torch.Generator().manual_seed(0))
        torch.manual_seed(5)
        noisy = module(z)
        torch.manual_seed(5)
        self.assertTrue(torch.equal(module(z), noisy))
        self.assertFalse(torch.equal(module(z), noisy))
        exact = module.eval()(z)
        self.assertTrue(torch.equal(module(z), exact))
        # Another plan may be the best where second moments are needed: roundings of float32.
        torch.testing.assert_close(exact, qmtl.torch.Head("side", HEADS["qmtl"], seed=2)(z), rtol=1e-5, atol=1e-5)
        # A mean of 2,000 errors, each at most of deviation 4 / 0.3 / 10: five standard errors.
        self.assertLess(abs(float((noisy - exact).mean())), 5 * 4 / 0.3 / 10 / 2000**0.5)
        self.assertGreater(float((noisy - exact).abs().mean()), 0.1)
        # The noise is an error of the logits alone: a loss that is linear in them has the slopes of expectations.
        linear = [torch.autograd.grad(m(z).sum(), [m.shared, m.block]) for m in (module.train(), module.eval())]
        for one, two in zip(*linear):
            self.assertTrue(torch.equal(one, two))
        # A scale multiplies what was measured.
        torch.manual_seed(5)
        slope, = torch.autograd.grad(module.train()(z).sum(), module.scale)
        torch.testing.assert_close(slope * module.scale, (noisy - module.bias).sum().reshape(1), rtol=1e-4, atol=1e-2)

    def test_training_mode_computes_on_a_noisy_device(self):
        for name, config in DEVICE_HEADS.items():
            with self.subTest(head=name):
                module = qmtl.torch.Head(TASKS, config, seed=2, dtype=torch.float64, noise=DEVICE)
                z = torch.randn(3, module.width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
                circuit = module.head().circuit()
                expected = circuit.logits([noisy_expectations(circuit, row) for row in circuit.angles(z.numpy())])
                # Some hundred roundings of double of numbers up to the scale 4 / 0.3.
                np.testing.assert_allclose(module(z).detach().numpy(), expected, atol=1e-11)
                single = module(z.float()).detach()
                # The angles are float32, of slopes up to 4 / 0.3.
                np.testing.assert_allclose(single.numpy(), expected, atol=2e-5)
                quiet = module.eval()(z)
                self.assertTrue(torch.equal(quiet, qmtl.torch.Head(TASKS, config, seed=2, dtype=torch.float64)(z)))
                self.assertGreater(float((quiet.detach() - torch.from_numpy(expected)).abs().max()), 0.1)

                module.train()
                own = dict(module.named_parameters())

                def logits(z, *values):
                    for key, value in zip(own, values):
                        module._parameters.pop(key, None)
                        setattr(module, key, value)
                    return module(z)

                values = [p.detach().clone().requires_grad_() for p in own.values()]
                self.assertTrue(torch.autograd.gradcheck(logits, (z.requires_grad_(), *values)))

    def test_a_device_goes_with_the_module_and_not_with_the_model(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/device.toml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(DEVICE_TOML)
            module = qmtl.torch.Head("side", HEADS["qmtl"], seed=2, noise=path)
            module.head().model().save(f"{folder}/model.h5")
            self.assertFalse(qmtl.torch.Head.load(f"{folder}/model.h5")._engine.noisy)
            again = qmtl.torch.Head.load(f"{folder}/model.h5", noise=DEVICE)
        z = torch.randn(4, module.width)
        self.assertFalse(torch.equal(module(z), qmtl.torch.Head("side", HEADS["qmtl"], seed=2)(z)))
        file = io.BytesIO()
        torch.save(module, file)
        file.seek(0)
        options = {"weights_only": False} if torch.__version__ >= "2" else {}
        for made in (again, copy.deepcopy(module), torch.load(file, **options), qmtl.torch.Head.of(module.head())):
            self.assertTrue(torch.equal(made(z), module(z)))
        state = torch.get_rng_state()  # a device alone takes no random numbers
        module(z)
        self.assertTrue(torch.equal(torch.get_rng_state(), state))
        if hasattr(torch.library, "custom_op"):
            compiled = torch.compile(copy.deepcopy(module), backend="aot_eager", fullgraph=True)
            self.assertTrue(torch.equal(compiled(z), module(z)))

    def test_shots_on_a_noisy_device_scatter_about_its_expectations(self):
        config = {**HEADS["qmtl"], "train": {"shots": 100}}
        module = qmtl.torch.Head("side", config, seed=2, dtype=torch.float64, noise=DEVICE)
        z = torch.randn(1, module.width, dtype=torch.float64).expand(4000, -1)
        mean = qmtl.torch.Head("side", HEADS["qmtl"], seed=2, dtype=torch.float64, noise=DEVICE)(z[:1]).item()
        torch.manual_seed(5)
        logits = module(z).detach()[:, 0]
        circuit = module.head().circuit()
        values = noisy_probabilities(circuit, circuit.angles(z[:1].numpy())[0], 0)
        signs = [sum(part["weight"][0]["factor"] * sign_of(bits, part["qubits"]) for part in circuit.blocks[0]["outputs"][0])
                 for bits in range(len(values))]
        deviation = np.sqrt((values @ np.square(signs) - (values @ signs) ** 2) / 100) * circuit.columns[0]["weights"][0]
        # Five standard errors of a mean and of a deviation of 4,000 normal numbers.
        self.assertLess(abs(float(logits.mean()) - mean), 5 * deviation / 4000**0.5)
        self.assertLess(abs(float(logits.std()) / deviation - 1), 5 / 8000**0.5)

    def test_a_device_that_cannot_be_is_refused(self):
        cases = [(dict(config=HEADS["mlp"], noise=DEVICE), qmtl.UsageError, "mlp"),
                 (dict(config={"circuit": {"qubits": 12, "entangler": "cx-ring", "layers": 2}, "block": {"placement": "global"}},
                       noise=DEVICE), qmtl.UsageError, "at most 8"),
                 (dict(config=HEADS["qmtl"], noise={"gate": [{"names": ["cq"], "channels": []}]}), qmtl.UsageError, "cq"),
                 (dict(config=HEADS["qmtl"], noise="/nowhere/device.toml"), qmtl.DataError, "/nowhere/device.toml"),
                 (dict(config=HEADS["qmtl"], noise=3), TypeError, "int")]
        for options, kind, words in cases:
            with self.subTest(words=words), self.assertRaisesRegex(kind, words):
                qmtl.torch.Head("side", **options)

    def test_parameters_of_any_dtype_have_slopes_of_theirs(self):
        z = torch.randn(4, 4)
        expected = gradients_of(head_of(dtype=torch.float64), z)
        for dtype in (torch.float16, torch.bfloat16, torch.float32):
            module = head_of(dtype=torch.float64)
            module.block.data = module.block.data.to(dtype)
            same = head_of(dtype=torch.float64)
            same.block.data = module.block.data.double()
            for one, two in zip(gradients_of(module, z), gradients_of(same, z)):
                torch.testing.assert_close(one, two.to(one.dtype), rtol=1e-6, atol=1e-6)
        self.assertEqual([g.dtype for g in expected[1:]], [torch.float64] * (len(expected) - 1))

    def test_ten_thousand_steps_and_failures_leave_no_memory_behind(self):
        module = head_of()
        z = torch.randn(4, module.width, requires_grad=True)

        def steps(count):
            for _ in range(count):
                module.zero_grad(set_to_none=True)
                z.grad = None
                module(z).sum().backward()
                module(z)  # whose backward never comes
                try:
                    module(z[:, :3])
                except ValueError:
                    pass

        grown, resident = door.growth(steps)
        # A lost call would be some 200 bytes of Python, 2 MB in all, and a lost tensor as much outside.
        self.assertLess(grown, 20000)
        self.assertLess(resident, 4000)

    def test_heads_in_threads_do_not_disturb_each_other(self):
        modules = [head_of(), head_of("uploads"), head_of()]
        inputs = [torch.randn(40, module.width) for module in modules]
        expected = [gradients_of(module, z) for module, z in zip(modules, inputs)]
        wrong = []

        def work(which):
            for _ in range(50):
                if not all(map(torch.equal, gradients_of(modules[which], inputs[which]), expected[which])):
                    wrong.append(which)

        threads = [threading.Thread(target=work, args=(which,)) for which in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_what_was_computed_outlives_what_it_came_from(self):
        module = head_of()
        z = torch.randn(300, module.width)
        expected = module(z).detach().clone()
        logits = module(z.clone()).detach()
        array = module.head()(z.clone().numpy())
        del module
        gc.collect()
        torch.randn(100000)  # takes the memory that was given back
        self.assertTrue(torch.equal(logits, expected))
        np.testing.assert_array_equal(array, expected.numpy())

    def test_two_processes_have_the_gradients_of_one(self):
        if not torch.distributed.is_available():
            self.skipTest("this torch has no torch.distributed")
        torch.manual_seed(0)
        z = torch.randn(8, 4)
        module = head_of(dtype=torch.float64)
        expected = gradients_of(module, z.double())[1:]
        with tempfile.TemporaryDirectory() as folder:
            ranks = [subprocess.Popen([sys.executable, __file__, "rank", str(rank), folder]) for rank in range(2)]
            self.assertEqual([process.wait(timeout=120) for process in ranks], [0, 0])
            for rank in range(2):
                found = torch.load(f"{folder}/{rank}.pt")
                for one, two in zip(found, expected):
                    # DDP averages what the ranks have; sums of float64 in another order.
                    torch.testing.assert_close(2 * one, two, rtol=1e-12, atol=1e-12)


def rank_of_two(rank, folder):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    z = torch.randn(8, 4)[4 * rank:4 * rank + 4]
    module = torch.nn.parallel.DistributedDataParallel(head_of(dtype=torch.float64))
    torch.save(gradients_of(module, z.double())[1:], f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    if sys.argv[1:2] == ["rank"]:
        rank_of_two(int(sys.argv[2]), sys.argv[3])
    else:
        unittest.main(verbosity=2)
