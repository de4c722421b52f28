// SPDX-License-Identifier: Apache-2.0
// What IBM's clients send to the executor must be taken whatever its bytes are: circuits in QPY, samplexes
// and whole jobs become programs that hold, or are refused. The first byte of an input chooses the reader.

#include "hardware/emulator/ibm_request.h"
#include "hardware/emulator/qpy/reader.h"
#include "hardware/emulator/samplex/samplex.h"
#include "runtime/base/error.h"
#include "tests/fuzz/fuzz.h"
#include "tests/hardware/samplex_fixture.h"

namespace qmtl {

using namespace std::string_literals;

namespace {

void check_program(const DeviceProgram& program) {
  try {
    check(program);
  } catch (const Error& error) {
    require(false, error.what());
  }
}

void read_circuits(std::string_view bytes) {
  for (const ReadCircuit& circuit : read_qpy(bytes, {64, 10'000, 100})) {
    check_program(circuit.program);
    std::size_t bits = 0;
    for (const QasmRegister& row : circuit.registers) bits += static_cast<std::size_t>(row.bits);
    require(circuit.readings.size() == bits, "every bit of the registers has its reading");
    for (int reading : circuit.readings)
      require(reading >= -1 && reading < static_cast<int>(circuit.program.measured.size()),
              "readings are there");
  }
}

void draw(std::string_view json) {
  const Samplex samplex = read_samplex(json);
  std::size_t size = samplex.angles + samplex.elements;
  for (const Samplex::Tensor& tensor : samplex.inputs) size += tensor.size;
  for (const Samplex::Tensor& tensor : samplex.flips) size += tensor.size;
  if (size > 10'000) return;
  const std::vector<double> zeros(size, 0.0);
  std::vector<std::span<const double>> arguments;
  for (const Samplex::Tensor& tensor : samplex.inputs)
    arguments.push_back(std::span(zeros).first(tensor.size));
  require(samplex.draw({1, 2, 3, 4}, arguments).angles.size() == samplex.angles, "every angle is drawn");
}

void take_job(std::string_view body) {
  static const EmulatorOptions options = [] {
    EmulatorOptions made;
    made.target.name = "emulated", made.target.qubits = 8, made.most_bytes = 1 << 16;
    return made;
  }();
  try {
    const auto job = read_ibm_job(parse_request(std::string(body)), options);
    for (const EmulatedRun& run : job->runs) {
      check_program(run.sweep.program);
      require(run.sweep.values.size() == run.sweep.rows * run.sweep.program.inputs.size(),
              "every row has its values");
    }
  } catch (const WireRefusal& refusal) {
    require(refusal.status == 400 || refusal.status == 404, "the client is to blame");
    require(refusal.message.size() < 4000, "messages are short");
  }
}

}  // namespace

void fuzz_one(std::string_view input) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  try {
    switch (static_cast<unsigned char>(input[0]) % 3) {
      case 0:
        return read_circuits(rest);
      case 1:
        return draw(rest);
      default:
        return take_job(rest);
    }
  } catch (const Error& error) {
    const std::string_view message = error.what();
    require(error.code() == Exit::data, "the data are to blame");
    require(message.starts_with("QPY: ") || message.starts_with("samplex"), "messages name what was read");
    require(message.size() < 2000, "messages are short");
  }
}

std::vector<std::string> fuzz_seeds() {
  const std::string job =
      R"({"program_id":"executor","backend":"emulated","tags":["t"],"params":{"schema_version":"v2.0","quantum_program":)"
      R"({"shots":5,"circuits":{"data":["OPENQASM 3.0;input float[64] a;bit[1] c;rz(a) $0;sx $0;c[0] = measure $0;"]},)"
      R"("items":[{"item_type":"circuit","circuit_arguments":{"data":"eJxjYACBC/ZgiuHHfgjN4RD5+cch+byljABSLgdI",)"
      R"("shape":[4,1],"dtype":"f64"},"shape":[2,4],"chunk_size":"auto"}],"passthrough_data":{"tag":"t"}},"options":{}}})";
  const std::string circuit = samplex_fixture::unpacked(samplex_fixture::circuit);
  return {"\x00"s + circuit, "\x01"s + samplex_fixture::unpacked(samplex_fixture::samplex), "\x02"s + job,
          "\x00"s + circuit, "\x02"s + job};
}

}  // namespace qmtl
