# SPDX-License-Identifier: Apache-2.0
from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class QmtlEdge(ConanFile):
    name = "qmtl-edge"
    version = "@VERSION@"
    license = "Apache-2.0"
    homepage = "@URL@"
    description = "Runs models trained with qmtl from head files: C99, the same bits on every processor"
    topics = ("machine-learning", "inference", "embedded")
    package_type = "static-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = "CMakeLists.txt", "LICENSE", "src/*"

    def configure(self):
        self.settings.rm_safe("compiler.cppstd")
        self.settings.rm_safe("compiler.libcxx")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeToolchain(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["qmtl_edge"]
        self.cpp_info.includedirs = ["include/qmtl"]
        self.cpp_info.set_property("cmake_file_name", "qmtl-edge")
        self.cpp_info.set_property("cmake_target_name", "qmtl::edge")
