# SPDX-License-Identifier: Apache-2.0
"""The head as a torch module: backbone, loss and optimiser are yours."""

from __future__ import annotations

import copy
import os
from typing import Any

import torch
from torch import Tensor

from .configuration import Config, NoiseFile, Tasks, task_slices
from .engine import Engine, Noise, engines
from .head import Head as CoreHead


class _Call:
    """What a forward pass leaves for its backward pass: the head, the parameters' values as they were and the noise."""

    __slots__ = ("engine", "flat", "noise", "parameters")

    def __init__(self, engine: Engine, noise: Noise, parameters: Any) -> None:
        self.engine, self.noise, self.parameters = engine, noise, parameters
        # Not the tensors: whatever becomes of them, the slopes are those of the values that made the logits.
        self.flat = _flat(engine, parameters)

    def logits(self, z: Tensor) -> Tensor:
        double = z.dtype == torch.float64
        rows, count = z if z.is_contiguous() else z.contiguous(), z.shape[0]
        logits = rows.new_empty((count, self.engine.outputs))
        # Addresses: a way through NumPy would cost as much as a small head.
        self.engine.precise(double).forward_at(rows.data_ptr(), count, double, self.flat, logits.data_ptr(), self.noise)
        return logits

    def slopes(self, z: Tensor, cotangents: Tensor) -> tuple[Tensor, ...]:
        double = z.dtype == torch.float64
        rows = z if z.is_contiguous() else z.contiguous()
        if cotangents.dtype != z.dtype or not cotangents.is_contiguous():
            cotangents = cotangents.to(z.dtype).contiguous()
        dz, parameters = torch.empty_like(rows), self.parameters
        dtype = parameters[0].dtype
        same = dtype in _exact and all(_plain(p, dtype) for p in parameters)
        if not same:  # through float64, each to its own dtype and device
            dtype = torch.float64
        parts = [torch.empty_like(p) if same else torch.empty(p.shape, dtype=dtype) for p in parameters]
        self.engine.precise(double).vjp_at(rows.data_ptr(), z.shape[0], double, self.flat, cotangents.data_ptr(), dz.data_ptr(),
                                           [part.data_ptr() for part in parts], dtype == torch.float64, self.noise)
        return (dz, *(parts if same else (part.to(p) for part, p in zip(parts, parameters))))


_exact = (torch.float32, torch.float64)


def _plain(tensor: Tensor, dtype: torch.dtype) -> bool:
    """Whether the extension can read its numbers where they lie."""
    return tensor.dtype == dtype and tensor.is_contiguous() and tensor.device.type == "cpu"


def _flat(engine: Engine, parameters: Any) -> Any:
    """All numbers of the parameters, float64 on the host."""
    dtype = parameters[0].dtype
    if dtype in _exact and all(_plain(p, dtype) for p in parameters):
        return engine.precise(True).gather([p.data_ptr() for p in parameters], dtype == torch.float64)
    return _joined(parameters).detach().numpy()


def _joined(parameters: Any) -> Tensor:
    return torch.cat([p.reshape(-1) for p in parameters]).to("cpu", torch.float64)


class _Slopes(torch.autograd.Function):
    """The backward pass where somebody wants to differentiate it."""

    @staticmethod
    def forward(ctx: Any, call: _Call, z: Tensor, cotangents: Tensor, *parameters: Tensor) -> Any:
        return call.slopes(z, cotangents)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        raise NotImplementedError("qmtl.torch.Head has first derivatives only: expected a loss without second ones "
                                  "(create_graph, gradient penalties, Hessians) through the head")


class _Logits(torch.autograd.Function):
    """Takes the parameters one by one: joining them by operations of torch would cost as much as a small head."""

    @staticmethod
    def forward(ctx: Any, call: _Call, z: Tensor, *parameters: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        ctx.call = call
        return call.logits(z)

    @staticmethod
    def backward(ctx: Any, cotangents: Tensor) -> Any:
        z, = ctx.saved_tensors
        if torch.is_grad_enabled():
            return (None, *_Slopes.apply(ctx.call, z, cotangents, *ctx.call.parameters))
        return (None, *ctx.call.slopes(z, cotangents))


# torch.compile takes an operator as it is; in plain Python the function above costs less a call. `noise` is int64: seed and
# step, or empty.
_operator: Any = None
if hasattr(torch.library, "custom_op"):
    def _noise_of(noise: Tensor) -> Noise:
        return None if noise.numel() == 0 else (int(noise[0]), int(noise[1]))

    @torch.library.custom_op("qmtl::head", mutates_args=(), schema="(Tensor z, Tensor flat, Tensor noise, int handle) -> Tensor")
    def _head_operator(z: Tensor, flat: Tensor, noise: Tensor, handle: int) -> Tensor:
        return torch.from_numpy(engines[handle].forward(z.detach().numpy(), flat.detach().numpy(), _noise_of(noise)))

    @torch.library.custom_op("qmtl::head_vjp", mutates_args=(),
                             schema="(Tensor z, Tensor flat, Tensor noise, Tensor cotangents, int handle) -> (Tensor, Tensor)")
    def _vjp_operator(z: Tensor, flat: Tensor, noise: Tensor, cotangents: Tensor, handle: int) -> tuple[Tensor, Tensor]:
        dz, dflat = engines[handle].vjp(z.detach().numpy(), flat.detach().numpy(), cotangents.detach().numpy(), _noise_of(noise))
        return torch.from_numpy(dz), torch.from_numpy(dflat)

    @_head_operator.register_fake
    def _logits_like(z: Tensor, flat: Tensor, noise: Tensor, handle: int) -> Tensor:
        return z.new_empty((z.shape[0], engines[handle].outputs))

    @_vjp_operator.register_fake
    def _slopes_like(z: Tensor, flat: Tensor, noise: Tensor, cotangents: Tensor, handle: int) -> tuple[Tensor, Tensor]:
        return z.new_empty(z.shape), flat.new_empty(flat.shape)

    def _setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs[:3])
        ctx.handle = inputs[3]

    def _backward(ctx: Any, cotangents: Tensor) -> Any:
        return (*_vjp_operator(*ctx.saved_tensors, cotangents.contiguous(), ctx.handle), None, None)

    _head_operator.register_autograd(_backward, setup_context=_setup)
    _operator = _head_operator


def _compiling() -> bool:
    return _operator is not None and torch.compiler.is_compiling()


_seeds = 2**31  # of shot noise, by torch's generator


class Head(torch.nn.Module):
    """z [..., width] to the logits [..., outputs] of all tasks, or with as_dict=True to {task: [..., outputs of the
    task]}. Slopes are exact; the parameters are tensors by the library's names: `shared`, `block`, `scale`, ...

    tasks, config, seed: as for qmtl.Head. dtype: of the parameters; None: torch's default. noise: a device's noise, as
    qmtl.Head.with_noise takes it.

    float64 z is computed in float64, any other floating-point z in float32 (half, bfloat16, under autocast), and
    the logits have that dtype. Empty batches and any strides do. Tensors of a device are copied to the host and the
    logits back. In training mode (`train()`) the circuit runs on the device of `noise`, by density matrices, and with
    train.shots in the configuration logits have the shot noise of so many measurements there, a normal of each readout's
    variance drawn by torch's generator (`torch.manual_seed`); after `eval()` they are exact and without noise. Slopes are
    those of the expectations, exact through the device's noise. torch.compile keeps the head as one operator;
    `copy.deepcopy`, `torch.save`, `state_dict` and distributed data parallel work as for other modules.

    Raises ValueError for another last extent of z, TypeError for z without a floating point; a second derivative
    raises NotImplementedError. UsageError: as qmtl.Head.
    """

    def __init__(self, tasks: Tasks, config: Config = None, *, seed: int = 1, as_dict: bool = False,
                 dtype: torch.dtype | None = None, noise: NoiseFile | None = None) -> None:
        super().__init__()
        head = CoreHead(tasks, config, seed=seed)
        self._fill(head if noise is None else head.with_noise(noise), as_dict, dtype)

    @classmethod
    def of(cls, head: CoreHead, *, as_dict: bool = False, dtype: torch.dtype | None = None) -> Head:
        """The module of a qmtl.Head, with its parameters and, of with_noise, its device."""
        module = cls.__new__(cls)
        torch.nn.Module.__init__(module)
        module._fill(head, as_dict, dtype)
        return module

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, as_dict: bool = False, dtype: torch.dtype | None = None,
             noise: NoiseFile | None = None) -> Head:
        """The trained head of a checkpoint, or of a run folder's best one. Raises DataError naming the file."""
        head = CoreHead.load(path)
        return cls.of(head if noise is None else head.with_noise(noise), as_dict=as_dict, dtype=dtype)

    def _fill(self, head: CoreHead, as_dict: bool, dtype: torch.dtype | None) -> None:
        self.as_dict = as_dict
        self._engine = Engine(head)
        self._slices = task_slices(head.tasks)
        self._names = {}
        for name, values in head.tensors.items():
            # A dot would be a module of its own.
            own = name[len("head."):].replace(".", "_") if name.startswith("head.") else name.replace(".", "_")
            self._names[own] = name
            values = torch.as_tensor(values, dtype=dtype or torch.get_default_dtype()).clone()
            self.register_parameter(own, torch.nn.Parameter(values))

    @property
    def width(self) -> int:
        """Last extent of z; for heads with a circuit its angles."""
        return self._engine.width

    @property
    def outputs(self) -> int:
        """Last extent of the logits, task after task."""
        return self._engine.outputs

    def head(self) -> CoreHead:
        """A qmtl.Head with this module's parameters as they are now; `.model().save(path)` makes a checkpoint of it."""
        head = copy.deepcopy(self._engine.head)
        head.set_tensors({name: getattr(self, own).detach().cpu().double().numpy()
                          for own, name in self._names.items()})
        return head

    def forward(self, z: Tensor) -> Any:
        engine = self._engine
        if z.dim() == 0 or z.shape[-1] != engine.width:
            raise ValueError(f"z: expected the shape [..., {engine.width}], found {list(z.shape)}")
        if not z.is_floating_point():
            raise TypeError(f"z: expected a floating point, found {z.dtype}")
        dtype = torch.float64 if z.dtype == torch.float64 else torch.float32
        own = self._parameters
        parameters = [own[name] if name in own else getattr(self, name) for name in self._names]
        rows = z if z.dim() == 2 else z.reshape(-1, engine.width)
        if rows.dtype != dtype or rows.device.type != "cpu":
            rows = rows.to("cpu", dtype)
        noise = None
        if self.training and engine.noisy:  # a device's expectations alone take no random numbers
            noise = torch.randint(0, _seeds, (2,)) if engine.shots > 0 else torch.zeros(2, dtype=torch.int64)
        if _compiling():
            given = torch.empty(0, dtype=torch.int64) if noise is None else noise
            logits = _operator(rows, _joined(parameters), given, engine.handle)
        else:
            draw = None if noise is None else (int(noise[0]), int(noise[1]))
            logits = _Logits.apply(_Call(engine, draw, parameters), rows, *parameters)
        if z.dim() != 2:
            logits = logits.reshape(*z.shape[:-1], engine.outputs)
        if z.device.type != "cpu":
            logits = logits.to(z.device)
        return {name: logits[..., part] for name, part in self._slices.items()} if self.as_dict else logits

    def extra_repr(self) -> str:
        return f"width={self.width}, outputs={self.outputs}, tasks=[{', '.join(self._slices)}]"


def _observable(observable: Any) -> str:
    """An observable in qmtl's words: a text as it is, or one of PennyLane by its Pauli representation."""
    if isinstance(observable, str):
        return observable
    sentence = getattr(observable, "pauli_rep", None)
    if sentence is None:
        raise TypeError(f"task_observables: expected texts such as 'X0 X1' or PennyLane's Pauli observables, found "
                        f"{observable!r}")
    terms = []
    for word, coefficient in sentence.items():
        number = complex(coefficient)
        if number.imag != 0:
            raise ValueError(f"task_observables: expected Hermitian observables, found {observable!r}")
        terms.append(" ".join([repr(number.real), *(f"{letter}{wire}" for wire, letter in word.items())]))
    return " + ".join(terms).replace("+ -", "- ")


class QuantumCircuit(torch.nn.Module):
    """The circuit of the method's published GLUE model, for scripts that import one of that signature: every task owns
    its qubits, z [B, encoding_layers * sum(tasks_qubits)] is encoded by that many layers of RX uploads, RZ and CZ
    between neighbours, and the expectations are the logits: no scale, no bias. Returns a list with a tensor
    [B, observables] for each task.

    tasks_qubits, layers_per_task: whole numbers, one for each task. task_observables: for each task a list of texts
    ("Z0", "X0 X1") or of PennyLane's Pauli observables on the task's own wires 0, 1, .... block: the layers of a
    task's own part, as dicts with the keys of [[task.NAME.layer]], each layers_per_task times; default RY on every
    qubit, and CZ between neighbours in front of all but the first. noise: of a device in training mode, as for Head.
    `circuit` is the qmtl.torch.Head inside, for saving.

    Raises ValueError for lists of different lengths; UsageError: as qmtl.Head.
    """

    def __init__(self, tasks_qubits: Any, layers_per_task: Any, task_observables: Any, encoding_layers: int = 3, *,
                 block: Any = None, seed: int = 1, dtype: torch.dtype | None = None, noise: NoiseFile | None = None) -> None:
        super().__init__()
        tasks_qubits, layers_per_task = list(tasks_qubits), list(layers_per_task)
        task_observables = [[_observable(o) for o in observables] for observables in task_observables]
        if not len(tasks_qubits) == len(layers_per_task) == len(task_observables):
            raise ValueError(f"expected tasks_qubits, layers_per_task and task_observables of one length, found "
                             f"{len(tasks_qubits)}, {len(layers_per_task)} and {len(task_observables)}")
        tasks, tables = {}, {}
        for number, (qubits, layers, observables) in enumerate(zip(tasks_qubits, layers_per_task, task_observables)):
            name, count = f"task{number}", len(observables)
            tasks[name] = {"kind": "multiclass" if count > 1 else "binary", "outputs": count}
            tables[name] = {"qubits": int(qubits), "observables": observables, "scale": 1.0, "bias": 0.0,
                            **_block_of(int(qubits), int(layers), block)}
        # Every task has a register of its own, so that the blocks' common size only has to fit.
        config = {"head": {"angle_map": "linear", "gain": 1.0}, "block": {"size": 1},
                  "circuit": {"preset": "glue9", "layers": int(encoding_layers)}, "task": tables}
        self.circuit = Head(tasks, config, seed=seed, dtype=dtype, noise=noise)

    def forward(self, z: Tensor) -> list[Tensor]:
        logits = self.circuit(z)
        return [logits[..., part] for part in self.circuit._slices.values()]


def _block_of(qubits: int, layers: int, block: Any) -> dict[str, Any]:
    if layers == 0:
        return {"bare": True}
    if block is not None:
        return {"layer": [dict(layer, repeat=1) for _ in range(layers) for layer in block]}
    entangled = {"entangler": "cz", "pattern": "line"} if qubits > 1 else None
    own: list[dict[str, Any]] = [{"gates": ["ry"]}]
    for _ in range(layers - 1):
        own += [*([entangled] if entangled else []), {"gates": ["ry"]}]
    return {"layer": own}
