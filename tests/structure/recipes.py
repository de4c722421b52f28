#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Performs each recipe for "one more of a kind": applies recipes/NAME.patch to copies of the files that it touches and
compiles what its line "Compiles:" names, with the flags of the build. Prints how many files each touches and compares
that with the table in CONTRIBUTING.md: more than its goal, or another number than it says, is a failure.

--long also builds the whole program in a scratch tree with all of the patches and uses what they add.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROW = re.compile(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \| (.*) \|$", re.MULTILINE)


def run(command, **more):
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, **more)


class Failure(Exception):
    pass


class Recipe:
    """A patch with a sentence, the line "Compiles: files" and the changes."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        text = path.read_text()
        named = re.search(r"^Compiles: (.+)$", text, re.MULTILINE)
        if not named:
            raise Failure(f"{path}: expected a line 'Compiles: files', found none")
        self.compiles = named.group(1).split()
        self.files = re.findall(r"^\+\+\+ b/(\S+)$", text, re.MULTILINE)
        # A test of what is new comes on top.
        self.program = [name for name in self.files if not name.startswith("tests/")]

    def apply(self, tree):
        applied = run(["patch", "-p1", "--no-backup-if-mismatch", "-i", self.path], cwd=tree)
        if applied.returncode:
            raise Failure(
                f"{self.path}: expected a patch that applies, found one that does not:\n{applied.stdout}"
                f"The files have changed under the recipe. Make the change by hand (the patch shows which), and write\n"
                f"`git diff` over the patch, below its line 'Compiles:'; if it now takes more files, mend the rows first.")


class Flags:
    """The build's compiler flags for a file, or for a new file of its folder."""

    def __init__(self, build, root):
        self.root = root
        self.entries = {}
        for entry in json.loads((build / "compile_commands.json").read_text()):
            path = pathlib.Path(entry["file"])
            inside = [path]
            if path.parent.name == "Unity":
                inside = [pathlib.Path(name) for name in re.findall(r'#include "(.+)"', path.read_text())]
            for source in inside:
                if source.is_relative_to(root):
                    self.entries.setdefault(str(source.relative_to(root)), entry)

    def of(self, file):
        folder = os.path.dirname(file)
        entry = self.entries.get(file) or next(
            (entry for known, entry in self.entries.items() if os.path.dirname(known) == folder), None)
        if not entry:
            raise Failure(f"{file}: expected its folder among the build's compile commands, found none of its files")
        words, skip = [], False
        for word in shlex.split(entry["command"]):
            if skip:
                skip = False
            elif word in ("-o", "-MT", "-MF", "-include"):
                skip = True  # a precompiled header stands for the tree as it was
            elif word.startswith("-O") or word in ("-c", "-MD", "-Winvalid-pch", entry["file"]) or word.endswith("ccache"):
                pass
            else:
                words.append(word)
        return words, entry["directory"]


def copy(root, tree, names):
    for name in names:
        if (root / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, tree / name)


def perform(recipe, root, flags, scratch):
    tree = scratch / recipe.name
    tree.mkdir()
    copy(root, tree, set(recipe.files) | set(recipe.compiles))
    recipe.apply(tree)
    for file in recipe.compiles:
        words, folder = flags.of(file)
        # The copies come first; all else is found in the tree itself.
        command = [words[0], f"-I{tree}", *words[1:], f"-I{root}", "-fsyntax-only", tree / file]
        compiled = run(command, cwd=folder)
        if compiled.returncode:
            raise Failure(f"{recipe.path}: expected {file} to compile after the recipe, found:\n{compiled.stderr[:4000]}"
                          "What the recipe's room says is no longer enough: mend the room, or the recipe.")


def goals(root):
    """kind -> (files, at most) by the table of CONTRIBUTING.md."""
    text = (root / "CONTRIBUTING.md").read_text()
    return {kind: (int(files), int(most)) for kind, files, most, _ in ROW.findall(text)}


def compare(recipes, table):
    """The table's lines, and what is wrong with them."""
    lines, wrong = [], []
    for recipe in recipes:
        if recipe.name not in table:
            wrong.append(f"CONTRIBUTING.md: expected a row for '{recipe.name}' in the table of recipes, found none")
            continue
        said, most = table[recipe.name]
        found = len(recipe.program)
        lines.append(f"{recipe.name:12} {found:5} {most:7}   {' '.join(recipe.program)}")
        if found > most:
            wrong.append(f"{recipe.name}: expected at most {most} files, found {found}: {', '.join(recipe.program)}")
        if found != said:
            wrong.append(f"CONTRIBUTING.md: expected {found} files in the row '{recipe.name}', found {said}")
    for kind in set(table) - {recipe.name for recipe in recipes}:
        wrong.append(f"{HERE}/recipes: expected {kind}.patch for the row of CONTRIBUTING.md, found none")
    return lines, wrong


CONFIG = """
[data]
file = "{data}"
[branch.x]
layers = [{{ type = "scale", factor = 2.0 }}, {{ type = "dense", width = 6 }}]
[head]
kind = "{head}"
width = 4
[circuit]
qubits = 4
entangler = "cz-all"
[train]
epochs = 2
optimiser = "sign"
averaging = 0.5
learning_rate = 0.01
[task.small]
metric = "specificity"
[task.sum]
loss = "absolute_error"
[run]
folder = "{folder}"
"""
IMPORT = """
file = "table.csv"
[input.x]
columns = ["a", "b"]
[task.small]
column = "small"
kind = "binary"
[task.sum]
column = "sum"
kind = "regression"
[split]
fractions = [0.6, 0.2, 0.2]
"""


def use_all(recipes, root, scratch, jobs):
    """Builds the program with all recipes at once, and uses each."""
    tree = scratch / "tree"
    listed = run(["git", "ls-files"], cwd=root, check=True).stdout.split("\n")
    copy(root, tree, [name for name in listed if name])
    for recipe in recipes:
        recipe.apply(tree)
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "build/release", "-j", jobs, "--target", "qmtl", "test_circuit"]):
        built = run(command, cwd=tree)
        if built.returncode:
            raise Failure(f"expected the tree with all recipes to build, found:\n{(built.stdout + built.stderr)[-6000:]}")
    work = scratch / "work"
    work.mkdir()
    program = tree / "build/release/qmtl"

    def call(*arguments):
        done = run([program, *arguments], cwd=work)
        if done.returncode:
            raise Failure(f"qmtl {' '.join(arguments)}: expected success, found:\n{done.stderr}")
        return done.stdout

    rows = [(i % 7 / 3 - 1, i % 5 / 2 - 1) for i in range(120)]
    (work / "table.csv").write_text(
        "a,b,small,sum\n" + "".join(f"{a:.4f},{b:.4f},{int(a + b < 0)},{a + b:.4f}\n" for a, b in rows))
    (work / "import.toml").write_text(IMPORT)
    call("import", "import.toml", "--out", "data.h5")
    for head in ("mean", "qmtl"):
        (work / f"{head}.toml").write_text(CONFIG.format(data="data.h5", head=head, folder=f"run-{head}"))
        call("train", f"{head}.toml")
        scores = json.loads(call("eval", f"run-{head}", "--json"))
        if scores["tasks"]["small"]["metric"] != "specificity":
            raise Failure(f"qmtl eval: expected the metric specificity, found {scores}")
    call("export", "run-mean", "--to", "onnx", "--out", "mean.onnx")
    call("export", "run-mean", "--to", "parameters", "--out", "parameters.csv")
    if "head.scale,0," not in (work / "parameters.csv").read_text():
        raise Failure("qmtl export --to parameters: expected a line of head.scale, found none")
    call("replay", "run", "run-qmtl", "--endpoint", "zeros", "--shots", "10")
    if "ghz-chain" not in call("presets"):
        raise Failure("qmtl presets: expected ghz-chain")
    if "cz-all" not in call("entanglers"):
        raise Failure("qmtl entanglers: expected cz-all")
    (work / "circuit.json").write_text(
        json.dumps({"qubits": 2, "ops": [["rxy", 0, 1, 1.5707963267948966]], "measure": [0, 1]}))
    (work / "noise.toml").write_text("")
    print(call("noise", "circuit.json", "--noise", "noise.toml").strip())
    tested = run([tree / "build/release/tests/test_circuit"])
    if tested.returncode:
        raise Failure(f"test_circuit: expected it to pass with all recipes, found:\n{tested.stdout[-4000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=HERE.parent.parent)
    parser.add_argument("--build", type=pathlib.Path, help="default: build/release of the root")
    parser.add_argument("--long", action="store_true", default="QMTL_LONG" in os.environ)
    parser.add_argument("--jobs", default=str(os.cpu_count()))
    options = parser.parse_args()
    root = options.root.resolve()
    build = (options.build or root / "build/release").resolve()
    wrong = []
    try:
        recipes = [Recipe(path) for path in sorted((HERE / "recipes").glob("*.patch"))]
        if not recipes:
            raise Failure(f"{HERE}/recipes: expected patches, found none")
        lines, wrong = compare(recipes, goals(root))
        print(f"{'one more':12} files at most\n" + "\n".join(lines), flush=True)
        flags = Flags(build, root)
        with tempfile.TemporaryDirectory() as scratch:
            for recipe in recipes:
                try:
                    perform(recipe, root, flags, pathlib.Path(scratch))
                except Failure as failure:
                    wrong.append(str(failure))
            if options.long and not wrong:
                use_all(recipes, root, pathlib.Path(scratch), options.jobs)
    except Failure as failure:
        wrong.append(str(failure))
    for message in wrong:
        print(message, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
