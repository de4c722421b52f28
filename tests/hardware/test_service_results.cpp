// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <functional>

#include "hardware/endpoints/ibm_request.h"
#include "hardware/endpoints/ibm_results.h"
#include "hardware/endpoints/ionq_results.h"
#include "hardware/formats/packed_array.h"
#include "hardware/formats/wire_tensor.h"
#include "tests/hardware/reading_program.h"

using namespace qmtl;

namespace {

const Redactor nothing_secret;

SortedJsonField answer_of(const std::string& body) { return parse_answer(body, "GET x", nothing_secret); }

DeviceJob job_of(int bits, std::size_t rows, std::int64_t shots) {
  std::vector<int> all;
  for (int q = 0; q < bits; ++q) all.push_back(q);
  DeviceProgram program = reading(bits, all);
  program.inputs = {"a0"};
  return {"tag", {{program, rows, std::vector<double>(rows, 0.5)}}, shots};
}

/// Must be refused as malformed, with a message that names the answer.
void check_malformed(const std::string& what, const std::function<void()>& read) {
  INFO(what);
  try {
    read();
  } catch (const EndpointError& error) {
    INFO(error.what());
    CHECK(error.fault() == EndpointFault::malformed);
    CHECK(std::string(error.what()).starts_with("GET x: "));
    CHECK(std::string(error.what()).size() < 600);
    return;
  }
  FAIL("expected an EndpointError");
}

std::string packed_result(const std::string& array, const std::string& bits = "9") {
  return R"({"__type__":"PrimitiveResult","__value__":{"pub_results":[{"__type__":"SamplerPubResult","__value__":)"
         R"({"data":{"__type__":"DataBin","__value__":{"field_names":["c"],"field_types":["BitArray"],"shape":[2],)"
         R"("fields":{"c":{"__type__":"BitArray","__value__":{"num_bits":)" +
         bits + R"(,"array":{"__type__":"ndarray","__value__":")" + array +
         R"("}}}}}},"metadata":{}}}],"metadata":{"version":2}}})";
}

std::string samples_result(const std::string& samples, const std::string& bits = "2") {
  return R"({"results":[{"data":{"c":{"samples":)" + samples + R"(,"num_bits":)" + bits +
         R"(}},"metadata":{}}],"metadata":{"version":2}})";
}

// base64(zlib(np.save(...))) of uint8 [[[1,5],[0,255],[0,2]],[[0,0],[1,0],[1,255]]], made by numpy 2: C
// order, Fortran order, format 2.0, as int64, and without the low byte.
const std::string numpy_c =
    "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGOgpGmjoKtQrkAS5G"
    "Vob/DEwMDIwMjP8B1Hgd3g==";
const std::string numpy_fortran =
    "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChIPKSpNBQoXZyQWpAK5GkY6CsY6CkaaOgq1CmQCLkYG"
    "BkYGRlaG/wxM/wHCzR2z";
const std::string numpy_2 =
    "eJyb7BfqGxDJxFDCwMBQrZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsY6CkaaOgq1CuQA"
    "LkZWhv8MTAwMjAyM/wGehh2d";
const std::string numpy_int64 =
    "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGOgpGmjoKtQrkAS5G"
    "BghgZUAF/9H4TAzYASMOPkw/AAioHZk=";
const std::string numpy_short =
    "eJyb7BfqGxDJyFDGUK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgrGOgqGmjoKtQrkAS5G"
    "BgYGRkYAIu0b2A==";

}  // namespace

TEST_CASE("IBM's packed results as numpy itself writes them are read bit by bit", "[results]") {
  const DeviceJob job = job_of(9, 2, 3);
  for (const std::string& array : {numpy_c, numpy_fortran, numpy_2}) {
    const JobResult result = read_ibm_results(answer_of(packed_result(array)), job);
    REQUIRE(result.counts.size() == 1);
    CHECK(result.counts[0] == std::vector<Counts>{{{"100000101", 1}, {"011111111", 1}, {"000000010", 1}},
                                                  {{"000000000", 1}, {"100000000", 1}, {"111111111", 1}}});
  }
}

TEST_CASE("IBM's samples are read by the row, or flat where there is one", "[results]") {
  const Counts expected{{"01", 2}, {"11", 1}};
  CHECK(read_ibm_results(answer_of(samples_result(R"([["0x1","0x3","0x1"],["0x0","0x2","0X2"]])")),
                         job_of(2, 2, 3))
            .counts[0] == std::vector<Counts>{expected, {{"00", 1}, {"10", 2}}});
  for (const char* samples : {R"(["0x1","0x3","0x01"])", R"([["0x1","0x3","0x01"]])"})
    CHECK(read_ibm_results(answer_of(samples_result(samples)), job_of(2, 1, 3)).counts[0][0] == expected);
  // More bits than a machine's word.
  const std::string wide = "0x1" + std::string(24, '0') + "F";
  CHECK(read_ibm_results(answer_of(samples_result("[\"" + wide + "\"]", "101")), job_of(101, 1, 1))
            .counts[0][0] == Counts{{"1" + std::string(96, '0') + "1111", 1}});
  const JobResult partial = read_ibm_results(answer_of(R"({"results":[]})"), job_of(2, 2, 3));
  CHECK(partial.missing.size() == 1);
  CHECK(partial.counts[0].size() == 2);
}

TEST_CASE("IBM's results that make no sense are refused with their place", "[results]") {
  const DeviceJob two = job_of(2, 1, 3);
  for (const char* body : {"",
                           "{",
                           "[",
                           "nul",
                           "\"text\"",
                           "7",
                           "[]",
                           "{}",
                           "{\"results\":7}",
                           "{\"results\":{}}",
                           "{\"results\":[7]}",
                           "{\"results\":[{}]}",
                           "{\"results\":[{\"data\":[]}]}",
                           "{\"results\":[{\"data\":{\"d\":{}}}]}",
                           "{\"results\":[{\"data\":{\"c\":7}}]}",
                           "{\"results\":[{},{}]}",
                           "{\"__type__\":\"PrimitiveResult\"}",
                           "{\"__type__\":\"Other\",\"__value__\":{}}",
                           "{\"__type__\":7}",
                           "{\"results\":[1e999]}",
                           "\xff\xfe{}",
                           "{\"results\":[{\"data\":{\"c\":{\"samples\":[\"0x1\",\"0x1\",\"0x1\"]}}}]}"})
    check_malformed(body, [&] { read_ibm_results(answer_of(body), two); });
  for (const char* samples :
       {"7", "{}", "[]", "[7,7,7]", "[null,null,null]", R"(["0x1","0x1"])", R"(["0x1","0x1","0x1","0x1"])",
        R"(["0x4","0x1","0x1"])", R"(["0x","0x1","0x1"])", R"(["3","0x1","0x1"])", R"(["0xg","0x1","0x1"])",
        R"(["-0x1","0x1","0x1"])", R"(["0x1",["0x1"],"0x1"])", R"([["0x1","0x1","0x1"],["0x1","0x1","0x1"]])",
        R"([[["0x1","0x1","0x1"]]])", R"(["0xffffffffffffffffffffffffffffffff","0x1","0x1"])",
        R"(["0x00000000000000000000000000000000000000000000000","0x1","0x1"])"})
    check_malformed(samples, [&] { read_ibm_results(answer_of(samples_result(samples)), two); });
  for (const char* bits : {"3", "1", "-2", "2.5", "1e300", "null", "\"2\"", "18446744073709551618"})
    check_malformed(
        bits, [&] { read_ibm_results(answer_of(samples_result(R"(["0x1","0x1","0x1"])", bits)), two); });
}

TEST_CASE("IBM's packed arrays that are damaged, of another shape or too large are refused", "[results]") {
  const DeviceJob job = job_of(9, 2, 3);
  const auto refused = [&](const std::string& what, const std::string& array) {
    check_malformed(what, [&] { read_ibm_results(answer_of(packed_result(array)), job); });
  };
  refused("nothing", "");
  refused("no base64", "%%%%");
  refused("base64 that was cut", numpy_c.substr(0, numpy_c.size() - 5));
  refused("no zlib", "AAAAAAAA");
  refused("another type", numpy_int64);
  refused("a byte too few of each shot", numpy_short);
  const auto packed = [](const std::vector<std::size_t>& shape, std::size_t bytes) {
    return pack_array({"|u1", shape, std::string(bytes, '\1')});
  };
  refused("rows and shots exchanged", packed({3, 2, 2}, 12));
  refused("one shot too many", packed({2, 4, 2}, 16));
  refused("flat", packed({12}, 12));
  refused("a hundred megabytes of zeros", packed({100'000'000}, 100'000'000));
  // A byte changed anywhere damages base64, zlib's checksum, numpy's header or nothing that is read.
  for (std::size_t i = 0; i < numpy_c.size(); ++i) {
    std::string array = numpy_c;
    array[i] = array[i] == 'A' ? 'B' : 'A';
    try {
      read_ibm_results(answer_of(packed_result(array)), job);
    } catch (const EndpointError& error) {
      CHECK(error.fault() == EndpointFault::malformed);
    }
  }
  for (const char* bits : {"8", "10", "0", "9.5"})
    check_malformed(bits, [&] { read_ibm_results(answer_of(packed_result(numpy_c, bits)), job); });
}

TEST_CASE("IonQ's forms of results become counts", "[results]") {
  // Bit 0 reads qubit 2, bit 1 reads qubit 0.
  const DeviceProgram program = reading(3, {2, 0});
  const IonqReading ten{program, 10};
  CHECK(round_ionq(answer_of(R"({"1":0.5,"4":0.3,"6":0.2})"), ten).counts == Counts{{"10", 5}, {"01", 5}});
  CHECK(round_ionq(answer_of(R"({"0":0.3333333333,"1":0.3333333333,"4":0.3333333334})"), ten).counts ==
        Counts{{"00", 3}, {"10", 3}, {"01", 4}});
  CHECK(count_ionq(answer_of(R"({"1":5,"4":3,"6":2,"7":0})"), ten).counts == Counts{{"10", 5}, {"01", 5}});
  const IonqReading two{program, 2};
  const IonqCounts shots =
      read_ionq_shots(answer_of(R"({"shots":[{"registers":{"q":[1,0,0]},"leakage_bits":[0,0,0]},)"
                                R"({"registers":{"q":[0,0,1]},"leakage_bits":[0,1,0]}]})"),
                      two);
  CHECK(shots.counts == Counts{{"10", 1}});
  CHECK(shots.dropped == 1);
  CHECK(read_ionq_shots(answer_of(R"(["1","4"])"), two).counts == Counts{{"10", 1}, {"01", 1}});
  const IonqReading many{program, 100'000};
  const IonqCounts sampled = sample_ionq(answer_of(R"({"1":0.25,"4":0.75})"), many, 7);
  // Six deviations of a share of 100 000 shots.
  CHECK(std::abs(static_cast<double>(sampled.counts.at("10")) - 25'000) < 6 * 137);
  CHECK(sample_ionq(answer_of(R"({"1":0.25,"4":0.75})"), many, 7).counts == sampled.counts);
  CHECK(sample_ionq(answer_of(R"({"1":0.25,"4":0.75})"), many, 8).counts != sampled.counts);
}

TEST_CASE("IonQ's results that make no sense are refused with their place", "[results]") {
  const DeviceProgram program = reading(3, {2, 0});
  const IonqReading ten{program, 10};
  for (const char* states :
       {"", "[]", "7", "{}", R"({"8":1})", R"({"-1":1})", R"({"x":1})", R"({"":1})", R"({"0":"1"})",
        R"({"0":2})", R"({"0":-0.5,"1":1.5})", R"({"0":0.5})", R"({"0":1e999})", R"({"0":null})",
        R"({"0":{}})", R"({"99999999999999999999999999999999999":1})", R"({"0":0.5,"1":0.6})"}) {
    check_malformed(states, [&] { round_ionq(answer_of(states), ten); });
    check_malformed(states, [&] { sample_ionq(answer_of(states), ten, 1); });
  }
  for (const char* counts : {"[]", "{}", R"({"0":9})", R"({"0":11})", R"({"0":5,"1":6})",
                             R"({"0":-1,"1":11})", R"({"0":9.5,"1":0.5})", R"({"8":10})", R"({"0":1e30})"})
    check_malformed(counts, [&] { count_ionq(answer_of(counts), ten); });
  const IonqReading one{program, 1};
  for (const char* shots :
       {"7", "{}", "[]", R"({"shots":{}})", R"({"shots":[]})", R"({"shots":[7]})", R"({"shots":[{}]})",
        R"(["8"])", R"(["0","0"])", R"({"shots":[{"registers":{}}]})",
        R"({"shots":[{"registers":{"q":[0,0]}}]})", R"({"shots":[{"registers":{"q":[0,0,2]}}]})",
        R"({"shots":[{"registers":{"q":[0,0,0],"r":[0]}}]})",
        R"({"shots":[{"registers":{"q":[0,0,0]},"leakage_bits":7}]})",
        R"({"shots":[{"registers":{"q":[0,0,0]},"leakage_bits":["x"]}]})"})
    check_malformed(shots, [&] { read_ionq_shots(answer_of(shots), one); });
}

TEST_CASE("JSON that is too deep or has too many values is not taken apart", "[results]") {
  check_malformed("deep", [] { answer_of(std::string(1'000'000, '[')); });
  check_malformed("deep and closed", [] { answer_of(std::string(200, '[') + std::string(200, ']')); });
  check_malformed("many", [] {
    std::string text = "[0";
    text.reserve(30'000'000);
    for (int i = 0; i < 13'000'000; ++i) text += ",0";
    answer_of(text + "]");
  });
  CHECK(answer_of(R"({"a": "[[[[{{{{,,,,\"[["})").at("a").text() == "[[[[{{{{,,,,\"[[");
}

TEST_CASE("A fault's place is named as people would write it", "[results]") {
  const SortedJsonField answer = answer_of(R"({"a":[{"b":1},{"b":"x"}],"n":3})");
  CHECK_THROWS_WITH(answer.at("a").at(std::size_t{1}).at("b").number(),
                    "GET x: a[1].b: expected a number, found \"x\"");
  CHECK_THROWS_WITH(answer.at("c"), "GET x: expected the field c, found none");
  CHECK_THROWS_WITH(answer.at("n").integer(4, 5), "GET x: n: expected a whole number from 4 to 5, found 3");
  CHECK_THROWS_WITH(answer.at("a").text(), "GET x: a: expected a text, found a list of 2");
  CHECK_THROWS_WITH(answer.at("a").at(std::size_t{2}), Catch::Contains("a: expected more than 2 elements"));
}

TEST_CASE("IBM's executor is sent an item per sweep, whose tensor has a row per execution", "[results]") {
  DeviceJob job = job_of(2, 2, 100);
  job.sweeps[0].values = {0.25, -1.5};
  job.sweeps.push_back(job_of(2, 1, 100).sweeps[0]);
  job.sweeps[1].program.inputs.clear();
  job.sweeps[1].program.ops.clear();
  IbmJobOptions options;
  options.backend = "device", options.max_seconds = 60;
  const nlohmann::json body = ibm_job_body(job, options);
  CHECK(body["program_id"] == "executor");
  CHECK(body["tags"].dump() == R"(["tag"])");
  CHECK(body["cost"] == 60);
  const auto& params = body["params"];
  CHECK(params["schema_version"] == "v2.0");
  CHECK(params["options"]["init_qubits"] == true);
  const auto& program = params["quantum_program"];
  CHECK(program["shots"] == 100);
  CHECK(program["meas_level"] == "classified");
  CHECK(program["passthrough_data"]["tag"] == "tag");
  REQUIRE(program["circuits"]["data"].size() == 2);
  REQUIRE(program["items"].size() == 2);
  CHECK(program["items"][0]["item_type"] == "circuit");
  CHECK(program["items"][0]["shape"].dump() == "[2]");
  const nlohmann::json arguments = program["items"][0]["circuit_arguments"];
  const WireTensor tensor = read_tensor(SortedJsonField(arguments, "t"), 1000);
  CHECK(tensor.dtype == "f64");
  CHECK(tensor.shape == std::vector<std::size_t>{2, 1});
  CHECK(doubles(tensor) == job.sweeps[0].values);
  CHECK(program["items"][1]["circuit_arguments"]["shape"].dump() == "[1,0]");
}

TEST_CASE("The executor's tensors are counts of the job whose tag came back with them, or refused",
          "[results]") {
  // Two rows of three shots of two bits, the first bit first: made by numpy.packbits(..., bitorder="little").
  const auto result = [](const std::string& data, const std::string& shape, const std::string& dtype,
                         const std::string& passed) {
    return R"({"schema_version":"v2.0","data":[{"results":{"c":{"data":")" + data + R"(","shape":)" + shape +
           R"(,"dtype":")" + dtype +
           R"("}},"metadata":{}}],"metadata":{"chunk_timing":[]},"passthrough_data":)" + passed + "}";
  };
  const DeviceJob job = job_of(2, 2, 3);
  const std::string bits = "eJy7yQMAAcAA5g==", tag = R"({"tag":"tag"})";
  const JobResult read = read_ibm_results(answer_of(result(bits, "[2,3,2]", "bool", tag)), job);
  CHECK(read.counts == std::vector<std::vector<Counts>>{{{{"01", 2}, {"10", 1}}, {{"00", 1}, {"11", 2}}}});
  for (const std::string& bad :
       {result(bits, "[2,3,2]", "bool", R"({"tag":"other"})"), result(bits, "[2,3,2]", "bool", "null"),
        result(bits, "[3,2,2]", "bool", tag), result(bits, "[2,2,3]", "bool", tag),
        result(bits, "[12]", "bool", tag), result("eJwDAAAAAAE=", "[0,3,2]", "bool", tag),
        result(bits, "[2]", "u8", tag), result("AAAA", "[2,3,2]", "bool", tag),
        std::string(R"({"schema_version":"v2.0","passthrough_data":)") + tag + "}"}) {
    check_malformed(bad, [&] { read_ibm_results(answer_of(bad), job); });
  }
}

TEST_CASE("IBM's body for the sampler is the form that old and strict services read alike", "[results]") {
  DeviceJob job = job_of(2, 2, 100);
  job.sweeps[0].values = {0.25, -1.5};
  IbmJobOptions options;
  options.program = IbmProgram::sampler;
  options.backend = "device";
  const auto body = ibm_job_body(job, options);
  CHECK(body["program_id"] == "sampler");
  CHECK(body["tags"].dump() == R"(["tag"])");
  CHECK_FALSE(body.contains("session_id"));
  CHECK_FALSE(body.contains("cost"));
  const auto& params = body["params"];
  CHECK(params["version"] == 2);
  CHECK(params["support_qiskit"] == false);
  CHECK(params.contains("options"));
  REQUIRE(params["pubs"].size() == 1);
  REQUIRE(params["pubs"][0].size() == 3);
  CHECK(params["pubs"][0][1].dump() == "[[0.25],[-1.5]]");
  CHECK(params["pubs"][0][2] == 100);

  options.packed_values = true, options.max_seconds = 60, options.session_id = "s1";
  const auto packed = ibm_job_body(job, options);
  const auto& values = packed["params"]["pubs"][0][1];
  CHECK(values["__type__"] == "ndarray");
  const NpyArray array = unpack_array(values["__value__"].get<std::string>(), 1000, "values");
  CHECK(array.type == "<f8");
  CHECK(array.shape == std::vector<std::size_t>{2, 1});
  CHECK(doubles(array) == job.sweeps[0].values);
  CHECK(packed["cost"] == 60);
  CHECK(packed["session_id"] == "s1");

  job.sweeps[0].program.ops = {{DeviceGate::rzz, 0, 1, {0.0, {{0, 1.0}}}}};
  CHECK_THROWS_WITH(ibm_job_body(job, options), Catch::Contains("row 1") && Catch::Contains("rzz"));
  job.sweeps[0].values[1] = 1.5;
  CHECK_NOTHROW(ibm_job_body(job, options));
  job.tag = std::string(87, 't');
  CHECK_THROWS_WITH(ibm_job_body(job, options), Catch::Contains("86"));
}
