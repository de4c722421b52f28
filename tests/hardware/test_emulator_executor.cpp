// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cmath>

#include "hardware/endpoints/ibm_request.h"
#include "hardware/formats/wire_tensor.h"
#include "tests/hardware/emulator_jobs.h"

using namespace qmtl;
using Json = nlohmann::json;

namespace {

Json tensor(std::vector<std::size_t> shape, const std::vector<double>& values) {
  return tensor_json<Json>(tensor_of_doubles(std::move(shape), values));
}

/// The small program with these arguments and item's shape.
Json executor_job(const Json& arguments, const Json& shape, const Json& more = Json::object()) {
  Json job{
      {"program_id", "executor"},
      {"backend", "emulated"},
      {"tags", {"a-tag"}},
      {"params",
       {{"schema_version", "v2.0"},
        {"quantum_program",
         {{"shots", 50},
          {"circuits", {{"data", Json::array({write_qasm3(small_program())})}}},
          {"items",
           Json::array({{{"item_type", "circuit"}, {"circuit_arguments", arguments}, {"shape", shape}}})},
          {"passthrough_data", {{"mine", {1, "two", nullptr}}}}}},
        {"options", Json::object()}}}};
  job.merge_patch(more);
  return job;
}

Json in_program(const Json& change) { return {{"params", {{"quantum_program", change}}}}; }

Json item(const Json& change) {
  Json entry{
      {"item_type", "circuit"}, {"circuit_arguments", tensor({1, 2}, {0.3, 1.1})}, {"shape", Json::array()}};
  entry.merge_patch(change);
  return in_program({{"items", Json::array({entry})}});
}

}  // namespace

TEST_CASE("The executor's counts are those of the same job for the sampler, and its data comes back",
          "[emulator]") {
  EmulatorClient client(at_once());
  const Json sampled = json_of(client.ibm("GET", "/jobs/" + submit_to(client, small_job()) + "/results"));
  const std::string id =
      submit_to(client, executor_job(tensor({2, 2}, {0.3, 1.1, 0.7, -0.4}), Json::array({2})));
  CHECK(json_of(client.ibm("GET", "/jobs/" + id))["program"]["id"] == "executor");
  const Json result = json_of(client.ibm("GET", "/jobs/" + id + "/results"));
  CHECK(result["schema_version"] == "v2.0");
  CHECK(result["passthrough_data"].dump() == R"({"mine":[1,"two",null]})");
  REQUIRE(result["metadata"]["chunk_timing"][0]["parts"].size() == 1);
  CHECK(result["metadata"]["chunk_timing"][0]["parts"][0]["size"] == 2);
  const Json packed = result["data"][0]["results"]["c"];
  CHECK(packed["shape"].dump() == "[2,50,3]");
  const WireTensor bits = read_tensor(SortedJsonField(packed, "c"), 1000);
  for (std::size_t row = 0; row < 2; ++row) {
    Counts counts;
    for (std::size_t shot = 0; shot < 50; ++shot) {
      std::string text;
      for (std::size_t bit = 3; bit-- > 0;) text += bits.bit((row * 50 + shot) * 3 + bit) ? '1' : '0';
      ++counts[text];
    }
    CHECK(counts == counts_of(sampled["results"][0]["data"]["c"]["samples"][row], 3));
  }
}

TEST_CASE("An item's shape repeats its arguments by numpy's rule", "[emulator]") {
  EmulatorClient client(at_once());
  struct Row {
    std::vector<std::size_t> arguments;
    Json shape;
    const char* result;
  };
  for (const Row& row :
       {Row{{2}, Json::array(), "[50,3]"}, Row{{1, 2}, Json::array(), "[1,50,3]"}, Row{{2}, {3}, "[3,50,3]"},
        Row{{2, 1, 2}, {4, 1, 3}, "[4,2,3,50,3]"}, Row{{2, 3, 2}, {1, 1}, "[2,3,50,3]"}}) {
    std::size_t elements = 1;
    for (std::size_t axis : row.arguments) elements *= axis;
    const std::string expected = row.result;
    CAPTURE(expected);
    const Json job = executor_job(tensor(row.arguments, std::vector<double>(elements, 0.4)), row.shape);
    const std::string id = submit_to(client, job);
    const Json result = json_of(client.ibm("GET", "/jobs/" + id + "/results"));
    CHECK(result["data"][0]["results"]["c"]["shape"].dump() == expected);
  }
}

TEST_CASE("What the executor does not understand is refused with place and reason", "[emulator]") {
  EmulatorOptions options;
  options.most_bytes = 1 << 16;
  EmulatorClient client(options);
  const Json good = tensor({1, 2}, {0.3, 1.1});
  struct Row {
    const char* what;
    Json change;
    const char* words;
  };
  const double nan = std::nan("");
  const Row rows[] = {
      {"another version", {{"params", {{"schema_version", "v1.0"}}}}, "v2.0"},
      {"an unknown key", in_program({{"shot", 5}}), "shot"},
      {"an unknown option", {{"params", {{"options", {{"twirl", true}}}}}}, "twirl"},
      {"no shots", in_program({{"shots", 0}}), "shots"},
      {"raw readings", in_program({{"meas_level", "kerneled"}}), "classified"},
      {"no items", in_program({{"items", Json::array()}}), "items"},
      {"two items for one circuit", in_program({{"items", Json::array({1, 2})}}), "items"},
      {"an unknown kind of item", item({{"item_type", "pub"}}), "circuit or samplex"},
      {"a samplex that is none", item({{"item_type", "samplex"}}), "circuit_arguments"},
      {"an unknown key of an item", item({{"shots", 5}}), "shots"},
      {"too few values", item({{"circuit_arguments", tensor({1, 1}, {0.1})}}), "2 numbers"},
      {"no axis", item({{"circuit_arguments", tensor({}, {0.1})}}), "2 numbers"},
      {"no rows", item({{"circuit_arguments", tensor({0, 2}, {})}}), "at least one"},
      {"values that are not finite", item({{"circuit_arguments", tensor({1, 2}, {0.1, nan})}}), "finite"},
      {"bytes that are not the shape's",
       item({{"circuit_arguments", {{"data", good["data"]}, {"shape", {2, 2}}, {"dtype", "f64"}}}}), "zlib"},
      {"a shape that does not fit",
       item({{"circuit_arguments", tensor({2, 2}, {0, 0, 0, 0})}, {"shape", {3}}}), "broadcast"},
      {"too many executions", item({{"shape", {1'000'000, 1'000'000}}}), "executions"},
      {"too many repetitions",
       in_program(
           {{"shots", 1}, {"items", item({{"shape", {9'000'000}}})["params"]["quantum_program"]["items"]}}),
       "bytes of angles"},
      {"QPY that is none", in_program({{"circuits", {{"data", nullptr}, {"b64_data", "AAAA"}}}}), "zlib"},
      {"a circuit that is none", in_program({{"circuits", {{"data", {"hello"}}}}}), "circuits"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const WireReply reply = client.ibm("POST", "/jobs", executor_job(good, Json::array(), row.change));
    CAPTURE(reply.body);
    CHECK(reply.status == 400);
    CHECK(reply.body.find(row.words) != std::string::npos);
    CHECK(reply.body.size() < 2000);
  }
  CHECK(client.ibm("POST", "/jobs", executor_job(good, Json::array())).status == 200);
}
