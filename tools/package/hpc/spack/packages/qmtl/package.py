# SPDX-License-Identifier: Apache-2.0
# A Spack repository of one package: `spack repo add tools/package/hpc/spack`, then `spack dev-build qmtl@main` in a checkout, or
# `spack install qmtl` where the release archive is in a mirror (`spack mirror add`; tools/package/release makes it).
from spack.package import *


class Qmtl(CMakePackage):
    """Parameter-efficient quantum multi-task learning: one model for many tasks with a variational quantum circuit,
    trained exactly under MPI with the same bits for any number of ranks."""

    homepage = "https://arxiv.org/abs/2604.13560"
    license("Apache-2.0")

    version("main", branch="main", no_cache=True)
    version("0.1.0", no_cache=True)

    variant("mpi", default=True, description="Training on several ranks")
    variant("hardware", default=True, description="Export to circuits, replay on quantum devices")
    variant("http", default=True, when="+hardware", description="Endpoints of quantum services")
    variant("onnx", default=False, when="+hardware", description="Export to ONNX (needs 1.12)")
    variant("studies", default=True, description="compare, scale, sweep, bench, inspect")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.22:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3:", when="+mpi")
    depends_on("eigen@3.4:3")
    depends_on("hdf5@1.10:1 ~mpi")
    depends_on("boost@1.74: +program_options")
    depends_on("tbb")
    depends_on("highway@1.0.3:")
    depends_on("tomlplusplus@3.3:")
    depends_on("nlohmann-json@3.11:")
    depends_on("fmt@9.1:")
    depends_on("spdlog@1.10: +fmt_external")
    depends_on("zlib-api")
    depends_on("libpng")
    depends_on("libjpeg-turbo")
    depends_on("curl@7.88:", when="+http")
    depends_on("cpp-httplib", when="+http")
    depends_on("openssl", when="+http")
    depends_on("protobuf", when="+onnx")
    depends_on("onnx@1.12:", when="+onnx")

    generator("ninja")

    def cmake_args(self):
        return [
            self.define_from_variant("QMTL_MPI", "mpi"),
            self.define_from_variant("QMTL_HARDWARE", "hardware"),
            self.define_from_variant("QMTL_HTTP", "http"),
            self.define_from_variant("QMTL_ONNX", "onnx"),
            self.define_from_variant("QMTL_STUDIES", "studies"),
            self.define("QMTL_REPORT", False),
            self.define("QMTL_WERROR", False),
            self.define("QMTL_TESTS", False),
            self.define("QMTL_BENCHMARKS", False),
        ]
