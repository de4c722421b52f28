// SPDX-License-Identifier: Apache-2.0
#include "hardware/emulator/samplex/fields.h"

#include <charconv>

#include "hardware/emulator/qpy/cursor.h"
#include "hardware/emulator/samplex/samplex.h"
#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::size_t most_elements = 1'000'000;

SamplexRegister register_of(const SamplexArray& array, SamplexType type, const SortedJsonField& field) {
  SamplexRegister made{type, {}, {}};
  if (type == SamplexType::u2) {
    if (array.values.empty() || array.values.size() % 4 != 0) field.wrong("matrices of two rows and columns");
    for (std::size_t at = 0; at < array.values.size(); at += 4)
      made.matrices.push_back(
          {array.values[at], array.values[at + 1], array.values[at + 2], array.values[at + 3]});
    return made;
  }
  if (array.numbers.empty()) field.wrong("at least one element");
  for (std::int64_t number : array.numbers)
    made.small.push_back(static_cast<std::uint8_t>(number & (type == SamplexType::z2 ? 1 : 3)));
  return made;
}

}  // namespace

SortedJsonField inner_json(const SortedJsonField& text) {
  JsonSource source;
  source.name = "samplex: " + text.place();
  source.strict_integers = true;
  return SortedJsonField::parse(text.text(), std::move(source));
}

SamplexArray samplex_array(const SortedJsonField& text) {
  // Samplomatic's names: its u32 takes eight bytes, its u8 two.
  const SortedJsonField field = inner_json(text);
  const std::string& type = field.at("dtype").text();
  const std::size_t bytes = type == "c128" ? 16 : type == "i64" || type == "u32" ? 8 : type == "u8" ? 2 : 0;
  if (bytes == 0) field.at("dtype").wrong("c128, i64, u32 or u8");
  SamplexArray array;
  std::size_t elements = 1;
  for (const SortedJsonField& axis : field.at("shape").list()) {
    array.shape.push_back(static_cast<std::size_t>(axis.integer(0, most_elements)));
    elements *= array.shape.back();
    if (elements > most_elements) field.at("shape").wrong("at most a million elements", "more");
  }
  const auto raw = base64_decoded(field.at("data").text());
  if (!raw || raw->size() != elements * bytes)
    field.at("data").wrong("base64 of " + std::to_string(elements * bytes) + " bytes", "others");
  const std::string_view all = *raw;
  for (std::size_t at = 0; at < all.size(); at += bytes) {
    if (bytes == 16)
      array.values.emplace_back(qpy_real(all.substr(at, 8), true), qpy_real(all.substr(at + 8, 8), true));
    else
      array.numbers.push_back(qpy_integer(all.substr(at, bytes), true));
  }
  return array;
}

std::int64_t samplex_integer(const SortedJsonField& field, std::int64_t most) {
  if (!field.is_text()) return field.integer(0, most);
  const std::string& text = field.text();
  std::int64_t value = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || value < 0 || value > most)
    field.wrong("a whole number from 0 to " + std::to_string(most));
  return value;
}

SamplexType samplex_type(const SortedJsonField& field) {
  const std::string& type = field.text();
  if (type == "z2") return SamplexType::z2;
  if (type == "pauli") return SamplexType::pauli;
  if (type == "u2") return SamplexType::u2;
  field.wrong("z2, pauli or u2: this emulator twirls with Paulis, set the option twirling.group = \"pauli\"");
}

SamplexRegister fixed_register(const SortedJsonField& field) {
  const std::string& id = field.at("id").text();
  const SamplexType type = id == "V0"   ? SamplexType::pauli
                           : id == "V1" ? SamplexType::u2
                           : id == "V2" ? SamplexType::z2
                                        : samplex_type(field.at("id"));
  return register_of(samplex_array(field.at("array")), type, field);
}

std::size_t SamplexNames::of_register(const SortedJsonField& name) {
  const auto [place, fresh] = registers_.emplace(name.text(), samplex_.registers.size());
  if (fresh) samplex_.registers.emplace_back();
  return place->second;
}

std::size_t SamplexNames::of_input(const SortedJsonField& name) const {
  for (std::size_t i = 0; i < samplex_.inputs.size(); ++i)
    if (samplex_.inputs[i].name == name.text()) return i;
  name.wrong("one of the samplex's inputs");
}

std::size_t SamplexNames::of_flips(const SortedJsonField& name) const {
  for (std::size_t f = 0; f < samplex_.flips.size(); ++f)
    if (samplex_.flips[f].name == name.text()) return f;
  name.wrong("one of the samplex's outputs");
}

const SamplexArray& SamplexNames::table(const std::string& node, const SortedJsonField& operation) const {
  const auto found = tables_.find(node + ":" + operation.text());
  if (found == tables_.end()) operation.wrong("an operation whose table the samplex has");
  return found->second;
}

void SamplexNames::pay(std::size_t elements, const SortedJsonField& where) {
  samplex_.elements += elements;
  if (samplex_.elements > most_elements) where.wrong("a samplex of at most a million elements", "more");
}

}  // namespace qmtl
