// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "runtime/circuit/ansatz/ansatz.h"

/// What circuit tests share: reproducible numbers and a line that says which circuit a failure is about.
namespace qmtl::oracle {

/// `count` numbers in [low, high), fixed by the seed (splitmix64).
inline std::vector<double> uniform(std::uint64_t seed, std::size_t count, double low, double high) {
  std::vector<double> numbers(count);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (double& number : numbers) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    number = low + (high - low) * static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }
  return numbers;
}

inline std::string describe(const AnsatzSpec& spec) {
  std::ostringstream text;
  const auto rotations = [&](const std::vector<Gate>& gates) {
    for (Gate gate : gates) text << info(gate).name;
  };
  text << "n=" << spec.qubits << " uploads=" << spec.uploads << (spec.repeat_uploads ? " repeated" : "")
       << " " << info(spec.upload).name << " shared=" << spec.layers << "x";
  rotations(spec.rotations);
  text << "/" << name(spec.entangler) << " " << name(spec.placement) << " k=" << spec.register_size
       << " stride=" << spec.stride << " block=" << spec.block_layers << "x";
  rotations(spec.block_rotations);
  text << "/" << name(spec.block_entangler) << "/" << name(spec.block_order)
       << " readout=" << name(spec.readout) << " outputs=";
  for (int outputs : spec.block_outputs) text << outputs << ",";
  return text.str();
}

}  // namespace qmtl::oracle
