// SPDX-License-Identifier: Apache-2.0
#include "runtime/noise/noisy.h"

#include <algorithm>
#include <numeric>

#include "runtime/base/error.h"
#include "runtime/base/parallel.h"
#include "runtime/noise/exact.h"
#include "runtime/noise/partition.h"
#include "runtime/noise/trajectory.h"

namespace qmtl {
namespace {

/// Trajectories of one sample and block that are summed serially. Fixed, so that sums have one order.
constexpr std::int64_t chunk_size = 128;

void check_options(const NoisyOptions& options) {
  // Every shot or trajectory has its 32-bit number; beyond this the sums of chunks alone take gigabytes.
  constexpr std::int64_t most = 100'000'000;
  const auto expect = [](const char* what, std::int64_t value, std::int64_t low) {
    if (value < low || value > most)
      throw usage_error(std::string(what) + ": expected " + std::to_string(low) + " to " +
                        std::to_string(most) + ", found " + std::to_string(value));
  };
  expect("shots", options.shots, 0);
  expect("trajectories", options.trajectories, 1);
  if (options.density_qubits < 0)
    throw usage_error("density qubits: expected 0 or more, found " + std::to_string(options.density_qubits));
}

/// +1 or -1: the product of the string's bits as Z values.
template <class Bits>
double sign(const PartString& string, const Bits& bit) {
  bool odd = false;
  for (int position : string.bits) odd ^= static_cast<bool>(bit(position));
  return odd ? -1.0 : 1.0;
}

}  // namespace

std::string_view name(NoisyMethod method) {
  switch (method) {
    case NoisyMethod::automatic:
      return "auto";
    case NoisyMethod::density:
      return "density";
    case NoisyMethod::trajectories:
      return "trajectories";
  }
  return "";
}

NoisyMethod parse_noisy_method(std::string_view text) {
  for (NoisyMethod method : {NoisyMethod::automatic, NoisyMethod::density, NoisyMethod::trajectories})
    if (name(method) == text) return method;
  throw usage_error("noise method: expected auto, density or trajectories, found '" + std::string(text) +
                    "'");
}

struct NoisySimulator::Impl {
  Circuit circuit;
  NoisyOptions options;
  NoiseTable noise;
  NoiseRandom random;
  Transfers transfers;
  std::vector<Unravelling> channels;
  std::vector<NoisyRun> parts;
  std::vector<NoisyPart> about;
  std::vector<std::unique_ptr<ExactProgram>> exact;          ///< by part; null for trajectories
  std::vector<std::unique_ptr<TrajectoryProgram>> sampling;  ///< by part; null for density
  std::vector<double> params;

  Impl(const Circuit& given, NoiseModel model, const NoisyOptions& wanted)
      : circuit(given), options(wanted), noise(std::move(model)), random(wanted.seed), transfers(noise) {
    check_options(options);
    check_circuit(circuit);
    parts = make_parts(circuit, noise, options);
    for (const Channel& channel : noise.channels()) channels.emplace_back(channel);
    for (const NoisyRun& part : parts) {
      about.push_back(part.about);
      const bool density = part.about.method == NoisyMethod::density;
      exact.push_back(density ? std::make_unique<ExactProgram>(part.program, noise, transfers) : nullptr);
      sampling.push_back(density ? nullptr
                                 : std::make_unique<TrajectoryProgram>(part.program, noise, channels));
    }
    bind(std::vector<double>(static_cast<std::size_t>(circuit.params), 0.0));
  }

  void bind(std::span<const double> given) {
    if (given.size() != static_cast<std::size_t>(circuit.params))
      throw usage_error("noisy simulation: expected " + std::to_string(circuit.params) +
                        " parameters, found " + std::to_string(given.size()));
    params.assign(given.begin(), given.end());
    for (std::size_t p = 0; p < parts.size(); ++p) {
      if (exact[p]) exact[p]->bind(params);
      if (sampling[p]) sampling[p]->bind(params);
    }
  }

  std::span<const double> row(std::span<const double> angles, std::size_t sample) const {
    const auto width = static_cast<std::size_t>(circuit.angles);
    return angles.subspan(sample * width, width);
  }
  static std::size_t chunks(std::int64_t count) {
    return static_cast<std::size_t>((count + chunk_size - 1) / chunk_size);
  }
  NoiseRandom::At at(std::uint32_t key, std::size_t part, std::int64_t shot) const {
    return {key, static_cast<std::uint32_t>(about[part].block), static_cast<std::uint32_t>(shot)};
  }

  /// Calls body(trajectory) for those of one chunk.
  template <class Body>
  static void for_chunk(std::size_t chunk, std::int64_t count, Body body) {
    const std::int64_t first = static_cast<std::int64_t>(chunk) * chunk_size;
    for (std::int64_t t = first; t < std::min(count, first + chunk_size); ++t) body(t);
  }

  /// Expectations of all Z-strings of a part, readout errors included, from trajectories: [2^measured].
  std::vector<double> mean_spectrum(std::size_t part, std::uint32_t key,
                                    std::span<const double> angles) const {
    const std::size_t size = std::size_t{1} << about[part].measured.size();
    const std::size_t count = chunks(options.trajectories);
    // A wave of chunks is summed before the next starts: memory stays bounded, and the order is that of the
    // chunks.
    constexpr std::size_t wave = 64;
    std::vector<double> total(size, 0.0);
    const auto rotations = sampling[part]->rotations(angles);
    for (std::size_t first = 0; first < count; first += wave) {
      std::vector<std::vector<double>> sums(std::min(wave, count - first));
      run_parallel(sums.size(), [&](std::size_t c) {
        sums[c].assign(size, 0.0);
        for_chunk(first + c, options.trajectories, [&](std::int64_t t) {
          sampling[part]->add_probabilities(rotations, random, at(key, part, t), sums[c]);
        });
      });
      for (const auto& sum : sums)
        for (std::size_t i = 0; i < size; ++i) total[i] += sum[i];
    }
    for (double& value : total) value /= static_cast<double>(options.trajectories);
    walsh_hadamard(total);
    std::vector<ReadoutError> errors;
    for (int qubit : about[part].measured) errors.push_back(noise.readout(qubit));
    apply_readout(errors, total);
    return total;
  }

  std::vector<double> spectrum(std::size_t part, std::uint32_t key, std::span<const double> angles) const {
    return exact[part] ? exact[part]->spectrum(angles) : mean_spectrum(part, key, angles);
  }

  std::vector<double> distribution(std::size_t part, std::uint32_t key,
                                   std::span<const double> angles) const {
    std::vector<double> p = spectrum(part, key, angles);
    walsh_hadamard(p);
    for (double& value : p) value = std::max(0.0, value / static_cast<double>(p.size()));
    return p;
  }

  /// Calls body(chunk, read) for each shot; read(i) is the bit of measured qubit i. Chunks run concurrently,
  /// the shots of one chunk in order.
  template <class Body>
  void for_each_shot(std::size_t part, std::uint32_t key, std::span<const double> angles, Body body) const {
    std::vector<double> cumulative;
    if (exact[part]) {
      cumulative = distribution(part, key, angles);
      std::partial_sum(cumulative.begin(), cumulative.end(), cumulative.begin());
    }
    std::vector<PureState::One> rotations;
    if (!exact[part]) rotations = sampling[part]->rotations(angles);
    run_parallel(chunks(options.shots), [&](std::size_t chunk) {
      std::vector<bool> bits;
      for_chunk(chunk, options.shots, [&](std::int64_t shot) {
        if (!exact[part]) {
          sampling[part]->shot(rotations, random, at(key, part, shot), bits);
          body(chunk, [&](int i) { return static_cast<bool>(bits[static_cast<std::size_t>(i)]); });
          return;
        }
        const double level =
            random.uniform(NoiseRandom::Purpose::shot, at(key, part, shot), 0) * cumulative.back();
        // Rounding of the product must not reach behind the last outcome that can occur.
        const auto found =
            std::min(std::upper_bound(cumulative.begin(), cumulative.end(), level),
                     std::lower_bound(cumulative.begin(), cumulative.end(), cumulative.back()));
        const auto outcome = static_cast<std::size_t>(found - cumulative.begin());
        body(chunk, [outcome](int i) { return (outcome >> i & 1) != 0; });
      });
    });
  }

  /// The expectation of each string of a part: exact, of trajectories, or the mean over shots.
  std::vector<double> string_values(std::size_t part, std::uint32_t key,
                                    std::span<const double> angles) const {
    const auto& strings = parts[part].strings;
    std::vector<double> values(strings.size(), 0.0);
    if (options.shots == 0) {
      const std::vector<double> all = spectrum(part, key, angles);
      for (std::size_t s = 0; s < strings.size(); ++s) values[s] = all[mask_of(strings[s])];
      return values;
    }
    std::vector<std::vector<double>> sums(chunks(options.shots), values);
    for_each_shot(part, key, angles, [&](std::size_t chunk, auto&& bit) {
      for (std::size_t s = 0; s < strings.size(); ++s) sums[chunk][s] += sign(strings[s], bit);
    });
    for (const auto& sum : sums)
      for (std::size_t s = 0; s < values.size(); ++s) values[s] += sum[s];
    for (double& value : values) value /= static_cast<double>(options.shots);
    return values;
  }
};

NoisySimulator::NoisySimulator(const Circuit& circuit, NoiseModel model, const NoisyOptions& options)
    : impl_(std::make_unique<Impl>(circuit, std::move(model), options)) {}
NoisySimulator::~NoisySimulator() = default;
NoisySimulator::NoisySimulator(NoisySimulator&&) noexcept = default;
NoisySimulator& NoisySimulator::operator=(NoisySimulator&&) noexcept = default;

const std::vector<NoisyPart>& NoisySimulator::parts() const { return impl_->about; }
void NoisySimulator::bind(std::span<const double> params) { impl_->bind(params); }

void NoisySimulator::values(std::span<const std::uint32_t> keys, std::span<const double> angles,
                            std::span<double> values) const {
  const auto outputs = static_cast<std::size_t>(impl_->circuit.outputs());
  const std::size_t parts = impl_->parts.size();
  std::vector<std::vector<double>> found(keys.size() * parts);
  run_parallel(found.size(), [&](std::size_t unit) {
    const std::size_t sample = unit / parts;
    found[unit] = impl_->string_values(unit % parts, keys[sample], impl_->row(angles, sample));
  });
  std::ranges::fill(values.first(keys.size() * outputs), 0.0);
  for (std::size_t unit = 0; unit < found.size(); ++unit) {
    const auto& strings = impl_->parts[unit % parts].strings;
    const std::span<double> row = values.subspan(unit / parts * outputs, outputs);
    for (std::size_t s = 0; s < strings.size(); ++s)
      row[strings[s].output] += weight_of(strings[s], impl_->params) * found[unit][s];
  }
}

std::vector<Counts> NoisySimulator::counts(std::span<const std::uint32_t> keys,
                                           std::span<const double> angles) const {
  if (impl_->options.shots < 1)
    throw usage_error("counts of bitstrings: expected a number of shots of at least 1, found 0");
  const std::size_t parts = impl_->parts.size();
  std::vector<Counts> all(keys.size() * parts);
  run_parallel(all.size(), [&](std::size_t unit) {
    const std::size_t part = unit % parts, sample = unit / parts;
    const std::size_t width = impl_->about[part].measured.size();
    std::vector<Counts> chunks(Impl::chunks(impl_->options.shots));
    impl_->for_each_shot(part, keys[sample], impl_->row(angles, sample), [&](std::size_t chunk, auto&& bit) {
      std::string text(width, '0');
      for (std::size_t i = 0; i < width; ++i)
        if (bit(static_cast<int>(i))) text[width - 1 - i] = '1';
      ++chunks[chunk][text];
    });
    for (const Counts& chunk : chunks)
      for (const auto& [text, count] : chunk) all[unit][text] += count;
  });
  return all;
}

std::vector<std::vector<double>> NoisySimulator::probabilities(std::span<const std::uint32_t> keys,
                                                               std::span<const double> angles) const {
  if (!impl_->options.joint || impl_->options.shots > 0)
    throw usage_error("probabilities of bitstrings: expected the option joint and no shots");
  const std::size_t parts = impl_->parts.size();
  std::vector<std::vector<double>> all(keys.size() * parts);
  run_parallel(all.size(), [&](std::size_t unit) {
    const std::size_t sample = unit / parts;
    all[unit] = impl_->distribution(unit % parts, keys[sample], impl_->row(angles, sample));
  });
  return all;
}

namespace {

NoisySimulator bound(const Circuit& circuit, std::span<const double> params, std::size_t samples,
                     std::span<const double> angles, const NoiseModel& model, const NoisyOptions& options) {
  NoisySimulator simulator(circuit, model, options);
  simulator.bind(params);
  if (angles.size() != samples * static_cast<std::size_t>(circuit.angles))
    throw usage_error("noisy simulation: expected " + std::to_string(samples) + " x " +
                      std::to_string(circuit.angles) + " angles, found " + std::to_string(angles.size()));
  return simulator;
}

std::vector<std::uint32_t> numbered(std::size_t samples) {
  std::vector<std::uint32_t> keys(samples);
  std::iota(keys.begin(), keys.end(), 0u);
  return keys;
}

}  // namespace

std::vector<double> noisy_values(const Circuit& circuit, std::span<const double> params, std::size_t samples,
                                 std::span<const double> angles, const NoiseModel& model,
                                 const NoisyOptions& options) {
  const NoisySimulator simulator = bound(circuit, params, samples, angles, model, options);
  std::vector<double> values(samples * static_cast<std::size_t>(circuit.outputs()));
  simulator.values(numbered(samples), angles, values);
  return values;
}

std::vector<Counts> noisy_counts(const Circuit& circuit, std::span<const double> params, std::size_t samples,
                                 std::span<const double> angles, const NoiseModel& model,
                                 const NoisyOptions& options) {
  return bound(circuit, params, samples, angles, model, options).counts(numbered(samples), angles);
}

}  // namespace qmtl
