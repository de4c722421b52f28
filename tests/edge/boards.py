# SPDX-License-Identifier: Apache-2.0
"""The processors that tests and benchmarks of the edge runtime run on: how to compile for each and how to start it. A
target whose tools are missing says which."""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EDGE = ROOT / "runtime" / "edge"
BOARD = EDGE / "examples" / "board"
RUNTIME = [EDGE / f"{name}.c" for name in ("qmtl_edge", "edge_check", "edge_run", "edge_endian")]
FLAGS = ["-std=c99", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}"]
BARE = ["-DQMTL_BARE", "-ffreestanding", "-fno-builtin", "-fno-tree-loop-distribute-patterns", "-ffunction-sections",
        "-fdata-sections", "-nostdlib", f"-I{BOARD}", f"-Wl,-T,{BOARD / 'board.ld'}", "-Wl,--gc-sections",
        "-Wl,--no-warn-rwx-segments"]


class Target:
    def __init__(self, name, compiler, options, emulator=()):
        self.name, self.compiler, self.options, self.emulator = name, compiler, options, emulator

    def missing(self):
        """The tools that are not installed."""
        return [tool for tool in (self.compiler, *self.emulator[:1]) if shutil.which(tool) is None]

    def build(self, program, sources, *options, optimise="-Os"):
        command = [self.compiler, optimise, *FLAGS, *self.options, *options, *map(str, sources), "-o", str(program)]
        command += ["-lgcc"] if "-nostdlib" in self.options else []
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"

    def command(self, program, *arguments, emulator_options=()):
        if "-kernel" not in self.emulator:
            return [*self.emulator, str(program), *arguments]
        semihosting = "enable=on,target=native,chardev=sh" + "".join(f",arg={a}" for a in arguments)
        return [*self.emulator[:-1], *emulator_options, "-semihosting-config", semihosting, "-kernel", str(program)]

    def run(self, program, *arguments, emulator_options=(), cwd=None):
        return subprocess.run(self.command(program, *arguments, emulator_options=emulator_options), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120, cwd=cwd)


def bare(name, compiler, options, flash, ram, *qemu):
    places = [f"-Wl,--defsym={key}={value:#x}" for key, value in
              (("board_flash", flash), ("board_ram", ram), ("board_top", ram + 0x80000))]
    sources = [str(BOARD / "start.c"), str(BOARD / "semihost.c")]
    emulator = [*qemu, "-nographic", "-monitor", "none", "-serial", "none", "-chardev", "stdio,id=sh", "-kernel"]
    return Target(name, compiler, [*options, *BARE, *places, *sources], emulator)


def cortex(name, machine, options, flash=0, ram=0x20000000):
    return bare(name, "arm-none-eabi-gcc", ["-mthumb", *options], flash, ram, "qemu-system-arm", "-M", machine)


HOST = Target("host", "gcc", [])
M4F = cortex("Cortex-M4F", "mps2-an386", ["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"])
TARGETS = [
    HOST,
    cortex("Cortex-M0", "mps2-an385", ["-mcpu=cortex-m0"]),  # its code runs on the M3 machine too
    cortex("Cortex-M3", "mps2-an385", ["-mcpu=cortex-m3"]),
    M4F,
    cortex("Cortex-M7", "mps2-an500", ["-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"]),
    cortex("Cortex-M33", "mps2-an505", ["-mcpu=cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"], 0x10000000, 0x38000000),
    cortex("Cortex-M55", "mps3-an547", ["-mcpu=cortex-m55", "-mfloat-abi=hard"]),
    bare("RISC-V rv32", "riscv64-unknown-elf-gcc",
         ["-march=rv32imafc", "-mabi=ilp32f", "-mcmodel=medany", "-msmall-data-limit=0"], 0x80000000, 0x80400000,
         "qemu-system-riscv32", "-M", "virt", "-bios", "none"),
    Target("armhf", "arm-linux-gnueabihf-gcc", ["-static"], ["qemu-arm"]),
    Target("aarch64", "aarch64-linux-gnu-gcc", ["-static"], ["qemu-aarch64"]),
    Target("armel, soft float", "arm-linux-gnueabi-gcc", ["-static"], ["qemu-arm"]),
    Target("riscv64", "riscv64-linux-gnu-gcc", ["-static"], ["qemu-riscv64"]),
    Target("mipsel", "mipsel-linux-gnu-gcc", ["-static"], ["qemu-mipsel"]),
    Target("mips (big-endian)", "mips-linux-gnu-gcc", ["-static"], ["qemu-mips"]),
    Target("ppc64 (big-endian)", "powerpc64-linux-gnu-gcc", ["-static"], ["qemu-ppc64"]),
    Target("sparc64 (big-endian)", "sparc64-linux-gnu-gcc", ["-static"], ["qemu-sparc64"]),
    Target("s390x (big-endian)", "s390x-linux-gnu-gcc", ["-static", "-fexcess-precision=fast"], ["qemu-s390x"]),
]


def present():
    """The targets whose tools are installed; says which it left out."""
    left_out = [f"{target.name} ({', '.join(target.missing())})" for target in TARGETS if target.missing()]
    if left_out:
        print(f"not installed, left out: {'; '.join(left_out)} (tools/packages.txt, the rows marked edge)", file=sys.stderr)
    return [target for target in TARGETS if not target.missing()]


def embed(folder, files):
    """Sources with the files' bytes and a table of them: heads[], head_bytes[]."""
    names = [f"head{i}" for i in range(len(files))]
    assembler = [".section .rodata"]
    for name, file in zip(names, files):
        assembler += [".balign 8", f".globl {name}", f"{name}:", f'.incbin "{pathlib.Path(file).resolve()}"']
    code = [f"extern const unsigned char {name}[];" for name in names]
    code.append(f"const unsigned char* const heads[] = {{{', '.join(names)}, 0}};")
    code.append(f"const unsigned head_bytes[] = {{{', '.join(str(pathlib.Path(f).stat().st_size) for f in files)}}};")
    sources = [pathlib.Path(folder) / "heads.S", pathlib.Path(folder) / "table.c"]
    for source, lines in zip(sources, (assembler, code)):
        source.write_text("\n".join(lines) + "\n")
    return sources
