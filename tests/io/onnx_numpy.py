# SPDX-License-Identifier: Apache-2.0
"""An ONNX reader and evaluator of its own in numpy: protobuf's wire format and the operators that qmtl writes, as the
ONNX specification (opset 13) defines them. Shares no code with the exporter or a protobuf library."""

import math
import struct

import numpy as np


def fields(data):
    """(field number, wire type, value) of a protobuf message: varints as integers, the rest as bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        number, wire = key >> 3, key & 7
        if wire == 0:
            yield number, wire, varint()
            continue
        size = {1: 8, 5: 4}.get(wire) or varint()
        yield number, wire, data[at:at + size]
        at += size


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def integers(values):
    """A repeated int64, packed or not."""
    found = []
    for wire, value in values:
        found += [signed(v) for v in unpack_varints(value)] if wire == 2 else [signed(value)]
    return found


def unpack_varints(data):
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0


class Message:
    def __init__(self, data):
        self.all = {}
        for number, wire, value in fields(data):
            self.all.setdefault(number, []).append((wire, value))

    def many(self, number):
        return [value for _, value in self.all.get(number, [])]

    def one(self, number, default=None):
        return self.many(number)[0] if number in self.all else default

    def text(self, number):
        return self.one(number, b"").decode()

    def texts(self, number):
        return [value.decode() for value in self.many(number)]

    def integers(self, number):
        return integers(self.all.get(number, []))


def tensor(data):
    message = Message(data)
    kind = {1: "<f4", 7: "<i8"}[message.one(2)]
    return message.text(8), np.frombuffer(message.one(9, b""), kind).reshape(message.integers(1))


def attribute(data):
    message = Message(data)
    kind = message.one(20)
    if kind == 1:
        return message.text(1), struct.unpack("<f", message.one(2))[0]
    return message.text(1), signed(message.one(3)) if kind == 2 else message.integers(8)


class Node:
    def __init__(self, data):
        message = Message(data)
        self.inputs, self.outputs, self.kind = message.texts(1), message.texts(2), message.text(4)
        self.attributes = dict(attribute(a) for a in message.many(5))


def value_info(data):
    """Name, element type, dimensions (texts are free ones)."""
    message = Message(data)
    kind = Message(Message(message.one(2)).one(1))
    dims = [Message(d) for d in Message(kind.one(2)).many(1)]
    return message.text(1), kind.one(1), [d.one(1) if 1 in d.all else d.text(2) for d in dims]


def windows(x, kernel, strides):
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, ::strides[0], ::strides[1]]


def pads(x, attributes):
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def reshape(x, shape):
    return x.reshape([x.shape[i] if extent == 0 else extent for i, extent in enumerate(shape)])


def pad_end(x, amounts, value=0.0):
    half = len(amounts) // 2
    return np.pad(x, [(int(amounts[i]), int(amounts[half + i])) for i in range(half)], constant_values=value)


OPERATORS = {
    "Identity": lambda a, x: x,
    "Add": lambda a, x, y: x + y,
    "Sub": lambda a, x, y: x - y,
    "Mul": lambda a, x, y: x * y,
    "Div": lambda a, x, y: x / y,
    "Abs": lambda a, x: np.abs(x),
    "Sign": lambda a, x: np.sign(x),
    "Equal": lambda a, x, y: x == y,
    "Less": lambda a, x, y: x < y,
    "Where": lambda a, condition, x, y: np.where(condition, x, y),
    "Sqrt": lambda a, x: np.sqrt(x),
    "Cos": lambda a, x: np.cos(x),
    "Sin": lambda a, x: np.sin(x),
    "Tanh": lambda a, x: np.tanh(x),
    "Atan": lambda a, x: np.arctan(x),
    "Erf": lambda a, x: np.vectorize(math.erf, otypes=[float])(x).astype(x.dtype),
    "Relu": lambda a, x: np.maximum(x, 0),
    "Softmax": lambda a, x: softmax(x, a["axis"]),
    "MatMul": lambda a, x, y: x @ y,
    "Gemm": lambda a, x, w, b=0: x @ w + b,
    "Gather": lambda a, x, indices: np.take(x, indices, axis=a.get("axis", 0)),
    "Concat": lambda a, *parts: np.concatenate(parts, axis=a["axis"]),
    "Reshape": lambda a, x, shape: reshape(x, shape),
    "Transpose": lambda a, x: np.transpose(x, a["perm"]),
    "Pad": lambda a, x, amounts, value=0.0: pad_end(x, amounts, value),
    "ReduceMax": lambda a, x: x.max(axis=tuple(a["axes"]), keepdims=True),
    "ReduceMean": lambda a, x: x.mean(axis=tuple(a["axes"]), keepdims=True),
    "ReduceSum": lambda a, x, axes: x.sum(axis=tuple(axes), keepdims=bool(a.get("keepdims", 1))),
    "Conv": lambda a, x, w, b: np.einsum("bchwij,ocij->bohw", windows(pads(x, a), a["kernel_shape"], a["strides"]), w)
    + b[:, None, None],
    "MaxPool": lambda a, x: windows(x, a["kernel_shape"], a["strides"]).max(axis=(4, 5)),
    "AveragePool": lambda a, x: windows(x, a["kernel_shape"], a["strides"]).mean(axis=(4, 5)),
    "GlobalMaxPool": lambda a, x: x.max(axis=(2, 3), keepdims=True),
    "GlobalAveragePool": lambda a, x: x.mean(axis=(2, 3), keepdims=True),
}


class Model:
    def __init__(self, path):
        with open(path, "rb") as file:
            message = Message(file.read())
        self.ir = message.one(1)
        self.opsets = {Message(o).text(1): Message(o).one(2) for o in message.many(8)}
        self.producer = message.text(2)
        self.metadata = {Message(m).text(1): Message(m).text(2) for m in message.many(14)}
        graph = Message(message.one(7))
        self.nodes = [Node(n) for n in graph.many(1)]
        self.constants = dict(tensor(t) for t in graph.many(5))
        self.inputs = [value_info(v) for v in graph.many(11)]
        self.outputs = [value_info(v) for v in graph.many(12)]

    def run(self, inputs, dtype=np.float32):
        """name -> array of every output, in float32 or (as a reference) float64."""
        def typed(x):
            return x.astype(dtype) if x.dtype == np.float32 else x
        values = {name: typed(x) for name, x in {**self.constants, **inputs}.items()}
        for node in self.nodes:
            operands = [values[name] for name in node.inputs]
            if node.kind == "Split":
                cuts = np.cumsum(operands[1])[:-1]
                results = np.split(operands[0], cuts, axis=node.attributes["axis"])
            else:
                results = [OPERATORS[node.kind](node.attributes, *operands)]
            for name, result in zip(node.outputs, results):
                assert name not in values, f"value {name} is written twice"
                values[name] = result
        return {name: values[name] for name, _, _ in self.outputs}
