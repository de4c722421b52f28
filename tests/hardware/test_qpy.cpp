// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "hardware/emulator/qpy/reader.h"
#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"

using namespace qmtl;

namespace {

/// Written by Qiskit 2.6 as zlib.compress, base64. Parameters a and b = ParameterVector("b", 12), registers
/// alpha (two bits) and beta (one): rz(a) 0, sx 0, rz(0.3) 0, cz 0 1, rz(2 a - b[11] / 3 + 1) 1, rz(b[2]) 2,
/// delay 2, barrier, rzz(1) 0 1, measure 0 -> alpha[1], 2 -> beta[0]. From version 16 on twice.
struct Fixture {
  int version;
  std::size_t circuits;
  const char* packed;
};
const Fixture fixtures[] = {
    {13, 1,
     "eNoL9Az29gzhZWJjYoAAxoJCBq40Bg4gkxmKQYAJic0NIpIzi5JLM0t0TQyhogzVtYWMYFWMjIUMqIARZkoyI9gsVsbEnIKMRHRVYFl"
     "G"
     "BhbGpNSSRCSLIYANahAjA3YQFOWeWJIKtroAKiTMwGg3zeTj3T73/"
     "l7r9V3Xd609kgg2hwGPOcERcHNIsTMNKsRhDAaX7eEWMWHqA5vp"
     "jNBcCBYj3jbGVKjQMzQ7epgy0TQxFaAHAXPBB7eDE50/"
     "uq5cHnfirWzxhi3oepgZ89DtxhBgQNeEqaegACGJEQ9lZRjJgwfdXbAEl0RC"
     "0DDBzFXGae5qWNAkMbASMNclNSexEmwszLscKTA5dlho4dDrlFhUlJlahIhgsDlgbYzYkwXUK2jpAp6yINQHe7jNuFzum5pYXFoEMSI"
     "Z"
     "rIYEHUzJUMf9RwIwdQAJYYGg"},
    {17, 2,
     "eNoL9Az29gwRZGJjYoAApoJCKEsFQrG4MHClMXAAWcxQDFaGxOYGEcmZRcmlmSW6JoZQUYbq2kJGsCpGRpiRMMAIMyWZEWwWK2NiTkF"
     "G"
     "IroqsCwjAwtjUmpJIpLFCMAGNYyRATsIinJPLEkFW18AFRJmYLSbZvLxbp97f6/"
     "1+q7ru9YeSQSbw4DHnOAIuDmk2JkGFeIwBoPL9nCL"
     "mDD1gc10RmguBIsRbxtjKlToGZodPUyZaJqYCtCDgLngg9vBic4fXVcujzvxVrZ4wxZ0PcyMeeh2YwgwoGvC1FNWhpEKeNCthqWrpII"
     "C"
     "hGLskUZc0DDBLFXGaelqWNAkMbASMNclNSexEmwszLscKTA5dlho4dDrlFhUlJlahIhgsDlgbYzYkwXUK2jpAp6yINQHe7jNuFzum5p"
     "Y"
     "XFoEMSIZrIYEHUzJUMf9RwJwhaPlw2j5MFo+jJYPOMoHACjDAPE="},
    {18, 2,
     "eNoL9Az29gwRYmJjYoAApoJCKEsFQrHwMHClMXAAWcxQDFaGxOYGEcmZRcmlmSW6JoZQUYbq2kJGsCpGRkawmcmMYI2sjIyJOQUZiXA"
     "h"
     "RgYWRsak1JJEqLkgEUaoITwf3A5OdP7ounJ53Im3ssUbVibBjGdgAytkgCtFB0FR7oklqWCbC6BCwgyMdtNMPt7tc+/"
     "vtV7fdX3X2iOJ"
     "YHMY8JgTHAE3hxQ706BCHPaXjcEAbhETpj6wmc4IzYVgMeJtY0yFCp1Fs6OHKRNNE1MBehAwF6AF8hZ0PcyMeeh2YwgwoGvC1FNWhqG"
     "J"
     "u6AAoQF73BAXAkwws7kQPmVgJaDdJTUnsRKsG+"
     "Z4DiidwsAO8zsOvU6JRUWZqUWI6AKbA9bGiD2SoS5Gi2VEOvkAZbEjJwosRvimJhaX"
     "FkGMSAarIUEHUzLYcf+RAFzZaD4fzeej+XzY53MAzwDstQ=="},
};

std::string bytes_of(const Fixture& fixture) {
  return zlib_decoded(base64_decoded(fixture.packed).value(), 100'000).value();
}

}  // namespace

TEST_CASE("QPY that Qiskit wrote is the circuit that was written", "[qpy]") {
  for (const Fixture& fixture : fixtures) {
    INFO("version " << fixture.version);
    const std::vector<ReadCircuit> circuits = read_qpy(bytes_of(fixture));
    REQUIRE(circuits.size() == fixture.circuits);
    for (const ReadCircuit& circuit : circuits) {
      const DeviceProgram& program = circuit.program;
      CHECK(program.qubits == 3);
      CHECK(program.physical);
      // By name, elements of vectors by their number: a, b[2], b[11].
      REQUIRE(program.inputs.size() == 3);
      CHECK(std::is_sorted(program.inputs.begin(), program.inputs.end()));
      const std::vector<DeviceOp> expected{{DeviceGate::rz, 0, -1, {0.0, {{0, 1.0}}}},
                                           {DeviceGate::sx, 0, -1, {}},
                                           {DeviceGate::rz, 0, -1, {0.3, {}}},
                                           {DeviceGate::cz, 0, 1, {}},
                                           {DeviceGate::rz, 1, -1, {1.0, {{0, 2.0}, {2, -1.0 / 3}}}},
                                           {DeviceGate::rz, 2, -1, {0.0, {{1, 1.0}}}},
                                           {DeviceGate::rzz, 0, 1, {1.0, {}}}};
      CHECK(program.ops == expected);
      // alpha[0] is never read.
      CHECK(program.measured == std::vector<int>{0, 2});
      REQUIRE(circuit.registers.size() == 2);
      CHECK(circuit.registers[0].name == "alpha");
      CHECK(circuit.registers[0].bits == 2);
      CHECK(circuit.registers[1].name == "beta");
      CHECK(circuit.readings == std::vector<int>{-1, 0, 1});
    }
  }
}

TEST_CASE("QPY that is cut or changed is refused or read, and nothing else", "[qpy]") {
  for (const Fixture& fixture : fixtures) {
    const std::string bytes = bytes_of(fixture);
    int refused = 0;
    // What stands behind the last instruction says nothing that is read: calibrations and a layout.
    for (std::size_t size = 0; size + 40 < bytes.size(); ++size) {
      INFO("version " << fixture.version << ", cut at " << size);
      CHECK_THROWS_AS(read_qpy(bytes.substr(0, size)), Error);
    }
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (int change : {0x01, 0x80, 0xff}) {
        std::string other = bytes;
        other[at] = static_cast<char>(other[at] ^ change);
        std::vector<ReadCircuit> circuits;
        try {
          circuits = read_qpy(other);
        } catch (const Error&) {
          ++refused;
        }
        INFO("version " << fixture.version << ", byte " << at);
        for (const ReadCircuit& circuit : circuits) CHECK_NOTHROW(check(circuit.program));
      }
    CHECK(refused > 100);
  }
  CHECK_THROWS_WITH(read_qpy("hello"), Catch::Contains("byte 0"));
  CHECK_THROWS_WITH(read_qpy("QISKIT\x0c" + std::string(40, '\0')), Catch::Contains("13 to 18"));
}
