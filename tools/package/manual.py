#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""manual.py PROGRAM FOLDER: a page in man's language for qmtl and for each of its commands, made of what --help prints."""

import pathlib
import re
import subprocess
import sys

# What lines of an option's description are indented by at least; the option itself stands two columns in.
DEEP = 8
# "-o [ --out ] FILE", "--progress-every SECONDS (=10)", "--importance [=REPEATS(=5)]", and what stands behind.
OPTION = re.compile(r"((?:-\w \[ --[\w-]+ \]|--[\w-]+)(?: \[=[^]]*\]| [A-Z][^ ]*| arg)?(?: \(=[^ ]*\))?) *(.*)")


def printed(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return "\n".join("\\&" + line if line.startswith(".") else line for line in text.split("\n"))


def bold(text):
    return f".B {escaped(text)}"


def running(text):
    """Sentences fill lines; indented lines, which are tables, stay as they are."""
    out, table = [], False
    for line in text.split("\n"):
        indented = line.startswith("  ")
        if indented != table:
            out.append(".RS\n.nf" if indented else ".fi\n.RE")
            table = indented
        out.append(escaped(line.removeprefix("  ") if indented else line) if line.strip() else ".PP")
    if table:
        out.append(".fi\n.RE")
    return out


def options_of(block):
    """[option as printed, description] of a block of Boost's option list."""
    found = []
    for line in block.split("\n"):
        if not line.strip():
            continue
        if len(line) - len(line.lstrip()) < DEEP:
            found.append(list(OPTION.fullmatch(line.strip()).groups()))
        elif found:
            found[-1][1] += " " + line.strip()
    return found


def option_list(block):
    out = []
    for option, told in options_of(block):
        # "-o [ --out ] FILE" is -o, --out FILE
        names = re.sub(r"^(-\w) \[ (--[\w-]+) \]", r"\1, \2", option)
        out += [".TP", bold(names), escaped(told.strip())]
    return out


def page(name, version, summary, sections):
    lines = [f'.TH "{name.upper()}" 1 "" "qmtl {version}" "qmtl"', ".SH NAME", f"{escaped(name)} \\- {escaped(summary)}"]
    for title, body in sections:
        lines += [f".SH {title}", *body]
    return "\n".join(line for line in lines if line) + "\n"


def parts_of(text):
    """Usage, description, and the titled blocks behind them."""
    usage, rest = text.split("\n\n", 1)
    blocks = re.split(r"\n(?=(?:Options of [\w ]+|Common options|Example|Commands):\n)", "\n" + rest)
    titled = [block.split("\n", 1) for block in blocks[1:]]
    return usage, blocks[0].strip("\n"), {title.rstrip(":"): body.rstrip() for title, body in titled}


def command_page(program, version, command, summary, others):
    usage, told, blocks = parts_of(printed(program, command, "--help"))
    sections = [("SYNOPSIS", [".nf", *[escaped(line.removeprefix("Usage:").strip()) for line in usage.split("\n")], ".fi"]),
                ("DESCRIPTION", running(told))]
    for title, body in blocks.items():
        if title == "Example":
            sections.append(("EXAMPLES", [".nf", *[escaped(line.removeprefix("  ")) for line in body.split("\n")], ".fi"]))
        else:
            sections.append((title.replace("Options of", "OPTIONS OF").upper(), option_list(body)))
    sections.append(("SEE ALSO", [", ".join(f"\\fB{escaped(other)}\\fR(1)" for other in others)]))
    return page(f"qmtl-{command}", version, summary, sections)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: manual.py PROGRAM FOLDER")
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    text = printed(program, "--help")
    version = printed(program, "--version").strip()
    commands = re.findall(r"^  ([a-z]+) +(\S.*)$", text, re.MULTILINE)
    if not commands:
        sys.exit(f"manual.py: expected a list of commands in {program} --help, found none")
    head, exits = re.search(r"^qmtl \S+: (.*)$", text, re.MULTILINE).group(1), re.search(r"Exit codes: ((?:.|\n)*)\.\n", text).group(1)
    listed = [line for name, summary in commands for line in (".TP", f"\\fBqmtl\\-{name}\\fR(1)", escaped(summary))]
    sections = [("SYNOPSIS", ["\\fBqmtl\\fR \\fICOMMAND\\fR [arguments] [options]"]),
                ("DESCRIPTION", ["One model for many tasks, with a small quantum circuit in place of one linear layer a task.",
                                 "Each command has a page of its own."]),
                ("COMMANDS", listed), ("EXIT STATUS", [escaped(" ".join(exits.split())) + "."]),
                ("EXAMPLES", [".nf", "qmtl import \\-\\-draft pets.csv \\-\\-label species", "qmtl import pets\\-import.toml \\-\\-out pets.h5",
                              "mpirun \\-n 2 qmtl train pets.toml", "qmtl eval runs/pets \\-\\-split test", ".fi"])]
    (folder / "qmtl.1").write_text(page("qmtl", version, head, sections))
    for name, summary in commands:
        near = ["qmtl"] + [f"qmtl-{other}" for other in ("train", "plan", "eval", "predict", "export") if other != name]
        (folder / f"qmtl-{name}.1").write_text(command_page(program, version, name, summary, near))
    print(f"{len(commands) + 1} pages in {folder}")


if __name__ == "__main__":
    main()
