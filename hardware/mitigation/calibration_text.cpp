// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/calibration_text.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;
constexpr int calibration_format = 1;

double probability(const Json& value) {
  const double number = value.get<double>();
  if (!(number >= 0.0 && number <= 1.0))
    throw data_error("expected a probability of 0 .. 1, found " + value.dump());
  return number;
}

void read_qubit(const Json& entry, ReadoutCalibration& calibration) {
  QubitReadout& qubit = calibration.qubits[entry.at("qubit").get<int>()];
  qubit.error = {probability(entry.at("p1_given_0")), probability(entry.at("p0_given_1"))};
  entry.at("shots").get_to(qubit.shots);
}

void read_pair(const Json& entry, ReadoutCalibration& calibration) {
  const auto qubits = entry.at("qubits").get<std::pair<int, int>>();
  if (qubits.first >= qubits.second || !calibration.qubits.contains(qubits.first) ||
      !calibration.qubits.contains(qubits.second))
    throw data_error("pair " + entry.at("qubits").dump() + ": expected two calibrated qubits, ascending");
  PairReadout& pair = calibration.pairs[qubits];
  const auto& rows = entry.at("assignment");
  for (std::size_t read = 0; read < 4; ++read)
    for (std::size_t prepared = 0; prepared < 4; ++prepared)
      pair.assignment[read][prepared] = probability(rows.at(read).at(prepared));
  for (std::size_t prepared = 0; prepared < 4; ++prepared) {
    double sum = 0.0;
    for (std::size_t read = 0; read < 4; ++read) sum += pair.assignment[read][prepared];
    if (std::abs(sum - 1.0) > 1e-9)
      throw data_error("pair " + entry.at("qubits").dump() + ": expected columns that sum to 1");
  }
  entry.at("shots").get_to(pair.shots);
}

}  // namespace

std::string calibration_text(const CalibrationRecord& record) {
  Json qubits = Json::array(), pairs = Json::array();
  for (const auto& [qubit, readout] : record.calibration.qubits)
    qubits.push_back({{"qubit", qubit},
                      {"p1_given_0", readout.error.p1_given_0},
                      {"p0_given_1", readout.error.p0_given_1},
                      {"shots", readout.shots}});
  for (const auto& [pair, readout] : record.calibration.pairs)
    pairs.push_back({{"qubits", pair}, {"assignment", readout.assignment}, {"shots", readout.shots}});
  const Json text{{"format", calibration_format}, {"place", record.place}, {"backend", record.backend},
                  {"time", record.time},          {"qubits", qubits},      {"pairs", pairs}};
  return text.dump(1) + "\n";
}

CalibrationRecord parse_calibration(const std::string& text, const std::string& file) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format").get<int>() != calibration_format)
      throw data_error("expected format " + std::to_string(calibration_format) + ", found " +
                       json.at("format").dump());
    CalibrationRecord record{json.at("place").get<std::string>(),
                             json.at("backend").get<std::string>(),
                             json.at("time").get<std::int64_t>(),
                             {}};
    for (const Json& entry : json.at("qubits")) read_qubit(entry, record.calibration);
    for (const Json& entry : json.at("pairs")) read_pair(entry, record.calibration);
    return record;
  } catch (const std::exception& error) {
    throw data_error(file + ": not a readout calibration (" + error.what() +
                     "); remove it to calibrate again");
  }
}

bool still_good(const CalibrationRecord& record, const std::string& place, const std::string& backend,
                std::span<const int> qubits, std::span<const std::pair<int, int>> pairs, std::int64_t now,
                std::int64_t age) {
  const ReadoutCalibration& known = record.calibration;
  return record.place == place && record.backend == backend && record.time <= now &&
         now - record.time <= age &&
         std::all_of(qubits.begin(), qubits.end(), [&](int q) { return known.qubits.contains(q); }) &&
         std::all_of(pairs.begin(), pairs.end(), [&](const auto& p) { return known.pairs.contains(p); });
}

}  // namespace qmtl
