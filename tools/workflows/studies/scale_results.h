// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/config/scale_file.h"
#include "runtime/model/statistics.h"
#include "tools/workflows/training/results.h"

namespace qmtl {

/// A constructed model: a variant with so many tasks.
struct CountedModel {
  std::size_t variant = 0;
  int tasks = 0, width = 0;
  ParameterCount parameters;
};

struct ScaleTrial {
  CountedModel size;
  double accuracy = 0, seconds_per_step = 0;
  std::int64_t memory = 0;  ///< bytes; -1: unknown
  std::string run_hash;
};

/// Of log parameters over log tasks.
struct ScaleSlope {
  std::size_t variant = 0;
  std::string of;  ///< head or total
  Line line;
};

struct ScaleResult {
  std::vector<CountedModel> counted;
  std::vector<ScaleSlope> slopes;
  std::vector<ScaleTrial> trained;
};

/// A slope for each variant, of its head and of the whole model.
std::vector<ScaleSlope> fit_slopes(const ScaleSpec& spec, const std::vector<CountedModel>& counted);

nlohmann::ordered_json scale_json(const ScaleSpec& spec, const ScaleResult& result);
/// Tables in Markdown.
std::string scale_table(const ScaleSpec& spec, const ScaleResult& result);

}  // namespace qmtl
