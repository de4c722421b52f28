// SPDX-License-Identifier: Apache-2.0
#include "io/runs/run_status.h"

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/files/atomic_file.h"
#include "runtime/base/json_field.h"

namespace qmtl {
double wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(std::chrono::floor<std::chrono::milliseconds>(now)).count();
}

std::string to_json(const RunStatus& status) {
  nlohmann::ordered_json json;
  json["format"] = "qmtl-status";
  json["version"] = 1;
  json["state"] = status.state;
  json["message"] = status.message;
  json["host"] = status.host;
  json["process"] = status.process;
  json["ranks"] = status.ranks;
  json["threads"] = status.threads;
  json["epoch"] = status.epoch;
  json["epochs"] = status.epochs;
  json["step"] = status.step;
  json["steps"] = status.steps;
  json["loss"] = json_number(status.loss);
  json["samples_per_second"] = json_number(status.samples_per_second);
  json["seconds_left"] = json_number(status.seconds_left);
  json["started"] = status.started;
  json["updated"] = status.updated;
  json["alive"] = status.alive;
  return json_text(json, 2) + "\n";
}

namespace {

int small(const JsonField& field) {
  return static_cast<int>(field.integer(0, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

RunStatus read_status(const std::string& path) {
  return parse_status(read_file(path, most_text_bytes), path);
}

RunStatus parse_status(const std::string& text, const std::string& path) {
  const nlohmann::ordered_json parsed = parse_json(text, path);
  const JsonField root(parsed, path);
  require_json_format(root, "qmtl-status", 1);
  RunStatus status;
  status.state = root.at("state").text();
  status.message = root.at("message").text();
  status.host = root.at("host").text();
  status.process = small(root.at("process"));
  status.ranks = small(root.at("ranks"));
  status.threads = small(root.at("threads"));
  status.epoch = small(root.at("epoch"));
  status.epochs = small(root.at("epochs"));
  status.step = root.at("step").count();
  status.steps = root.at("steps").count();
  status.loss = root.at("loss").number_or_nan();
  status.samples_per_second = root.at("samples_per_second").number_or_nan();
  status.seconds_left = root.at("seconds_left").number_or_nan();
  status.started = root.at("started").number();
  status.updated = root.at("updated").number();
  if (const auto alive = root.find("alive")) status.alive = alive->number();
  return status;
}

}  // namespace qmtl
