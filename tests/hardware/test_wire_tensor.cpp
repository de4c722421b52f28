// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "hardware/formats/wire_tensor.h"
#include "runtime/base/error.h"

using namespace qmtl;
using Json = nlohmann::json;

namespace {

WireTensor read(const Json& json, std::size_t most = 1000) {
  return read_tensor(SortedJsonField(json, "t"), most);
}

}  // namespace

TEST_CASE("Tensors of IBM's executor have the bytes that its own models make of numpy arrays", "[tensor]") {
  // ibm-quantum-schemas 0.13: CompressedTensorModel.from_numpy(...).model_dump_json() with numpy 2.4.
  struct Row {
    const char* what;
    const char* text;
    std::vector<double> values;
  };
  const Row rows[] = {
      {"doubles",
       R"({"data":"eJxjYACBC/ZgiuHHfgjN4RD5+cch+byljABSLgdI","shape":[2,2],"dtype":"f64"})",
       {0.25, -1.5, 3.0, 1e-300}},
      {"bits, the first lowest",
       R"({"data":"eJx7ygoAAdEA6w==","shape":[2,2,3],"dtype":"bool"})",
       {1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0}},
      {"bytes", R"({"data":"eJxjZ/gPAAEXAQc=","shape":[3],"dtype":"u8"})", {7, 0, 255}},
      {"nothing", R"({"data":"eJwDAAAAAAE=","shape":[2,0],"dtype":"f64"})", {}},
      {"whole numbers", R"({"data":"eJz79x8CWBkgAABjxAf9","shape":[2],"dtype":"i64"})", {-2, 5}},
      {"floats", R"({"data":"eJxjYDhgz8DQsA8AB4ECPg==","shape":[2],"dtype":"f32"})", {1.5, -0.25}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Json json = Json::parse(row.text);
    const WireTensor tensor = read(json);
    CHECK(doubles(tensor) == row.values);
    // And back: what is packed here is read as the same.
    const Json packed = tensor_json<Json>(tensor);
    CHECK(packed["shape"] == json["shape"]);
    CHECK(packed["dtype"] == json["dtype"]);
    CHECK(read(packed).bytes == tensor.bytes);
    if (tensor.dtype == "f64") CHECK(tensor_of_doubles(tensor.shape, row.values).bytes == tensor.bytes);
    if (tensor.dtype == "bool") {
      WireTensor bits = tensor_of_bits(tensor.shape);
      for (std::size_t i = 0; i < row.values.size(); ++i)
        if (row.values[i] != 0) set_bit(bits, i);
      CHECK(bits.bytes == tensor.bytes);
      CHECK(bits.bytes == std::string("\xe5\x05"));
    }
  }
}

TEST_CASE("Tensors that are not what they say are refused with their place", "[tensor]") {
  const Json good = Json::parse(R"({"data":"eJx7ygoAAdEA6w==","shape":[2,2,3],"dtype":"bool"})");
  struct Row {
    Json change;
    const char* words;
  };
  for (const Row& row :
       {Row{{{"dtype", "f65"}}, "dtype"}, Row{{{"shape", {2, 2, 30}}}, "data"},
        Row{{{"shape", {2, 2, -3}}}, "shape"}, Row{{{"shape", 12}}, "shape"},
        Row{{{"shape", {100'000, 100'000, 100'000}}}, "shape"}, Row{{{"data", "%"}}, "base64"},
        Row{{{"data", "AAAA"}}, "zlib"}, Row{{{"data", 5}}, "data"},
        Row{{{"shape", Json(std::vector<int>(33, 1))}}, "32 axes"}}) {
    CAPTURE(row.change.dump());
    Json bad = good;
    bad.update(row.change);
    CHECK_THROWS_WITH(read(bad), Catch::Contains(row.words));
  }
  CHECK_THROWS_AS(read(Json::array()), Error);
  CHECK_THROWS_AS(read(good, 1), Error);
  CHECK_THROWS_AS(doubles(WireTensor{"c128", {1}, std::string(16, '\0')}), Error);
}
