// SPDX-License-Identifier: Apache-2.0
#include "io/edge/file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/edge/edge_sections.h"
#include "runtime/edge/qmtl_edge_tasks.h"

static_assert(std::endian::native == std::endian::little, "head files are written from memory");

namespace qmtl {
namespace {

using Words = std::vector<std::uint32_t>;

std::uint32_t crc_of(std::span<const unsigned char> bytes, std::uint32_t crc) {
  for (unsigned char byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1u ? 0xedb88320u : 0u);
  }
  return crc;
}

void append_floats(Words& words, std::span<const float> values) {
  for (float value : values) {
    if (!std::isfinite(value))
      throw data_error(
          "a number of the model is NaN, infinite or above 3e38 in float; train it again or export "
          "another checkpoint");
    words.push_back(std::bit_cast<std::uint32_t>(value));
  }
}

void append_data(Words& words, const EdgeOp& op) {
  append_floats(words, op.floats);
  words.insert(words.end(), op.words.begin(), op.words.end());
  std::vector<unsigned char> bytes;
  for (std::int16_t value : op.packed) {
    bytes.push_back(static_cast<unsigned char>(value));
    if (op.variant == 2) bytes.push_back(static_cast<unsigned char>(value >> 8));
  }
  bytes.resize((bytes.size() + 3) / 4 * 4, 0);
  const std::size_t first = words.size();
  words.resize(first + bytes.size() / 4);
  if (!bytes.empty()) std::memcpy(words.data() + first, bytes.data(), bytes.size());
}

/// Tables of inputs and tasks; names go to `text`.
void append_items(Words& words, const std::vector<EdgeItem>& items, std::string& text) {
  for (const EdgeItem& item : items) {
    words.insert(words.end(), {static_cast<std::uint32_t>(text.size()), item.kind, item.first, item.count});
    text += item.name + '\0';
    // An empty name would end the list.
    if (std::none_of(item.names.begin(), item.names.end(), [](const auto& name) { return name.empty(); }))
      for (const std::string& name : item.names) text += name + '\0';
  }
}

void check_limits(const EdgeModel& model) {
  for (const EdgeOp& op : model.ops)
    if ((op.a | op.b | op.c) >> 24)
      throw usage_error("an operation of the kind " + std::string(edge_kind(op.kind).name) +
                        " has more than 2^24 numbers; export the model to onnx instead");
}

std::vector<EdgeItem> items_of(const qmtl_edge_head& head, std::uint32_t count,
                               int (*read)(const qmtl_edge_head*, std::uint32_t, qmtl_edge_item*)) {
  std::vector<EdgeItem> items;
  for (std::uint32_t i = 0; i < count; ++i) {
    qmtl_edge_item item;
    read(&head, i, &item);
    items.push_back({item.name, item.kind, item.first, item.count});
  }
  return items;
}

/// The names that follow each item's own, as qmtl_edge_name finds them; every byte of the text is looked at
/// once.
void read_names(const qmtl_edge_head& head, EdgeSummary& summary) {
  const qe_sections at = qe_sections_of(head.file);
  const std::string_view text(reinterpret_cast<const char*>(at.text), 4 * head.file[QE_W_TEXT]);
  std::map<std::size_t, EdgeItem*> begins;
  const std::uint32_t* entry = at.inputs;
  for (std::vector<EdgeItem>* items : {&summary.inputs, &summary.tasks})
    for (EdgeItem& item : *items) {
      begins.emplace(entry[0], &item);
      entry += QE_ITEM_WORDS;
    }
  for (auto one = begins.begin(); one != begins.end(); ++one) {
    const std::size_t end = std::next(one) == begins.end() ? text.size() : std::next(one)->first;
    std::string_view rest = text.substr(one->first, end - one->first);
    for (bool own = true;; own = false) {
      const std::string_view name = rest.substr(0, rest.find('\0'));
      if (name.empty() || name.size() == rest.size()) break;
      if (!own) one->second->names.emplace_back(name);
      rest.remove_prefix(name.size() + 1);
    }
  }
}

}  // namespace

std::vector<std::uint32_t> edge_words(const EdgeModel& model) {
  check_limits(model);
  Words ops, data, tables, words(QE_HEADER_WORDS, 0);
  for (const EdgeOp& op : model.ops) {
    ops.insert(ops.end(), {op.kind | op.variant << 8 | op.extra << 16, op.source, op.target,
                           static_cast<std::uint32_t>(data.size()), op.a, op.b, op.c, op.second});
    append_data(data, op);
  }
  if (data.size() > std::size_t{1} << 24)
    throw usage_error("the model has " + std::to_string(4 * data.size()) +
                      " bytes of parameters; head files take 64 MiB: export it to onnx instead");
  std::string text;
  append_items(tables, model.inputs, text);
  append_items(tables, model.tasks, text);
  append_floats(tables, model.samples);
  text.resize(text.size() / 4 * 4 + 4, '\0');
  const auto size = [](const auto& part) { return static_cast<std::uint32_t>(part.size()); };
  words[QE_W_MAGIC] = QE_MAGIC;
  words[QE_W_VERSION] = QE_MAJOR;
  words[QE_W_FEATURES] = edge_features(model);
  words[QE_W_ARENA] = model.arena;
  words[QE_W_X] = model.x;
  words[QE_W_Y] = model.y;
  words[QE_W_OPS] = size(model.ops);
  words[QE_W_DATA] = size(data);
  words[QE_W_INPUTS] = size(model.inputs);
  words[QE_W_TASKS] = size(model.tasks);
  words[QE_W_SAMPLES] = static_cast<std::uint32_t>(model.sample_count());
  words[QE_W_TEXT] = size(text) / 4;
  words[QE_W_WORK] = static_cast<std::uint32_t>(std::min(edge_work(model).multiply_adds, 4294967295.0));
  for (std::size_t i = 0; i < 64 && i < model.hash.size(); ++i) {
    const char digit = model.hash[i];
    const auto value = static_cast<std::uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    words[QE_W_HASH + i / 8] |= value << (8 * (i % 8 / 2) + (i % 2 == 0 ? 4 : 0));
  }
  for (const Words* part : {&ops, &data, &tables}) words.insert(words.end(), part->begin(), part->end());
  const std::size_t first = words.size();
  words.resize(first + text.size() / 4);
  std::memcpy(words.data() + first, text.data(), text.size());
  if (words.size() >= std::size_t{1} << 26)
    throw usage_error("the head file would have " + std::to_string(4 * words.size()) +
                      " bytes; the format ends at 256 MiB: keep fewer samples (--goldens)");
  words[QE_W_SIZE] = static_cast<std::uint32_t>(4 * words.size());
  const std::span bytes(reinterpret_cast<const unsigned char*>(words.data()), 4 * words.size());
  words[QE_W_CRC] = ~crc_of(bytes.subspan(16), crc_of(bytes.first(12), 0xffffffffu));
  return words;
}

EdgeProgram::EdgeProgram(std::vector<std::uint32_t> words, const std::string& where)
    : words_(std::move(words)) {
  const auto refuse = [&](int code) { return data_error(where + ": " + qmtl_edge_strerror(code)); };
  const std::int32_t need = qmtl_edge_need(words_.data(), 4 * words_.size());
  if (need < 0) throw refuse(need);
  // One number more, so that there is memory even where nothing is needed.
  arena_.resize(static_cast<std::size_t>(need) / 4 + 1, 0.0f);
  const int code =
      qmtl_edge_open(&head_, words_.data(), 4 * words_.size(), arena_.data(), static_cast<std::size_t>(need));
  if (code != QMTL_EDGE_OK) throw refuse(code);
  arena_.resize(static_cast<std::size_t>(need) / 4);
}

int EdgeProgram::run(std::span<const float> x, std::span<float> y) const {
  return qmtl_edge_run(&head_, x.data(), y.data());
}
int EdgeProgram::selftest() const {
  std::vector<float> y(outputs());
  return qmtl_edge_selftest(&head_, y.data());
}

void add_samples(EdgeModel& model, std::span<const float> x) {
  model.samples.clear();
  const EdgeProgram program(edge_words(model), "the new head file");
  std::vector<float> samples, y(model.y);
  for (std::size_t first = 0; first + model.x <= x.size(); first += model.x) {
    const auto sample = x.subspan(first, model.x);
    const int code = program.run(sample, y);
    if (code != QMTL_EDGE_OK)
      throw data_error("sample for the self test: " + std::string(qmtl_edge_strerror(code)));
    samples.insert(samples.end(), sample.begin(), sample.end());
    samples.insert(samples.end(), y.begin(), y.end());
  }
  model.samples = std::move(samples);
}

void write_edge(const std::string& path, const EdgeModel& model) {
  const auto words = edge_words(model);
  write_file(path, std::as_bytes(std::span(words)));
}

bool is_edge_file(const std::string& path) {
  if (file_kind(path) != FileKind::file) return false;
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, 4);
  return std::string_view(magic, 4) == "QMH1";
}

EdgeSummary read_edge(const std::string& path) {
  const std::string content = read_file(path);
  Words words((content.size() + 3) / 4);
  std::memcpy(words.data(), content.data(), content.size());
  // Bytes that fill no word make the file longer than it says, or cut it.
  words.resize(content.size() / 4);
  const EdgeProgram program(words, path);
  EdgeSummary summary;
  summary.bytes = words[QE_W_SIZE];
  summary.crc = words[QE_W_CRC];
  summary.features = words[QE_W_FEATURES];
  summary.arena_bytes = 4 * words[QE_W_ARENA];
  summary.x = words[QE_W_X];
  summary.y = words[QE_W_Y];
  summary.samples = words[QE_W_SAMPLES];
  summary.multiply_adds = words[QE_W_WORK];
  summary.major = words[QE_W_VERSION] & 0xffff;
  summary.minor = words[QE_W_VERSION] >> 16;
  for (std::size_t i = 0; i < 64; ++i)
    summary.hash +=
        "0123456789abcdef"[words[QE_W_HASH + i / 8] >> (8 * (i % 8 / 2) + (i % 2 == 0 ? 4 : 0)) & 15];
  const qmtl_edge_head head{words.data(), nullptr};
  summary.inputs = items_of(head, words[QE_W_INPUTS], qmtl_edge_input);
  summary.tasks = items_of(head, words[QE_W_TASKS], qmtl_edge_task);
  read_names(head, summary);
  const qe_sections at = qe_sections_of(words.data());
  for (std::uint32_t i = 0; i < words[QE_W_OPS]; ++i)
    summary.ops.emplace_back(edge_kind(at.ops[QE_OP_WORDS * i] & 0xff).name);
  summary.selftest = program.selftest();
  return summary;
}

}  // namespace qmtl
