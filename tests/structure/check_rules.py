#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule of check.py finds what breaks it and leaves what keeps it."""

import pathlib
import sys
import tempfile

import headers
from check import LICENCE, NAMED, PUBLIC, check_gates, check_text, check_types, check_version, violations_of
from project_headers import Headers
from standard_headers import missing_includes

ROOT = pathlib.Path(__file__).resolve().parents[2]


def self_test(root, folder):
    """Every rule finds what breaks it and leaves what keeps it."""
    cases = [
        ("runtime/engine/a.cpp", '#include "io/config/config.h"', True),
        ("runtime/engine/a.cpp", '#include "runtime/model/spec.h"', True),
        ("runtime/engine/a.cpp", '#include "runtime/circuit/circuit.h"', False),
        ("runtime/model/a.cpp", '#include "runtime/base/error.h"', False),
        ("runtime/train/a.cpp", "#include <mpi.h>", True),
        ("runtime/train/a.cpp", "#include <hdf5.h>", True),
        ("distributed/a.cpp", "#include <mpi.h>", False),
        ("distributed/a.cpp", '  #  include "io/runs/checkpoint.h"', True),
        ("io/a.cpp", '#include "hardware/noise.h"', True),
        ("io/a.cpp", "#include <H5Fpublic.h>", False),
        ("tools/library/include/qmtl/a.h", "#include <Eigen/Core>", True),
        ("tools/library/include/qmtl/a.h", "#include <mpi.h>", True),
        ("tools/library/include/qmtl/a.h", '#include "io/config/config.h"', True),
        ("tools/library/include/qmtl/a.h", "#include <span>", False),
        ("tools/library/include/qmtl/a.h", '#include "qmtl/rows.h"', False),
        ("hardware/a.cpp", "#include <curl/curl.h>", False),
        ("io/a.cpp", "#include <curl/curl.h>", True),
        ("runtime/base/a.cpp", '#include "runtime/circuit/circuit.h"', True),
        ("runtime/base/a.h", '#include "runtime/base/error.h"', False),
        ("tools/program/a.cpp", '#include "tests/oracle/oracle.h"', True),
        ("tools/program/a.cpp", '#include "io/data/dataset.h"', False),
        ("tools/program/a.cpp", '#include "tools/workflows/replay/run.h"', False),
        ("tools/workflows/report/a.cpp", '#include "tools/library/model.h"', True),
        ("tools/workflows/replay/a.cpp", '#include "tools/program/options.h"', True),
        ("tools/workflows/replay/a.cpp", '#include "tools/library/model.h"', True),
        ("tools/workflows/export/a.cpp", '#include "tools/workflows/training/load.h"', False),
        ("tools/workflows/export/a.cpp", '#include "hardware/split.h"', False),
        ("tools/library/a.cpp", '#include "tools/program/options.h"', True),
        ("tools/library/a.cpp", '#include "tools/workflows/replay/run.h"', False),
        ("tools/python/a.cpp", '#include "tools/library/source/rows.h"', True),
        ("tools/python/a.cpp", '#include "io/config/config.h"', True),
        ("tools/python/a.cpp", '#include "qmtl/head.h"', False),
        ("tools/python/a.cpp", '#include "tools/python/source/arrays.h"', False),
        ("tools/library/a.cpp", '#include "tools/python/source/arrays.h"', True),
        ("tests/workflows/a.cpp", '#include "tools/workflows/replay/run.h"', False),
        ("benchmarks/a.cpp", '#include "tools/workflows/studies/workload.h"', False),
        ("tests/engine/a.cpp", '#include "runtime/engine/engine.h"', False),
        ("io/data/a.cpp", '#include "io/sources/csv.h"', False),
        ("io/data/a.cpp", '#include "io/runs/predictions.h"', True),
        ("runtime/circuit/a.h", '#include "runtime/circuit/plan/plan.h"', True),
        ("runtime/circuit/pauli/a.h", '#include "runtime/circuit/plan/cost.h"', True),
        ("runtime/circuit/pauli/a.h", '#include "runtime/circuit/circuit.h"', False),
    ]
    wrong = [f"{file}: {line}" for file, line, broken in cases
             if bool(list(violations_of(pathlib.PurePosixPath(file), line, root))) != broken]
    texts = [
        ("io/a.cpp", f"// {LICENCE}\nint a;\n", False),
        ("io/a.cpp", f"int a;\nint b;\n// {LICENCE}\n", True),
        ("io/a.cpp", "int a;\n", True),
        ("tools/do", f"#!/bin/sh\n# {LICENCE}\n", False),
        ("tools/do", "#!/bin/sh\n", True),
        ("io/CMakeLists.txt", "project(io)\n", True),
        ("io/words.txt", "a\n", False),
        ("runtime/edge/kernels/a.h", "int a;\n", False),
        ("io/a.h", f"// {LICENCE}\n/// As in DE" + "SIGN section 2.\n", True),
        ("io/a.h", f"// {LICENCE}\n/// The design section by section.\n", False),
    ]
    wrong += [f"{file}: {text!r}" for file, text, broken in texts
              if bool(list(check_text(pathlib.PurePosixPath(file), text))) != broken]
    for changelog, broken in (("## [1.2.0]\n## [1.1.0]\n", False), ("## [1.1.0]\n## [1.2.0]\n", True), ("", True)):
        if bool(list(check_version("project(qmtl VERSION 1.2.0 LANGUAGES C)", changelog))) != broken:
            wrong.append(f"CHANGELOG.md {changelog!r}")
    header = "namespace qmtl {\nstruct Part {\n};\n}  // namespace qmtl\n"
    if not list(check_types([("a.h", header), ("b.h", header)])):
        wrong.append("a type that is defined twice is not reported")
    if list(check_types([("a.h", header), ("b.h", header.replace("namespace qmtl", "namespace qmtl::engine"))])):
        wrong.append("types of two namespaces are taken for one")
    for kind, most in NAMED.items():
        for names, broken in (([f"{kind}::rx"] * most, False), ([f"{kind}::rx"] * (most + 1), True), ([f"{kind} gate"] * 30, False),
                              ([f"Other{kind}::rx"] * 30, False)):
            if bool(list(check_gates((f"{n}.cpp", name) for n, name in enumerate(names)))) != broken:
                wrong.append(f"how many files name gates: {names}")
    compiler, absent = headers.Compiler(root, "c++", [], folder, PUBLIC.parent), pathlib.PurePosixPath("no/such/header.h")
    for said in (compiler.alone(absent), compiler.alone_as_c(absent), compiler.together(("no/such", [absent], []))):
        if not said:
            wrong.append("a header that cannot be compiled is not reported")
    brought = {"a.h": '#include "b.h"\nstd::string f(std::size_t n);\n', "b.h": "#include <string>\n"}
    for text, missing in ((brought["a.h"], []), (brought["a.h"] + "std::vector<int> g();\n", ["vector"]),
                          (brought["a.h"] + "// std::vector\n", []), ("std::no_such_name x;\n", ["no_such_name"])):
        index = Headers({**brought, "a.h": text}, lambda path, included: included, lambda path, target: True)
        found = list(missing_includes("a.h", text, [index.texts[path] for path in index.reached("a.h")]))
        if len(found) != len(missing) or not all(name in line for name, line in zip(missing, found)):
            wrong.append(f"missing includes of {text!r}: {found}")
    declaring = {"io/a.h": "struct Row {\n  int width() const;\n};\nRow make_row(int width);\ninline constexpr int most_rows = 3;\n",
                 "io/b.h": '#include "io/a.h"\n'}
    for text, missing in (("Row f();\n", ["Row"]), ('#include "io/b.h"\nRow f();\n', []), ("struct Row;\nvoid f(Row&);\n", []),
                          ("inline int f() {\n  return most_rows;\n}\n", ["most_rows"]), ("// Row\n", []),
                          ("inline int f(int most_rows) {\n  return most_rows;\n}\n", []),
                          ("inline auto f() {\n  return make_row(3);\n}\n", ["make_row"]), ("inline int g(auto a) {\n  return a.make_row(3);\n}\n", [])):
        index = Headers({**declaring, "io/c.h": text}, lambda path, included: included, lambda path, target: True)
        found = list(index.missing("io/c.h"))
        if len(found) != len(missing) or not all(f"uses {name} " in line for name, line in zip(missing, found)):
            wrong.append(f"missing headers of {text!r}: {found}")
    return wrong


def main():
    with tempfile.TemporaryDirectory(prefix="qmtl-rules-") as folder:
        wrong = self_test(ROOT, pathlib.Path(folder))
    for rule in wrong:
        print(rule, file=sys.stderr)
    print(f"{len(wrong)} rules do not hold" if wrong else "the rules find what breaks them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
