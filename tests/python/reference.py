#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tools/python/API.md holds what the package's docstrings say: it is compared with them, and `--write` writes it anew. Nothing of
the package needs to be built for that."""

import ast
import pathlib
import sys
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE, PAGE = ROOT / "tools" / "python" / "qmtl", ROOT / "tools" / "python" / "API.md"
# Module: what it has for its users, in the order of the page.
MODULES = {"head": ["Head"], "model": ["train", "run", "report", "Model", "Replay"], "circuits": ["Circuit"], "torch": ["Head", "QuantumCircuit"],
           "jax": ["head", "load", "Head"], "sklearn": ["QMTLClassifier", "QMTLRegressor"], "onnx": ["join", "tasks_of"],
           "metrics": ["read_metrics"], "threads": ["set_threads"], "doctor": ["doctor"], "errors": ["Error", "UsageError", "DataError",
                                                                                                    "EndpointError"]}
OWN = ("circuits", "torch", "jax", "sklearn", "onnx")  # imported by their names; the others are in `qmtl` itself


def text_of(node, indent=""):
    return textwrap.indent(ast.get_docstring(node) or "", indent)


def signature(node, name):
    arguments = ast.unparse(node.args).replace("self, ", "").replace("cls, ", "")
    if arguments in ("self", "cls"):
        arguments = ""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{name}({arguments}){returns}"


def is_property(node):
    return any(isinstance(mark, ast.Name) and mark.id == "property" for mark in node.decorator_list)


def members(node):
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and (inner.name == "__init__" or not inner.name.startswith("_")) \
                and not any("setter" in ast.unparse(mark) for mark in inner.decorator_list):
            yield inner


def page():
    lines = ["# API of the package qmtl", "",
             "Made of the docstrings by `tests/python/reference.py --write`. Arrays are NumPy's or anybody's with DLPack; angles come in",
             "radians; what goes wrong is one of the errors at the end.", ""]
    for module, names in MODULES.items():
        tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
        nodes = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        before = f"qmtl.{module}" if module in OWN else "qmtl"
        for name in names:
            node = nodes[name]
            lines += [f"## {before}.{name}", ""]
            if isinstance(node, ast.FunctionDef):
                lines += ["```python", signature(node, f"{before}.{name}"), "```", "```text", text_of(node), "```", ""]
                continue
            own = {inner.name: inner for inner in members(node)}
            if "__init__" in own and own["__init__"].args.args[1:]:
                lines += ["```python", signature(own["__init__"], f"{before}.{name}").replace(" -> None", ""), "```"]
            if text_of(node):
                lines += ["```text", text_of(node), "```"]
            lines.append("")
            for inner in own.values():
                if inner.name == "__init__" or not text_of(inner):
                    continue
                lines += [f"- **`{inner.name}`**, a property" if is_property(inner) else f"- `{signature(inner, inner.name)}`",
                          "  ```text", text_of(inner, "  "), "  ```"]
            lines.append("")
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


class Page(unittest.TestCase):
    def test_the_page_says_what_the_docstrings_say(self):
        self.assertEqual(PAGE.read_text(encoding="utf-8"), page(), "run tests/python/reference.py --write")

    def test_every_public_part_has_a_docstring(self):
        for module in MODULES:
            tree = ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
            for node in tree.body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name in MODULES[module]:
                    self.assertGreater(len(text_of(node)), 20, f"{module}.{node.name}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        unittest.main(verbosity=2)
