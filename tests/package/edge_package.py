#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The package of tools/package/edge.py, by every way that it is taken: CMake, Arduino's example, and, where tests/package/setup has
made their environment, Conan, PlatformIO, ESP-IDF's component manager, Kconfig and CMSIS-Pack with their own tools. QMTL_PACKAGE_TOOLS
names the environment's folder of programs."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TOOLS = pathlib.Path(os.environ.get("QMTL_PACKAGE_TOOLS", ROOT / "build" / "package-venv" / "bin"))
# Words that a package manager's CMake calls: what they are given is written down.
RECORDER = """cmake_minimum_required(VERSION 3.16)
project(recorder LANGUAGES C)
foreach(word zephyr_library_named zephyr_library_sources zephyr_library_compile_options zephyr_include_directories
    zephyr_library_compile_definitions idf_component_register target_compile_options target_compile_definitions)
  function(${word})
    message(STATUS "call ${CMAKE_CURRENT_FUNCTION};${ARGV}")
  endfunction()
endforeach()
function(zephyr_library_compile_definitions_ifdef feature)
  if(${feature})
    message(STATUS "call zephyr_library_compile_definitions;${ARGN}")
  endif()
endfunction()
set(CMAKE_CURRENT_LIST_DIR "@FOLDER@")
"""


def needs(*programs):
    missing = [name for name in programs if not (TOOLS / name).exists()]
    return unittest.skipIf(missing, f"needs {', '.join(missing)} (tests/package/setup makes the environment)")


class EdgePackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory(prefix="qmtl-test-")
        cls.addClassCleanup(cls.holder.cleanup)
        cls.base = pathlib.Path(cls.holder.name)
        cls.package = pathlib.Path(cls.shell(sys.executable, ROOT / "tools" / "package" / "edge.py", "--out", cls.base).strip())
        cls.version = re.search(r"project\(qmtl VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
        cls.sources = sorted(file.name for file in (ROOT / "runtime" / "edge").glob("*.c"))
        # What the sample prints where the runtime itself is compiled.
        cls.shell("cc", "-std=c99", "-O2", "-ffp-contract=off", f"-I{ROOT}/runtime/edge", f"-I{cls.package}/samples",
                  cls.package / "samples" / "predict.c", cls.package / "test_package" / "main.c",
                  *(ROOT / "runtime" / "edge" / name for name in cls.sources), "-o", cls.base / "expected")
        cls.expected = cls.shell(cls.base / "expected")

    @classmethod
    def shell(cls, *command, **options):
        options = {"cwd": cls.base, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        done = subprocess.run([str(part) for part in command], text=True, **options)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tool(self, name, *arguments, **options):
        """One of the environment's programs, with a home of its own."""
        home = self.base / "home"
        home.mkdir(exist_ok=True)
        variables = {**os.environ, "HOME": str(home), "PATH": f"{TOOLS}:{os.environ['PATH']}", "PLATFORMIO_CORE_DIR": str(home / "pio"),
                     "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no"}
        return self.shell(TOOLS / name, *arguments, cwd=self.package, env=variables, **options)

    def test_descriptions_say_the_version_and_name_what_is_there(self):
        self.assertEqual(len(self.expected.splitlines()), 4)
        text = (self.package / "library.properties").read_text()
        fields = dict(line.split("=", 1) for line in text.splitlines())
        self.assertEqual(fields["version"], self.version)
        self.assertLessEqual({"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"},
                             fields.keys())
        self.assertTrue((self.package / "src" / fields["includes"]).exists())
        self.assertNotIn("avr,", fields["architectures"] + ",")
        library = json.loads((self.package / "library.json").read_text())
        self.assertEqual(library["version"], self.version)
        for header in library["headers"]:
            self.assertTrue((self.package / "src" / header).exists(), header)
        root = xml.etree.ElementTree.parse(self.package / "qmtl.qmtl-edge.pdsc").getroot()
        files = [file.get("name") for file in root.iter("file")]
        self.assertLessEqual({f"src/{name}" for name in self.sources}, set(files))
        for file in files:
            self.assertTrue((self.package / file).exists(), file)
        with zipfile.ZipFile(self.base / f"qmtl.qmtl-edge.{self.version}.pack") as pack:
            self.assertIn("qmtl.qmtl-edge.pdsc", pack.namelist())
        for file in self.package.rglob("*"):
            if file.is_file() and not {"src", "build"} & set(file.parts):
                self.assertNotRegex(file.read_text(), r"@[A-Z0-9_]+@", file.name)

    def test_a_commit_gives_the_same_archive_again(self):
        self.shell(sys.executable, ROOT / "tools" / "package" / "edge.py", "--out", self.base / "again")
        name = f"qmtl-edge-{self.version}.zip"
        self.assertEqual((self.base / name).read_bytes(), (self.base / "again" / name).read_bytes())

    def test_add_subdirectory_and_install(self):
        project = self.base / "firmware"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(f"""cmake_minimum_required(VERSION 3.16)
project(firmware LANGUAGES C)
add_subdirectory({self.package} edge)
add_executable(predict {self.package}/test_package/main.c {self.package}/samples/predict.c)
target_include_directories(predict PRIVATE {self.package}/samples)
target_link_libraries(predict PRIVATE qmtl::edge)
""")
        self.shell("cmake", "-S", project, "-B", project / "build")
        self.shell("cmake", "--build", project / "build")
        self.assertEqual(self.shell(project / "build" / "predict"), self.expected)
        self.shell("cmake", "--install", project / "build", "--prefix", project / "prefix")
        self.assertTrue((project / "prefix" / "include" / "qmtl" / "qmtl_edge.h").exists())

    def test_the_arduino_example_on_this_machine(self):
        sketch = self.base / "sketch"
        shutil.copytree(self.package / "examples" / "Predict", sketch)
        (sketch / "main.cpp").write_text('#include "Arduino.h"\n#include "Predict.ino"\nint main() {\n  setup();\n  for (;;) loop();\n}\n')
        objects = []
        for name in self.sources:
            objects.append(self.base / f"{name}.o")
            self.shell("cc", "-std=gnu11", "-Os", "-ffp-contract=off", "-c", self.package / "src" / name, "-o", objects[-1])
        self.shell("c++", "-std=gnu++11", "-Wall", "-Wextra", "-Werror", f"-I{HERE}", f"-I{self.package}/src", sketch / "main.cpp", *objects,
                   "-o", self.base / "arduino")
        inputs = int(re.search(r"HEAD_INPUTS = (\d+)", (sketch / "head.h").read_text()).group(1))
        found = self.shell(self.base / "arduino", input="0 " * inputs).split()
        self.assertEqual(found[0], "ready")
        wanted = [float(number) for line in self.expected.splitlines() for number in line.split()[1:]]
        self.assertEqual(len(found) - 1, len(wanted))
        for one, other in zip(found[1:], wanted):
            self.assertAlmostEqual(float(one), other, delta=1e-4)  # the sample prints six digits of numbers up to 13

    def recorded(self, folder, file, *settings):
        recorder = self.base / f"recorder{len(list(self.base.glob('recorder*')))}"
        recorder.mkdir()
        (recorder / "CMakeLists.txt").write_text(RECORDER.replace("@FOLDER@", str(folder)) + f"include({file})\n")
        told = self.shell("cmake", "-S", recorder, "-B", recorder / "build", *settings)
        return [line.split("call ")[1] for line in told.splitlines() if "call " in line]

    def test_zephyr_and_esp_idf_are_given_every_source(self):
        zephyr = self.package / "zephyr"
        calls = self.recorded(zephyr, zephyr / "CMakeLists.txt", "-DCONFIG_QMTL_EDGE=y", "-DCONFIG_QMTL_EDGE_FEATURES=27",
                              "-DCONFIG_QMTL_EDGE_FAST_START=y")
        sources = next(call for call in calls if call.startswith("zephyr_library_sources"))
        self.assertEqual(sorted(pathlib.Path(name).name for name in sources.split(";")[1:]), self.sources)
        self.assertIn("zephyr_library_compile_definitions;QMTL_EDGE_FEATURES=27", calls)
        self.assertIn("zephyr_library_compile_definitions;QMTL_EDGE_FAST_START", calls)
        self.assertIn("zephyr_library_compile_options;-ffp-contract=off", calls)
        self.assertEqual(self.recorded(zephyr, zephyr / "CMakeLists.txt"), [])
        module = (zephyr / "module.yml").read_text()
        for place in re.findall(r"(?:cmake|kconfig): (\S+)|- (\S+)", module):
            self.assertTrue((self.package / (place[0] or place[1])).exists(), place)
        # ESP-IDF names sources by their place in the component.
        script = self.base / "component.cmake"
        words = RECORDER.split("set(CMAKE_CURRENT_LIST_DIR")[0].replace("project(recorder LANGUAGES C)", "")
        script.write_text(words + f"set(COMPONENT_LIB lib)\ninclude({self.package}/CMakeLists.txt)\n")
        told = self.shell("cmake", "-DESP_PLATFORM=1", "-DCONFIG_QMTL_EDGE_FAST_START=y", "-P", script, cwd=self.package)
        registered = next(line for line in told.splitlines() if "idf_component_register" in line)
        self.assertEqual(sorted(re.findall(r"\w+\.c\b", registered)), self.sources)
        self.assertIn("target_compile_definitions;lib;PRIVATE;QMTL_EDGE_FAST_START", told)

    def test_the_vcpkg_port(self):
        import hashlib
        port = self.base / "vcpkg" / "qmtl-edge"
        self.assertEqual(json.loads((port / "vcpkg.json").read_text())["version"], self.version)
        text = (port / "portfile.cmake").read_text()
        data = (self.base / re.search(r'FILENAME "([^"]+)"', text).group(1)).read_bytes()
        self.assertEqual(re.search(r"SHA512 (\w+)", text).group(1), hashlib.sha512(data).hexdigest())

    @needs("conan")
    def test_conan_creates_and_tests_it(self):
        self.tool("conan", "profile", "detect", "--force")
        shutil.copytree(self.package, self.base / "conan")
        told = self.tool("conan", "create", str(self.base / "conan"), stderr=subprocess.STDOUT)
        self.assertIn(self.expected, told)
        self.assertTrue(next((self.base / "home").rglob("libqmtl_edge.a"), None))

    @needs("platformio")
    def test_platformio_takes_the_description(self):
        # Its list of licences comes from the network; the rest of what `pio pkg pack` checks does not.
        code = ("from platformio.package.manifest import schema, parser\n"
                "schema.ManifestSchema.load_spdx_licenses = staticmethod(lambda *a: {'licenses': [{'licenseId': 'Apache-2.0'}]})\n"
                "found = parser.ManifestParserFactory.new_from_file('library.json').as_dict()\n"
                "print(schema.ManifestSchema().load_manifest(found)['name'])\n"
                "print(schema.ManifestSchema().load_manifest(parser.ManifestParserFactory.new_from_file('library.properties').as_dict())['version'])")
        self.assertEqual(self.tool("python", "-c", code).split(), ["qmtl-edge", self.version])

    @needs("compote")
    def test_the_component_manager_packs_it(self):
        self.tool("compote", "component", "pack", "--name", "qmtl-edge", "--project-dir", ".", "--dest-dir", str(self.base / "idf"))
        self.assertTrue((self.base / "idf" / f"qmtl-edge_{self.version}.tgz").exists())

    @needs("genconfig")
    def test_kconfig_reads_the_options(self):
        code = ("import kconfiglib, sys\nfor file in ('Kconfig', 'zephyr/Kconfig'):\n    read = kconfiglib.Kconfig(file)\n"
                "    assert not read.warnings, read.warnings\n    print(*sorted(s.name for s in read.unique_defined_syms))")
        self.assertEqual(self.tool("python", "-c", code).splitlines(),
                         ["QMTL_EDGE_FAST_START QMTL_EDGE_FEATURES", "QMTL_EDGE QMTL_EDGE_FAST_START QMTL_EDGE_FEATURES"])

    @needs("pack-manager")
    def test_a_pack_manager_reads_the_pack(self):
        code = (f"import cmsis_pack_manager as m\ncache = m.Cache(True, True, json_path={str(self.base / 'cm')!r}, data_path={str(self.base / 'cd')!r})\n"
                "packs = cache.add_pack_from_path('qmtl.qmtl-edge.pdsc')\nassert packs is not None")
        self.tool("python", "-c", code)


if __name__ == "__main__":
    unittest.main(verbosity=2)
