// SPDX-License-Identifier: Apache-2.0
#include "io/import/input_values.h"

#include <algorithm>
#include <cmath>

namespace qmtl {
namespace {

bool fits_float(double value) { return static_cast<double>(static_cast<float>(value)) == value; }

/// Different numbers without different single-precision ones, relative to `shift`.
std::size_t merged(std::vector<double> numbers, double shift) {
  std::sort(numbers.begin(), numbers.end());
  std::size_t count = 0;
  for (std::size_t i = 1; i < numbers.size(); ++i)
    count += numbers[i] != numbers[i - 1] &&
             static_cast<float>(numbers[i] - shift) == static_cast<float>(numbers[i - 1] - shift);
  return count;
}

}  // namespace

std::size_t merged_numbers(const std::vector<double>& numbers) {
  NumberSpread spread;
  for (double number : numbers) spread.add(number);
  return spread.doubtful() ? merged(numbers, 0) : 0;
}

void keep_apart(Input& input, std::size_t c, const NumberSpread& spread, const std::vector<double>& numbers,
                const std::string& place, ImportReport& report) {
  const std::size_t lost = merged(numbers, 0);
  if (lost == 0) return;
  if (input.shift.empty()) input.shift.assign(input.width, 0.0);
  const double shift = input.shift[c] = spread.middle();
  for (std::size_t row = 0; row < numbers.size(); ++row)
    input.values[row * input.width + c] = static_cast<float>(numbers[row] - shift);
  const std::string what =
      place + ": " + std::to_string(lost) + " of its different numbers would merge in single precision";
  if (const std::size_t still = merged(numbers, shift); still == 0)
    report.notes.push_back(what + "; they are kept relative to " + std::to_string(shift));
  else
    report.guess(place, std::to_string(still) + " of its different numbers become one in single precision",
                 "a column with its offset taken away, or split into several");
}

void fill_input(Input& input, std::size_t rows, const std::function<void(std::size_t, double*)>& read,
                const std::function<std::string(std::size_t)>& place, ImportReport& report) {
  std::vector<NumberSpread> spreads(input.width);
  std::vector<double> sample(input.width);
  input.values.resize(rows * input.width);
  for (std::size_t row = 0; row < rows; ++row) {
    read(row, sample.data());
    for (std::size_t c = 0; c < input.width; ++c) {
      spreads[c].add(sample[c]);
      input.values[row * input.width + c] = static_cast<float>(sample[c]);
    }
  }
  std::vector<double> numbers(rows);
  for (std::size_t c = 0; c < input.width; ++c) {
    if (!spreads[c].doubtful()) continue;
    for (std::size_t row = 0; row < rows; ++row) {
      read(row, sample.data());
      numbers[row] = sample[c];
    }
    keep_apart(input, c, spreads[c], numbers, place(c), report);
  }
}

void take_shift_back(Input& input) {
  if (input.shift.empty()) return;
  for (std::size_t i = 0; i < input.values.size(); ++i)
    input.values[i] = static_cast<float>(input.shift[i % input.width] + static_cast<double>(input.values[i]));
  input.shift.clear();
}

void fill_input(Input& input, std::size_t rows, const std::function<void(std::size_t, double*)>& read,
                const KnownNumbers& known) {
  std::vector<double> numbers(rows * input.width);
  for (std::size_t row = 0; row < rows; ++row) read(row, numbers.data() + row * input.width);
  input.shift = known.shift.size() == input.width ? known.shift : std::vector<double>{};
  if (const Standardisation* near = known.statistics; near && near->mean.size() == input.width)
    for (std::size_t c = 0; c < input.width; ++c) {
      constexpr double far = 1024;
      if (!(std::abs(near->mean[c]) > far * near->deviation[c])) continue;
      bool exact = true;
      for (std::size_t row = 0; row < rows; ++row)
        exact = exact && fits_float(numbers[row * input.width + c]);
      if (exact) continue;
      if (input.shift.empty()) input.shift.assign(input.width, 0.0);
      input.shift[c] = std::nearbyint(near->mean[c]);
    }
  input.values.resize(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    input.values[i] =
        static_cast<float>(numbers[i] - (input.shift.empty() ? 0.0 : input.shift[i % input.width]));
}

}  // namespace qmtl
