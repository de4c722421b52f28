// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/qpy/cursor.h"

#include <bit>

#include "runtime/base/error.h"

namespace qmtl {

void QpyCursor::refuse(const std::string& what) const {
  throw data_error("QPY: byte " + std::to_string(first_ + at_) + ": " + what);
}

std::string_view QpyCursor::take(std::uint64_t size) {
  if (size > left())
    refuse("expected " + std::to_string(size) + " more bytes, found " + std::to_string(left()));
  const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(size));
  at_ += taken.size();
  return taken;
}

QpyCursor QpyCursor::part(std::uint64_t size) {
  const std::size_t first = first_ + at_;
  return QpyCursor(take(size), first);
}

std::uint64_t QpyCursor::whole(std::size_t bytes) {
  std::uint64_t number = 0;
  for (char c : take(bytes)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

double QpyCursor::real() { return std::bit_cast<double>(u64()); }

std::int64_t qpy_integer(std::string_view bytes, bool little) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    number = number << 8 | static_cast<unsigned char>(bytes[little ? bytes.size() - 1 - i : i]);
  return std::bit_cast<std::int64_t>(number);
}

double qpy_real(std::string_view bytes, bool little) {
  return std::bit_cast<double>(qpy_integer(bytes, little));
}

}  // namespace qmtl
