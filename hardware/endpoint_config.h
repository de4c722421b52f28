// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hardware/endpoint.h"
#include "runtime/noise/noise_model.h"

namespace qmtl {

/// What a user wrote about an endpoint: `key = value` lines, as text. Getters mark keys as known; finish()
/// refuses the others. Messages name file and key.
class EndpointSettings {
 public:
  EndpointSettings(std::string file, std::map<std::string, std::string> values)
      : file_(std::move(file)), values_(std::move(values)) {}

  bool has(const std::string& key);
  /// Throws Error (usage) if the key is missing.
  std::string text(const std::string& key);
  std::string text(const std::string& key, const std::string& otherwise);
  double number(const std::string& key, double otherwise);
  std::int64_t integer(const std::string& key, std::int64_t otherwise);
  bool boolean(const std::string& key, bool otherwise);
  /// Throws Error (usage) for the first key nobody asked for, with those that are known.
  void finish() const;
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  std::map<std::string, std::string> values_;
  std::set<std::string> known_;
};

struct EndpointConfig {
  std::string kind;
  EndpointSettings settings;
  NoiseModel noise;  ///< of the local simulator (key "noise"), read by the caller
  /// How well the device works (key "properties"), read by the caller; nothing: as the endpoint says itself.
  std::optional<DeviceProperties> properties = {};
};

/// One row per kind of endpoint.
struct EndpointKind {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Endpoint> (*make)(EndpointConfig config);
  /// A service that chooses qubits itself has no use for what is known of them.
  bool takes_properties = true;
};

std::span<const EndpointKind> endpoint_table();
/// Throws Error (usage) with the kinds and the nearest of them.
std::unique_ptr<Endpoint> make_endpoint(EndpointConfig config);

}  // namespace qmtl
