// SPDX-License-Identifier: Apache-2.0
#include "io/runs/manifest.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;

std::string hash_of(const Json& checkpoints) {
  Sha256 hash;
  hash.update_text(checkpoints.dump());
  return hash.hex();
}

}  // namespace

std::string manifest_text(const std::vector<ManifestEntry>& entries) {
  Json list = Json::array();
  for (const ManifestEntry& entry : entries)
    list.push_back({{"file", entry.file},
                    {"step", entry.step},
                    {"epoch", entry.epoch},
                    {"bytes", entry.bytes},
                    {"content_hash", entry.content_hash}});
  const Json root{
      {"format", "qmtl-manifest"}, {"version", 1}, {"checkpoints", list}, {"check", hash_of(list)}};
  return root.dump(2) + "\n";
}

std::vector<ManifestEntry> parse_manifest(const std::string& text, const std::string& file) {
  const Json json = parse_json(text, file);
  const JsonField root(json, file);
  require_json_format(root, "qmtl-manifest", 1);
  const auto list = root.at("checkpoints").list();
  if (root.at("check").text() != hash_of(json.at("checkpoints")))
    root.at("check").wrong("the hash of the list of checkpoints");
  std::vector<ManifestEntry> entries;
  for (const JsonField& field : list)
    entries.push_back({field.at("file").text(), field.at("step").count(),
                       static_cast<int>(field.at("epoch").integer(0, std::numeric_limits<int>::max())),
                       static_cast<std::uint64_t>(field.at("bytes").count()),
                       field.at("content_hash").text()});
  return entries;
}

}  // namespace qmtl
