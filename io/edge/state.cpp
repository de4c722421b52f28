// SPDX-License-Identifier: Apache-2.0
#include "io/edge/state.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/base/math.h"

namespace qmtl {
namespace {

/// Strings that one output may become before a statevector for its block is taken instead.
constexpr std::size_t most_strings = 4096;

bool odd(const PauliWord& string) { return (std::popcount(string.x & string.z) & 1) != 0; }

std::uint32_t word_of(const PauliWord& string) {
  return static_cast<std::uint32_t>(string.x) | static_cast<std::uint32_t>(string.z) << 16;
}

std::vector<double> params_of(const Cone& cone, const std::vector<double>& params) {
  std::vector<double> own;
  for (int p : cone.params) own.push_back(params[static_cast<std::size_t>(p)]);
  return own;
}

/// Cone angles as angles of the whole circuit.
void rename_angles(std::vector<StringRotation>& rotations, const Cone& cone) {
  for (StringRotation& rotation : rotations) {
    std::map<int, double> renamed;
    for (const auto& [angle, coefficient] : rotation.angle.angles)
      renamed[cone.angles[static_cast<std::size_t>(angle)]] = coefficient;
    rotation.angle.angles = std::move(renamed);
  }
}

}  // namespace

EdgeState::EdgeState(const Cone& cone, const std::vector<double>& params, bool copies)
    : qubits_(cone.circuit.qubits), copies_(copies) {
  if (qubits_ > QE_MOST_QUBITS) {
    ready_ = false;
    return;
  }
  const std::vector<double> own = params_of(cone, params);
  if (copies_)
    measure_copies(cone, own);
  else
    measure_pushed_back(cone, own);
  if (!ready_) return;
  rename_angles(shared_, cone);
  split_product();
  // A rotation with an even number of Y makes amplitudes complex.
  for (const auto& rotations : product_)
    for (const StringRotation& rotation : rotations) complex_ = complex_ || !odd(rotation.string);
  for (const StringRotation& rotation : shared_) complex_ = complex_ || !odd(rotation.string);
  for (Measurement& measured : measurements_) {
    for (const StringRotation& rotation : measured.rotations) complex_ = complex_ || !odd(rotation.string);
    const auto z_strings = std::count_if(measured.strings.begin(), measured.strings.end(),
                                         [](const PauliWord& string) { return string.x == 0; });
    // All at once cost 4 qubits + 8 operations an amplitude, one alone 17 (counted on a Cortex-M4).
    measured.spectrum = 17 * z_strings > 4 * qubits_ + 8;
  }
  // What vanishes on a real state needs no measurement.
  if (complex_) return;
  for (Measurement& measured : measurements_)
    std::erase_if(measured.terms, [&](const EdgeTerm& term) { return odd(measured.strings[term.value]); });
}

void EdgeState::measure_pushed_back(const Cone& cone, const std::vector<double>& params) {
  StringCircuit shared(qubits_);
  shared.append(cone.circuit.shared, params);
  Measurement all;
  std::map<PauliWord, std::uint32_t> number;
  std::size_t output = 0;
  for (const Block& block : cone.circuit.blocks) {
    StringCircuit whole_block = shared;
    whole_block.append(block.ops, params);
    for (const Readout& readout : block.outputs) {
      StringSum sum;
      for (const ZString& string : readout.strings)
        add_string(sum, whole_block.readout(string.qubits), weight_of(string, params));
      const bool some = !sum.empty();
      sum = push_back(std::move(sum), whole_block.rotations(), shared.size(), most_strings);
      if (some && sum.empty()) {
        ready_ = false;
        return;
      }
      for (const auto& [string, coefficient] : sum) {
        const auto [at, fresh] = number.try_emplace(string, static_cast<std::uint32_t>(all.strings.size()));
        if (fresh) all.strings.push_back(string);
        all.terms.push_back({static_cast<std::uint32_t>(cone.outputs[output]), at->second, coefficient});
      }
      ++output;
    }
  }
  shared_ = simplify(shared.rotations(), all.strings);
  measurements_.push_back(std::move(all));
}

void EdgeState::measure_copies(const Cone& cone, const std::vector<double>& params) {
  StringCircuit shared(qubits_);
  shared.append(cone.circuit.shared, params);
  std::vector<PauliWord> later;  // all that the shared stage must be right for
  std::size_t output = 0;
  for (const Block& block : cone.circuit.blocks) {
    StringCircuit whole_block = shared;
    whole_block.append(block.ops, params);
    Measurement own;
    std::map<PauliWord, std::uint32_t> number;
    for (const Readout& readout : block.outputs) {
      for (const ZString& string : readout.strings) {
        const PauliWord z = whole_block.readout(string.qubits);
        const auto [at, fresh] = number.try_emplace(z, static_cast<std::uint32_t>(own.strings.size()));
        if (fresh) own.strings.push_back(z);
        own.terms.push_back(
            {static_cast<std::uint32_t>(cone.outputs[output]), at->second, weight_of(string, params)});
      }
      ++output;
    }
    const auto& rotations = whole_block.rotations();
    own.rotations = simplify(
        {rotations.begin() + static_cast<std::ptrdiff_t>(shared.size()), rotations.end()}, own.strings);
    rename_angles(own.rotations, cone);
    later.insert(later.end(), own.strings.begin(), own.strings.end());
    for (const StringRotation& rotation : own.rotations) later.push_back(rotation.string);
    measurements_.push_back(std::move(own));
  }
  shared_ = simplify(shared.rotations(), later);
}

/// Rotations of single qubits that can come first make a product state, which costs no pass over amplitudes.
void EdgeState::split_product() {
  product_.resize(static_cast<std::size_t>(qubits_));
  std::vector<StringRotation> rest;
  for (StringRotation& rotation : shared_) {
    const std::uint64_t touched = rotation.string.x | rotation.string.z;
    const bool first = std::has_single_bit(touched) &&
                       std::all_of(rest.begin(), rest.end(), [&](const StringRotation& other) {
                         return commute(rotation.string, other.string);
                       });
    (first ? product_[static_cast<std::size_t>(std::countr_zero(touched))] : rest).push_back(rotation);
  }
  shared_ = std::move(rest);
}

std::size_t EdgeState::values() const {
  std::size_t count = 0;
  for (const Measurement& measured : measurements_) count += measured.strings.size();
  return count;
}
std::size_t EdgeState::strings() const { return values(); }

double EdgeState::work() const {
  const double amplitudes = std::ldexp(1.0, qubits_), parts = complex_ ? 2.0 : 1.0;
  double sum = 2.0 * parts * amplitudes + 2.0 * parts * amplitudes * static_cast<double>(shared_.size());
  for (const Measurement& measured : measurements_) {
    if (!measured.rotations.empty())
      sum += parts * amplitudes * (0.5 + 2.0 * static_cast<double>(measured.rotations.size()));
    if (measured.spectrum) sum += amplitudes * (parts + 0.5 * qubits_);
    for (const PauliWord& string : measured.strings)
      if (string.x != 0 || !measured.spectrum) sum += parts * amplitudes * (string.x != 0 ? 1.0 : 2.0);
    sum += static_cast<double>(measured.terms.size());
  }
  return sum;
}

double EdgeState::bytes() const {
  const bool copied = std::any_of(measurements_.begin(), measurements_.end(),
                                  [](const Measurement& m) { return !m.rotations.empty(); });
  return std::ldexp(complex_ ? 8.0 : 4.0, qubits_) * (copied ? 2.0 : 1.0);
}

void EdgeState::collect(EdgeAngles& angles) {
  const auto add = [&](const std::vector<StringRotation>& rotations) {
    for (const StringRotation& rotation : rotations)
      if (rotation.angle.sample()) pairs_[rotation.angle] = angles.pair(rotation.angle);
  };
  for (const auto& rotations : product_) add(rotations);
  add(shared_);
  for (const Measurement& measured : measurements_) add(measured.rotations);
}

void EdgeState::add_rotations(EdgeOp& op, const std::vector<StringRotation>& rotations, EdgeValue pairs,
                              std::size_t pair_count) const {
  op.a = static_cast<std::uint32_t>(qubits_);
  op.variant = complex_;
  op.c = pairs.tensor == EdgeValue::none ? 0 : static_cast<std::uint32_t>(pair_count);
  for (const StringRotation& rotation : rotations) {
    PauliWord string = rotation.string;
    if (op.kind == QE_PRODUCT) {
      string.x = string.x != 0;
      string.z = string.z != 0;
    }
    // The kernel takes i^(number of Y modulo 2): two Y more turn the sign.
    const bool minus = rotation.minus != ((std::popcount(string.x & string.z) & 2) != 0);
    std::uint32_t reference = minus ? 1u << 30 : 0;
    if (rotation.angle.sample()) {
      reference |= 1u << 31 | pairs_.at(rotation.angle);
    } else {
      reference |= op.extra++;
      op.floats.push_back(static_cast<float>(math::cos(0.5 * rotation.angle.constant)));
      op.floats.push_back(static_cast<float>(math::sin(0.5 * rotation.angle.constant)));
    }
    op.words.push_back(word_of(string));
    op.words.push_back(reference);
    ++op.b;
  }
}

void EdgeState::lower(EdgeBuilder& builder, EdgeValue pairs, std::size_t pair_count, EdgeValue values,
                      std::uint32_t first_value, std::vector<EdgeTerm>& terms) const {
  const std::size_t amplitudes = std::size_t{1} << qubits_, numbers = amplitudes * (complex_ ? 2 : 1);
  const EdgeValue state = builder.tensor(numbers), copy = builder.tensor(numbers);
  const EdgeValue from = pairs.tensor == EdgeValue::none ? state : pairs;
  EdgeOp& product = builder.add(QE_PRODUCT, from, state);
  for (const auto& rotations : product_) {
    // A qubit without a rotation stays |0>: turned by nothing about Y.
    static const std::vector<StringRotation> nothing{{{1, 1, 1}, false, {}}};
    add_rotations(product, rotations.empty() ? nothing : rotations, pairs, pair_count);
    product.words.back() |= 1u << 29;
  }
  if (!shared_.empty()) add_rotations(builder.add(QE_ROTATE, from, state), shared_, pairs, pair_count);
  for (std::size_t m = 0; m < measurements_.size(); ++m) {
    const Measurement& measured = measurements_[m];
    EdgeValue on = state;
    if (!measured.rotations.empty()) {
      on = copy;
      builder.add(QE_COPY, state, copy).a = static_cast<std::uint32_t>(numbers);
      add_rotations(builder.add(QE_ROTATE, pairs.tensor == EdgeValue::none ? copy : pairs, copy),
                    measured.rotations, pairs, pair_count);
    }
    std::vector<std::uint32_t> alone, together;
    std::vector<std::uint32_t> place(measured.strings.size());
    for (std::uint32_t s = 0; s < measured.strings.size(); ++s)
      (measured.spectrum && measured.strings[s].x == 0 ? together : alone).push_back(s);
    std::uint32_t next = 0;
    for (std::uint32_t s : alone) place[s] = next++;
    for (std::uint32_t s : together) place[s] = next++;
    if (!alone.empty()) {
      EdgeOp& op = builder.add(QE_EXPECT, on, values.at(first_value));
      op.a = static_cast<std::uint32_t>(qubits_);
      op.variant = complex_;
      op.b = static_cast<std::uint32_t>(alone.size());
      for (std::uint32_t s : alone) op.words.push_back(word_of(measured.strings[s]));
    }
    if (!together.empty()) {
      // The transform replaces the state unless others still need it.
      const bool last = on.tensor == copy.tensor || m + 1 == measurements_.size();
      const EdgeValue all = last ? on : copy;
      EdgeOp& op = builder.add(QE_SPECTRUM, on, all);
      op.a = static_cast<std::uint32_t>(qubits_);
      op.variant = complex_;
      EdgeOp& pick = builder.add(QE_SPARSE, all, values.at(first_value + alone.size()));
      pick.a = pick.c = static_cast<std::uint32_t>(together.size());
      pick.b = static_cast<std::uint32_t>(amplitudes);
      pick.floats.assign(together.size(), 0.0f);
      pick.floats.insert(pick.floats.end(), together.size(), 1.0f);
      pick.words.assign(together.size(), 1);
      for (std::uint32_t s : together)
        pick.words.push_back(static_cast<std::uint32_t>(measured.strings[s].z));
    }
    for (const EdgeTerm& term : measured.terms) {
      const PauliWord& string = measured.strings[term.value];
      // Of a pair of amplitudes the kernel adds one half, i^(number of Y + 1) left out where that is odd.
      double factor = string.x != 0 ? 2.0 : 1.0;
      if ((std::popcount(string.x & string.z) & 2) != 0) factor = -factor;
      terms.push_back({term.output, first_value + place[term.value], factor * term.coefficient});
    }
    first_value += next;
  }
}

}  // namespace qmtl
