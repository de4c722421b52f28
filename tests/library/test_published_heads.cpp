// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "qmtl/qmtl.h"
#include "runtime/base/file.h"
#include "runtime/base/json_field.h"

namespace {

std::vector<double> numbers(const qmtl::JsonField& one, const char* key) {
  std::vector<double> list;
  for (const qmtl::JsonField& number : one.at(key).list()) list.push_back(number.number());
  return list;
}

/// A few hundred gates in double, values of at most 1 and slopes of at most some tens: 1e-12; the published
/// numbers are rounded to 13 digits.
void check_close(const std::vector<double>& found, const std::vector<double>& expected, const char* what) {
  REQUIRE(found.size() == expected.size());
  double apart = 0.0;
  for (std::size_t i = 0; i < found.size(); ++i) apart = std::max(apart, std::abs(found[i] - expected[i]));
  INFO(what);
  CHECK(apart <= 1e-11);
}

}  // namespace

TEST_CASE("Published heads have the logits and slopes of circuits that another library built", "[library]") {
  const std::string file = std::string(QMTL_SOURCE_DIR) + "/tests/circuit/published/heads.json";
  const qmtl::JsonField all = qmtl::JsonField::parse(qmtl::read_file(file), qmtl::json_file(file));
  REQUIRE(all.list().size() == 2);
  for (const qmtl::JsonField& one : all.list()) {
    INFO(one.at("name").text());
    std::vector<qmtl::LabelledTask> tasks;
    for (const qmtl::JsonField& task : one.at("tasks").list())
      tasks.push_back(
          {task.at("name").text(), task.at("kind").text(), static_cast<int>(task.at("outputs").count())});
    qmtl::TaskHead head = qmtl::TaskHead(tasks, one.at("configuration").text()).with_precision("double");
    const auto rows = static_cast<std::size_t>(one.at("rows").count());
    const std::vector<double> parameters = numbers(one, "parameters"), z = numbers(one, "z"),
                              slopes = numbers(one, "slopes");
    // Nothing but the circuit's own numbers is trained: the expectation is the logit.
    REQUIRE(head.parameters().size() == parameters.size());
    REQUIRE(z.size() == rows * head.width());
    head.set_parameters(parameters);
    std::vector<double> logits(rows * head.outputs()), dz(z.size()), dparameters(parameters.size());
    head.forward(z, logits);
    check_close(logits, numbers(one, "logits"), "logits");
    head.vjp(z, slopes, dz, dparameters);
    check_close(dz, numbers(one, "z_gradient"), "gradient of z");
    check_close(dparameters, numbers(one, "parameter_gradient"), "gradient of parameters");
  }
}
