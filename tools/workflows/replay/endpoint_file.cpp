// SPDX-License-Identifier: Apache-2.0
#include "tools/workflows/replay/endpoint_file.h"

#include <algorithm>
#include <filesystem>

#include "hardware/transpile/properties_json.h"
#include "io/config/toml_tools.h"
#include "io/files/atomic_file.h"
#include "io/sources/inflate.h"
#include "tools/workflows/training/load.h"

namespace qmtl {
namespace {

/// A TOML value as the text that EndpointSettings reads.
std::string plain_text(const toml::node& node, const std::string& file, const std::string& key) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (node.is_number() || node.is_boolean()) return written_value(node);
  wrong_value(node, file, key, "a text, number, true or false");
}

}  // namespace

DeviceProperties load_properties(const std::string& file) {
  return parse_properties(inflate_file(file, "the properties of a device"), file);
}

EndpointConfig read_endpoint(const std::string& text) {
  const auto kinds = endpoint_table();
  if (std::any_of(kinds.begin(), kinds.end(), [&](const EndpointKind& kind) { return kind.name == text; }))
    return {text, EndpointSettings("--endpoint " + text, {}), {}};
  const toml::table table = parse_toml(read_file(text), text);
  std::map<std::string, std::string> values;
  for (const Entry& entry : in_file_order(table))
    values[std::string(entry.key->str())] = plain_text(*entry.node, text, std::string(entry.key->str()));
  if (!values.count("kind")) throw usage_error(text + ": expected a key kind, for example kind = \"exact\"");
  const std::string kind = values["kind"];
  values.erase("kind");
  const auto beside = [&](const std::string& file) {
    return (std::filesystem::path(text).parent_path() / file).string();
  };
  NoiseModel noise;
  std::optional<DeviceProperties> properties;
  const std::string noise_file = values.count("noise") ? values["noise"] : "";
  if (values.count("noise")) {
    noise = load_noise(beside(values["noise"]));
    values.erase("noise");
  }
  // What a simulated device's errors are made from says which of its parts are good.
  const bool both = kind == "noisy" && values.count("target") && noise_file.ends_with(".json");
  if (both && !values.count("properties")) properties = load_properties(beside(noise_file));
  if (values.count("properties")) {
    const std::string file = values["properties"];
    properties = file == "none" ? DeviceProperties{} : load_properties(beside(file));
    values.erase("properties");
  }
  return {kind, EndpointSettings(text, std::move(values)), std::move(noise), std::move(properties)};
}

}  // namespace qmtl
