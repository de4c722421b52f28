// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/partition.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/noise/schedule.h"

namespace qmtl {
namespace {

double density_bytes(int peak) { return std::ldexp(8.0, 2 * peak); }
double state_bytes(int peak) { return std::ldexp(16.0, peak); }

std::string size_text(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit < 6) bytes /= 1024, ++unit;
  return significant(bytes, 3) + " " + units[unit];
}

/// Bits of the string's qubits among `measured`.
std::vector<int> bits_of(const ZString& string, const std::vector<int>& measured) {
  std::vector<int> bits;
  for (int qubit : string.qubits)
    bits.push_back(static_cast<int>(std::find(measured.begin(), measured.end(), qubit) - measured.begin()));
  return bits;
}

/// What the parts of one block are made from.
struct BlockWork {
  const Circuit& circuit;
  const NoiseTable& noise;
  const NoisyOptions& options;
  std::vector<Timed> timed;  ///< shared stage and block
  int block = 0, first_output = 0;

  NoisyRun part(const std::vector<int>& measured, bool release) const {
    NoisyRun made;
    made.program = make_program(timed, circuit.qubits, measured, noise, release);
    made.about = {block, measured, NoisyMethod::density, static_cast<int>(made.program.cone.size()),
                  made.program.peak};
    return made;
  }
  const std::vector<int>& qubits() const { return circuit.blocks[static_cast<std::size_t>(block)].qubits; }

  /// All strings of the block that `takes` accepts, as read from `part`.
  template <class Takes>
  void add_strings(NoisyRun& part, Takes takes) const {
    int output = first_output;
    for (const Readout& readout : circuit.blocks[static_cast<std::size_t>(block)].outputs) {
      for (const ZString& string : readout.strings)
        if (takes(string))
          part.strings.push_back(
              {output, bits_of(string, part.about.measured), string.weight, string.weight_param});
      ++output;
    }
  }
  NoisyRun whole(bool release) const {
    NoisyRun made = part(qubits(), release);
    add_strings(made, [](const ZString&) { return true; });
    return made;
  }

  /// One part per set of qubits that occurs in a string.
  std::vector<NoisyRun> by_strings() const {
    std::map<std::vector<int>, NoisyRun> parts;
    for (const Readout& readout : circuit.blocks[static_cast<std::size_t>(block)].outputs)
      for (const ZString& string : readout.strings) {
        std::vector<int> set = string.qubits;
        if (set.empty()) set.push_back(qubits().front());
        if (!parts.contains(set)) parts.emplace(set, part(set, false));
      }
    std::vector<NoisyRun> list;
    for (auto& [set, made] : parts) {
      add_strings(made, [&, &set = set](const ZString& string) {
        return string.qubits == set || (string.qubits.empty() && set == std::vector{qubits().front()});
      });
      list.push_back(std::move(made));
    }
    return list;
  }

  bool fits_density(const NoisyRun& made) const {
    const int limit = options.method == NoisyMethod::automatic ? options.density_qubits : 31;
    return made.about.peak <= limit && density_bytes(made.about.peak) <= static_cast<double>(options.bytes);
  }

  [[noreturn]] void refuse(const NoisyRun& made) const {
    const std::string at_once = std::to_string(made.about.peak);
    const bool density = options.method == NoisyMethod::density;
    const bool state_fits = state_bytes(made.about.peak) <= static_cast<double>(options.bytes);
    std::string text = "noisy simulation of block " + std::to_string(block) + ": its backward cone has " +
                       std::to_string(made.about.cone) + " qubits, " + at_once + " of them alive at once; " +
                       (density ? "a density matrix needs 8 * 4^" + at_once +
                                      " bytes = " + size_text(density_bytes(made.about.peak))
                                : "a trajectory needs 16 * 2^" + at_once +
                                      " bytes = " + size_text(state_bytes(made.about.peak))) +
                       ", the limit for one state is " + size_text(static_cast<double>(options.bytes)) + "; ";
    text += density && state_fits ? "use the method trajectories, or "
            : options.shots == 0  ? "ask for a number of shots (measured qubits are then released early), or "
                                  : "";
    throw usage_error(text +
                      "fewer shared layers, or an entangler with smaller cones (cz-line, brickwork-cz)");
  }
};

double total_cost(const std::vector<NoisyRun>& parts) {
  double cost = 0;
  for (const NoisyRun& part : parts) cost += part.program.cost;
  return cost;
}

std::vector<NoisyRun> parts_of(const BlockWork& work) {
  const NoisyOptions& options = work.options;
  std::vector<NoisyRun> parts;
  if (options.method != NoisyMethod::trajectories) {
    NoisyRun whole = work.whole(false);
    const bool may_split = options.shots == 0 && !options.joint;
    if (may_split) {
      parts = work.by_strings();
      const bool all_fit =
          std::all_of(parts.begin(), parts.end(), [&](const NoisyRun& p) { return work.fits_density(p); });
      if (all_fit && (!work.fits_density(whole) || total_cost(parts) < whole.program.cost)) return parts;
    }
    parts.clear();
    if (work.fits_density(whole)) {
      parts.push_back(std::move(whole));
      return parts;
    }
    if (options.method == NoisyMethod::density) work.refuse(whole);
  }
  NoisyRun sampled = work.whole(options.shots > 0);
  sampled.about.method = NoisyMethod::trajectories;
  if (state_bytes(sampled.about.peak) > static_cast<double>(options.bytes)) work.refuse(sampled);
  parts.push_back(std::move(sampled));
  return parts;
}

}  // namespace

std::size_t mask_of(const PartString& string) {
  std::size_t mask = 0;
  for (int position : string.bits) mask |= std::size_t{1} << position;
  return mask;
}

double weight_of(const PartString& string, std::span<const double> params) {
  return string.weight_param < 0 ? string.weight : params[static_cast<std::size_t>(string.weight_param)];
}

std::vector<NoisyRun> make_parts(const Circuit& circuit, const NoiseTable& noise,
                                 const NoisyOptions& options) {
  std::vector<NoisyRun> all;
  int output = 0;
  for (std::size_t b = 0; b < circuit.blocks.size(); ++b) {
    std::vector<Op> ops = circuit.shared;
    ops.insert(ops.end(), circuit.blocks[b].ops.begin(), circuit.blocks[b].ops.end());
    const BlockWork work{circuit, noise, options, schedule(ops, circuit.qubits), static_cast<int>(b), output};
    for (NoisyRun& part : parts_of(work)) all.push_back(std::move(part));
    output += static_cast<int>(circuit.blocks[b].outputs.size());
  }
  return all;
}

}  // namespace qmtl
