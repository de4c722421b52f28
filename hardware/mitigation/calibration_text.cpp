// SPDX-License-Identifier: Apache-2.0
#include "hardware/mitigation/calibration_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/error.h"
#include "runtime/base/json_field.h"

namespace qmtl {
namespace {

using Json = nlohmann::ordered_json;
constexpr int calibration_format = 1;

double probability(const SortedJsonField& field) {
  const double number = field.number();
  if (!(number >= 0.0 && number <= 1.0)) field.wrong("a probability of 0 .. 1");
  return number;
}

int small(const SortedJsonField& field) {
  return static_cast<int>(field.integer(0, std::numeric_limits<int>::max()));
}

void read_shots(const SortedJsonField& field, std::span<std::uint64_t> shots) {
  if (field.size() != shots.size()) field.wrong("a list of " + std::to_string(shots.size()));
  for (std::size_t i = 0; i < shots.size(); ++i) shots[i] = static_cast<std::uint64_t>(field.at(i).count());
}

void read_qubit(const SortedJsonField& entry, ReadoutCalibration& calibration) {
  QubitReadout& qubit = calibration.qubits[small(entry.at("qubit"))];
  qubit.error = {probability(entry.at("p1_given_0")), probability(entry.at("p0_given_1"))};
  read_shots(entry.at("shots"), qubit.shots);
}

void read_pair(const SortedJsonField& entry, ReadoutCalibration& calibration) {
  const SortedJsonField named = entry.at("qubits");
  const std::pair qubits{small(named.at(std::size_t{0})), small(named.at(std::size_t{1}))};
  if (named.size() != 2 || qubits.first >= qubits.second || !calibration.qubits.contains(qubits.first) ||
      !calibration.qubits.contains(qubits.second))
    named.wrong("two calibrated qubits, ascending", named.shown());
  PairReadout& pair = calibration.pairs[qubits];
  const SortedJsonField rows = entry.at("assignment");
  for (std::size_t read = 0; read < 4; ++read)
    for (std::size_t prepared = 0; prepared < 4; ++prepared)
      pair.assignment[read][prepared] = probability(rows.at(read).at(prepared));
  for (std::size_t prepared = 0; prepared < 4; ++prepared) {
    double sum = 0.0;
    for (std::size_t read = 0; read < 4; ++read) sum += pair.assignment[read][prepared];
    if (std::abs(sum - 1.0) > 1e-9)
      rows.wrong("columns that sum to 1", "one that sums to " + std::to_string(sum));
  }
  read_shots(entry.at("shots"), pair.shots);
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
  JsonSource source;
  source.name = file;
  source.fail = [](const std::string& message) {
    throw data_error(message + "; the readout calibration is damaged, remove it to calibrate again");
  };
  const auto json = SortedJsonField::parse(text, source);
  json.at("format").integer(calibration_format, calibration_format);
  CalibrationRecord record{json.at("place").text(), json.at("backend").text(), json.at("time").count(), {}};
  for (const SortedJsonField& entry : json.at("qubits").list()) read_qubit(entry, record.calibration);
  for (const SortedJsonField& entry : json.at("pairs").list()) read_pair(entry, record.calibration);
  return record;
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
