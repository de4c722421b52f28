// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/ibm_estimator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hardware/emulator/broadcast.h"
#include "hardware/emulator/ibm_circuit.h"
#include "hardware/emulator/ibm_request.h"
#include "hardware/emulator/ibm_results.h"
#include "hardware/formats/packed_array.h"

namespace qmtl {
namespace {

using Json = nlohmann::json;
/// A weighted sum of Pauli strings, qubit 0 rightmost.
using Observable = std::map<std::string, double>;

struct EstimatorPub {
  EmulatedRun run;  ///< without measurements
  std::vector<std::size_t> shape;
  std::vector<Observable> observables;
  double precision = 0;

  /// Strings that are read, in the order of their runs: all but the identity.
  std::vector<std::string> strings() const {
    std::map<std::string, bool> found;
    for (const Observable& observable : observables)
      for (const auto& [text, factor] : observable)
        if (text.find_first_not_of('I') != std::string::npos) found[text] = true;
    std::vector<std::string> list;
    for (const auto& [text, used] : found) list.push_back(text);
    return list;
  }
};

void append_observables(const SortedJsonField& field, std::size_t depth, EstimatorPub& pub) {
  if (field.is_list()) {
    const auto entries = field.list();
    if (entries.empty()) field.wrong("at least one observable");
    if (pub.observables.empty() && depth == pub.shape.size()) pub.shape.push_back(entries.size());
    if (depth >= pub.shape.size() || pub.shape[depth] != entries.size()) field.wrong("lists of equal length");
    for (const SortedJsonField& entry : entries) append_observables(entry, depth + 1, pub);
    return;
  }
  if (depth != pub.shape.size()) field.wrong("lists of equal depth");
  Observable observable;
  if (field.is_text()) observable[field.text()] = 1;
  if (!field.is_text())
    for (const auto& [text, factor] : field.members()) observable[text] = factor.number();
  const auto qubits = static_cast<std::size_t>(pub.run.sweep.program.qubits);
  for (const auto& [text, factor] : observable)
    if (text.size() != qubits || text.find_first_not_of("IXYZ") != std::string::npos)
      field.wrong("strings of I, X, Y and Z for the circuit's " + std::to_string(qubits) + " qubits",
                  "'" + text.substr(0, 40) + "'");
  pub.observables.push_back(std::move(observable));
}

EstimatorPub read_pub(const SortedJsonField& field, double precision, const EmulatorOptions& options) {
  const auto parts = field.list();
  if (parts.size() < 2 || parts.size() > 4)
    field.wrong("[circuit, observables, parameter values, precision]");
  EstimatorPub pub;
  pub.run = read_ibm_circuit(parts[0], options, false);
  if (!pub.run.sweep.program.measured.empty()) parts[0].wrong("a circuit without measurements", "some");
  append_observables(parts[1], 0, pub);
  if (parts.size() > 2) read_ibm_values(parts[2], options.most_bytes, pub.run);
  if (pub.run.sweep.values.empty() && !pub.run.sweep.program.inputs.empty())
    field.wrong("values for the parameters of the circuit");
  check_ibm_values(pub.run, field, options);
  pub.precision = parts.size() > 3 && !parts[3].is_null() ? parts[3].number() : precision;
  if (!(pub.precision > 0) || pub.precision > 1) field.wrong("a precision above 0 and up to 1");
  if (!broadcast(pub.shape, pub.run.shape)) parts[1].wrong("observables that broadcast with the values");
  return pub;
}

std::vector<EstimatorPub> read_pubs(const SortedJsonField& params, const EmulatorOptions& options) {
  double precision = 1.0 / 64;
  if (const auto given = params.find("options"))
    if (const auto field = given->find("default_precision")) precision = field->number();
  std::vector<EstimatorPub> pubs;
  for (const SortedJsonField& pub : params.at("pubs").list())
    pubs.push_back(read_pub(pub, precision, options));
  if (pubs.empty()) params.at("pubs").wrong("at least one circuit");
  return pubs;
}

/// The circuit with the string's letters turned to Z and read.
EmulatedRun reading_run(const EstimatorPub& pub, const std::string& string) {
  EmulatedRun run = pub.run;
  run.shots = static_cast<std::int64_t>(std::ceil(1 / (pub.precision * pub.precision)));
  constexpr double quarter = std::numbers::pi / 2;
  for (std::size_t q = 0; q < string.size(); ++q) {
    const char letter = string[string.size() - 1 - q];
    const int qubit = static_cast<int>(q);
    if (letter == 'I') continue;
    if (letter == 'X') run.sweep.program.ops.push_back({device_rotation("Y"), qubit, -1, {-quarter, {}}});
    if (letter == 'Y') run.sweep.program.ops.push_back({device_rotation("X"), qubit, -1, {quarter, {}}});
    run.sweep.program.measured.push_back(qubit);
  }
  run.registers = {{"read", static_cast<int>(run.sweep.program.measured.size())}};
  run.readings.clear();
  return run;
}

/// The mean of the product of all signs.
double parity_mean(const Counts& counts) {
  double sum = 0, shots = 0;
  for (const auto& [bits, count] : counts) {
    const bool odd = std::count(bits.begin(), bits.end(), '1') % 2 != 0;
    sum += odd ? -static_cast<double>(count) : static_cast<double>(count);
    shots += static_cast<double>(count);
  }
  return shots > 0 ? sum / shots : 0;
}

Json packed(const std::vector<std::size_t>& shape, const std::vector<double>& values) {
  return typed("ndarray", pack_array(npy_doubles(shape, values)));
}

}  // namespace

void read_ibm_estimator(const SortedJsonField& params, const EmulatorOptions& options, EmulatedJob& job) {
  only(params, {"pubs", "version", "support_qiskit", "options", "resilience_level", "precision"});
  if (const auto version = params.find("version")) version->integer(2, 2);
  for (const EstimatorPub& pub : read_pubs(params, options))
    for (const std::string& string : pub.strings()) {
      job.runs.push_back(reading_run(pub, string));
      check_ibm_executions(job);
    }
}

Json ibm_estimator_results(const EmulatedJob& job, const EmulatorOptions& options,
                           const std::vector<std::vector<Counts>>& counts) {
  Json results = Json::array();
  std::size_t first = 0;
  for (const EstimatorPub& pub : read_pubs(request_fields(job.request).at("params"), options)) {
    const std::vector<std::string> strings = pub.strings();
    const auto shape = broadcast(pub.shape, pub.run.shape).value();
    std::vector<double> means, errors;
    for (std::size_t e = 0; e < elements_of(shape); ++e) {
      const std::size_t row = broadcast_element(e, shape, pub.run.shape);
      double mean = 0, variance = 0;
      for (const auto& [text, factor] : pub.observables[broadcast_element(e, shape, pub.shape)]) {
        const auto at = std::lower_bound(strings.begin(), strings.end(), text);
        if (at == strings.end() || *at != text) {
          mean += factor;  // the identity
          continue;
        }
        const std::size_t run = first + static_cast<std::size_t>(at - strings.begin());
        const double value = run < counts.size() ? parity_mean(counts[run][row]) : 0;
        mean += factor * value;
        variance += factor * factor * (1 - value * value) / static_cast<double>(job.runs[run].shots);
      }
      means.push_back(mean);
      errors.push_back(std::sqrt(variance));
    }
    first += strings.size();
    const Json fields{{"evs", packed(shape, means)},
                      {"stds", packed(shape, errors)},
                      {"ensemble_standard_error", packed(shape, errors)}};
    const Json data{
        {"field_names", {"evs", "stds", "ensemble_standard_error"}}, {"shape", shape}, {"fields", fields}};
    results.push_back(typed("PubResult", {{"data", typed("DataBin", data)},
                                          {"metadata", {{"target_precision", pub.precision}}}}));
  }
  return typed("PrimitiveResult", {{"pub_results", results}, {"metadata", {{"version", 2}}}});
}

}  // namespace qmtl
