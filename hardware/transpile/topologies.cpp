// SPDX-License-Identifier: Apache-2.0
#include "hardware/transpile/topologies.h"

#include <charconv>
#include <string>

#include "hardware/transpile/coupling_graph.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// A device of rows * columns qubits without couplings.
DeviceTarget sized(std::string name, long long rows, long long columns) {
  const long long limit = CouplingGraph::max_qubits;
  if (rows < 1 || columns < 1 || rows > limit || columns > limit || rows * columns > limit)
    throw usage_error("device " + name + ": expected 1 to " + std::to_string(limit) + " qubits");
  return {std::move(name), static_cast<int>(rows * columns), {}, {}, {}};
}

void couple(DeviceTarget& target, int a, int b) {
  target.coupling.push_back({a, b});
  target.coupling.push_back({b, a});
}

}  // namespace

DeviceTarget line_target(int qubits) {
  DeviceTarget target = sized("line-" + std::to_string(qubits), qubits, 1);
  for (int q = 0; q + 1 < qubits; ++q) couple(target, q, q + 1);
  return target;
}

DeviceTarget ring_target(int qubits) {
  DeviceTarget target = sized("ring-" + std::to_string(qubits), qubits, 1);
  if (qubits < 3) throw usage_error("device " + target.name + ": expected at least 3 qubits");
  for (int q = 0; q < qubits; ++q) couple(target, q, (q + 1) % qubits);
  return target;
}

DeviceTarget grid_target(int rows, int columns) {
  DeviceTarget target = sized("grid-" + std::to_string(rows) + "x" + std::to_string(columns), rows, columns);
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const int q = row * columns + column;
      if (column + 1 < columns) couple(target, q, q + 1);
      if (row + 1 < rows) couple(target, q, q + columns);
    }
  return target;
}

DeviceTarget heavy_hex_target(int distance) {
  const long long d = distance;
  const std::string name = "heavy-hex-" + std::to_string(distance);
  if (d < 1 || d % 2 == 0 || d > CouplingGraph::max_qubits)
    throw usage_error("device " + name + ": expected an odd distance from 1 up");
  DeviceTarget target = sized(name, (5 * d * d - 2 * d - 1) / 2, 1);
  const int data = distance * distance, syndromes = (distance + 1) / 2;
  const auto flag = [&](int row, int column) {
    return data + (distance - 1) * syndromes + row * (distance - 1) + column;
  };
  for (int row = 0; row < distance; ++row)
    for (int column = 0; column + 1 < distance; ++column) {
      couple(target, row * distance + column, flag(row, column));
      couple(target, flag(row, column), row * distance + column + 1);
    }
  // Between two rows syndromes stand at every other flag, and one at the end of the rows that is left over:
  // the first below even rows, the last below odd ones.
  for (int row = 0; row + 1 < distance; ++row)
    for (int i = 0; i < syndromes; ++i) {
      const int syndrome = data + row * syndromes + i;
      const bool even = row % 2 == 0;
      const bool at_end = even ? i == 0 : i == syndromes - 1;
      const int column = at_end ? (even ? 0 : distance - 1) : (even ? 2 * i - 1 : 2 * i);
      for (int r : {row, row + 1}) couple(target, syndrome, at_end ? r * distance + column : flag(r, column));
    }
  return target;
}

DeviceTarget parse_topology(std::string_view text) {
  const auto refuse = [&]() -> Error {
    return usage_error(
        "device '" + std::string(text) +
        "': expected line-N, ring-N, grid-RxC or heavy-hex-D (D odd), with numbers from 1 up, or "
        "a file that exists");
  };
  const auto number = [&](std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) throw refuse();
    return value;
  };
  const auto behind = [&](std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : std::string_view{};
  };
  if (const auto size = behind("line-"); !size.empty()) return line_target(number(size));
  if (const auto size = behind("ring-"); !size.empty()) return ring_target(number(size));
  if (const auto size = behind("heavy-hex-"); !size.empty()) return heavy_hex_target(number(size));
  if (const auto size = behind("grid-"); !size.empty()) {
    const std::size_t cross = size.find('x');
    if (cross == std::string_view::npos) throw refuse();
    return grid_target(number(size.substr(0, cross)), number(size.substr(cross + 1)));
  }
  throw refuse();
}

}  // namespace qmtl
