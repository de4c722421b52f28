// SPDX-License-Identifier: Apache-2.0
// Readers of what services answer must take any bytes: they return counts that add up, or refuse with an
// EndpointError. The first byte of an input chooses the reader, the rest is the answer.

#include "hardware/endpoints/ibm_results.h"
#include "hardware/endpoints/ionq_results.h"
#include "tests/fuzz/fuzz.h"
#include "tests/hardware/reading_program.h"

namespace qmtl {

using namespace std::string_literals;

namespace {

constexpr std::int64_t shots = 3;

void check_counts(const Counts& counts, std::int64_t expected, std::size_t width) {
  std::uint64_t sum = 0;
  for (const auto& [bits, count] : counts) {
    require(bits.size() == width && bits.find_first_not_of("01") == std::string::npos,
            "bits have their width");
    sum += count;
  }
  require(sum == static_cast<std::uint64_t>(expected), "counts add up to the shots");
}

void read_ibm(const SortedJsonField& answer, int width, std::size_t rows) {
  std::vector<int> measured;
  for (int q = 0; q < width; ++q) measured.push_back(q);
  const DeviceJob job{"tag", {{reading(width, measured), rows, {}}}, shots};
  const JobResult result = read_ibm_results(answer, job);
  require(result.counts.size() == 1 && result.counts[0].size() == rows, "every row has its counts");
  for (const Counts& counts : result.counts[0])
    if (result.missing.empty()) check_counts(counts, shots, static_cast<std::size_t>(width));
}

void read_ionq(const SortedJsonField& answer, int reader) {
  const DeviceProgram program = reading(3, {2, 0});
  const IonqReading at{program, shots};
  const IonqCounts result = reader == 0   ? sample_ionq(answer, at, 1)
                            : reader == 1 ? round_ionq(answer, at)
                            : reader == 2 ? count_ionq(answer, at)
                                          : read_ionq_shots(answer, at);
  check_counts(result.counts, shots - result.dropped, 2);
}

void read(int reader, std::string_view body, const Redactor& redactor) {
  service_words(body, redactor);
  const SortedJsonField answer = parse_answer(body, "GET x", redactor);
  if (reader == 0) return read_ibm(answer, 2, 1);
  if (reader == 1) return read_ibm(answer, 2, 2);
  if (reader == 2) return read_ibm(answer, 9, 2);
  read_ionq(answer, reader - 3);
}

}  // namespace

void fuzz_one(std::string_view input) {
  if (input.empty()) return;
  Redactor redactor;
  redactor.add(Secret("secret-key"));
  try {
    read(static_cast<unsigned char>(input[0]) % 7, input.substr(1), redactor);
  } catch (const EndpointError& error) {
    const std::string_view message = error.what();
    require(error.fault() == EndpointFault::malformed, "the fault is malformed");
    require(message.size() < 1000, "messages are short");
    require(message.find("secret-key") == std::string_view::npos, "messages hold no secret");
  }
}

std::vector<std::string> fuzz_seeds() {
  const std::string packed =
      R"({"__type__":"PrimitiveResult","__value__":{"pub_results":[{"__type__":"SamplerPubResult","__value__":)"
      R"({"data":{"__type__":"DataBin","__value__":{"fields":{"c":{"__type__":"BitArray","__value__":{"num_bits":9,)"
      R"("array":{"__type__":"ndarray","__value__":")"
      "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+"
      "RpGOgrGOgpGmjoKtQrkAS5GVob/DEwMDIwMjP8B1Hgd3g=="
      R"("}}}}}}}}]}})";
  return {
      "\x00"s + R"({"results":[{"data":{"c":{"samples":["0x1","0x3","0x0"],"num_bits":2}}}]})",
      "\x01"s +
          R"({"results":[{"data":{"c":{"samples":[["0x1","0x3","0x0"],["0x1","0x2","0x0"]],"num_bits":2}}}]})",
      "\x02"s + packed,
      "\x03"s + R"({"0":0.25,"1":0.5,"4":0.25})",
      "\x04"s + R"({"0":0.25,"1":0.5,"4":0.25})",
      "\x05"s + R"({"0":1,"5":2})",
      "\x06"s + R"(["1","4","7"])",
      "\x06"s + R"({"shots":[{"registers":{"q":[1,0,0]},"leakage_bits":[0,0,0]},{"registers":{"q":[0,0,1]}},)"
                R"({"registers":{"q":[0,0,1]},"leakage_bits":[0,1,0]}]})",
      "\x03"s + R"({"errors":[{"code":1211,"message":"no secret-key here","solution":"choose"}]})",
  };
}

}  // namespace qmtl
