// SPDX-License-Identifier: Apache-2.0
#include "runtime/circuit/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/base/text.h"

namespace qmtl {
namespace {

/// A piece of text and how many terminal columns it fills.
struct Glyphs {
  std::string text;
  std::size_t width = 0;

  static Glyphs ascii(std::string text) {
    const std::size_t width = text.size();
    return {std::move(text), width};
  }
  static Glyphs one(const char* symbol) { return {symbol, 1}; }
};

/// One moment: what stands on each row's wire, and below which rows a vertical line runs.
struct Column {
  std::vector<std::optional<Glyphs>> cells;
  std::vector<char> line_below;
  std::size_t width = 1;

  explicit Column(std::size_t rows) : cells(rows), line_below(rows, 0) {}
};

Glyphs label(const Op& op) {
  std::string text(info(op.gate).name);
  for (char& c : text) c = static_cast<char>(c - 'a' + 'A');
  if (op.source == Source::none) return Glyphs::ascii(text + "(" + significant(op.angle, 4) + ")");
  return Glyphs::ascii(text + (op.source == Source::param ? "(p" : "(a") + std::to_string(op.index) + ")");
}

/// A fixed gate's sign on a qubit: a control, or the Pauli that is controlled.
Glyphs mark(char axis) { return Glyphs::one(axis == 'Z' ? "●" : axis == 'X' ? "⊕" : "Y"); }

/// Puts gates into columns. The last row stands for all qubits that are not shown, if there are any.
class Grid {
 public:
  Grid(const std::vector<int>& wires, int shown, int qubits)
      : row_of_(static_cast<std::size_t>(qubits), -1),
        shown_(std::min(wires.size(), static_cast<std::size_t>(shown))),
        rows_(shown_ < wires.size() ? shown_ + 1 : shown_),
        wires_(wires),
        frontier_(rows_, 0),
        start_(rows_, 0) {
    for (std::size_t i = 0; i < wires.size(); ++i)
      row_of_[static_cast<std::size_t>(wires[i])] = static_cast<int>(std::min(i, shown_));
  }

  void place(const Op& op) {
    // A gate among the hidden qubits is not drawn.
    const std::size_t row0 = row(op.q0), row1 = op.q1 < 0 ? row0 : row(op.q1);
    const std::size_t low = std::min(row0, row1), high = std::max(row0, row1);
    if (low >= shown_) return;
    // Diagonal gates on two qubits that follow each other commute: each may go left to where the first of
    // them could have stood.
    if (op.q1 < 0 || !is_diagonal(op.gate)) start_ = frontier_;
    std::size_t at = 0;
    for (std::size_t r = low; r <= std::min(high, shown_ - 1); ++r) at = std::max(at, start_[r]);
    while (!is_free(at, low, high)) ++at;
    if (at == columns_.size()) columns_.emplace_back(rows_);
    Column& column = columns_[at];
    for (std::size_t r = low; r <= high; ++r) {
      column.cells[r] = Glyphs::one("┼");
      if (r < high) column.line_below[r] = 1;
      frontier_[r] = std::max(frontier_[r], at + 1);
    }
    if (info(op.gate).arity == 1) {
      column.cells[row0] = label(op);
    } else {
      column.cells[row0] = mark(axis(op.gate, 0));
      column.cells[row1] = mark(axis(op.gate, 1));
    }
    for (const auto& cell : column.cells)
      if (cell) column.width = std::max(column.width, cell->width);
  }

  /// The same on several qubits at once.
  void place_state(const std::vector<int>& qubits, const std::string& text) {
    std::vector<std::size_t> rows;
    for (int qubit : qubits) rows.push_back(row(qubit));
    const auto [low, high] = std::minmax_element(rows.begin(), rows.end());
    if (*low >= shown_) return;
    start_ = frontier_;
    std::size_t at = 0;
    for (std::size_t r = *low; r <= std::min(*high, shown_ - 1); ++r) at = std::max(at, start_[r]);
    while (!is_free(at, *low, *high)) ++at;
    if (at == columns_.size()) columns_.emplace_back(rows_);
    Column& column = columns_[at];
    for (std::size_t r = *low; r <= *high; ++r) {
      column.cells[r] = Glyphs::one("┼");
      if (r < *high) column.line_below[r] = 1;
      frontier_[r] = std::max(frontier_[r], at + 1);
    }
    for (std::size_t r : rows) column.cells[r] = Glyphs::ascii(text);
    column.width = std::max(column.width, text.size());
  }

  std::string print(const DrawOptions& options) const {
    std::string text;
    const std::size_t room = static_cast<std::size_t>(std::max(options.width, 40)) - head_width;
    std::size_t begin = 0;
    for (int part = 0; part < options.rows && (begin < columns_.size() || part == 0); ++part) {
      std::size_t end = begin, used = 0;
      while (end < columns_.size() && used + columns_[end].width + 1 <= room)
        used += columns_[end++].width + 1;
      if (part > 0) text += "\n";
      text += print(begin, end, part > 0);
      begin = end;
    }
    if (begin < columns_.size())
      text += "  ... and " + std::to_string(columns_.size() - begin) + " more time steps\n";
    return text;
  }

 private:
  static constexpr std::size_t head_width = 10;

  std::size_t row(int qubit) const {
    return static_cast<std::size_t>(row_of_[static_cast<std::size_t>(qubit)]);
  }

  bool is_free(std::size_t at, std::size_t low, std::size_t high) const {
    if (at >= columns_.size()) return true;
    // Lines end at the row of the hidden qubits without filling it.
    for (std::size_t r = low; r <= std::min(high, shown_ - 1); ++r)
      if (columns_[at].cells[r]) return false;
    return true;
  }

  std::string print(std::size_t begin, std::size_t end, bool continued) const {
    std::string text;
    for (std::size_t r = 0; r < rows_; ++r) {
      const bool hidden = r == shown_;
      std::string wire = hidden ? fmt::format("  {:<8}", "...")
                                : fmt::format("  q{:<5}{}", wires_[r], continued ? ".." : "  ");
      std::string below(head_width, ' ');
      for (std::size_t c = begin; c < end; ++c) {
        const Column& column = columns_[c];
        const Glyphs cell =
            column.cells[r] ? (hidden ? Glyphs::one("┆") : *column.cells[r]) : Glyphs{hidden ? " " : "─", 1};
        wire += cell.text;
        for (std::size_t i = cell.width; i < column.width + 1; ++i) wire += hidden ? " " : "─";
        below += column.line_below[r] ? "│" : " ";
        below.append(column.width, ' ');
      }
      if (hidden) wire.append(" ").append(std::to_string(wires_.size() - shown_)).append(" more qubits");
      text += wire + "\n";
      while (!below.empty() && below.back() == ' ') below.pop_back();
      if (r + 1 < rows_ && !below.empty()) text += below + "\n";
    }
    return text;
  }

  std::vector<int> row_of_;  ///< of every qubit; -1: on no wire
  std::size_t shown_, rows_;
  std::vector<int> wires_;
  std::vector<std::size_t> frontier_, start_;
  std::vector<Column> columns_;
};

/// The encoding whose preparation begins with that gate, or null.
const AmplitudeEncoding* encoding_at(const Circuit& circuit, const Op& op) {
  if (op.source != Source::angle || circuit.encodings.empty()) return nullptr;
  const Expression& angle = circuit.angle_of[static_cast<std::size_t>(op.index)];
  for (const AmplitudeEncoding& encoding : circuit.encodings)
    if (angle == input_number(encoding.first)) return &encoding;
  return nullptr;
}

/// "|z0..z7>".
std::string state_of(const AmplitudeEncoding& encoding) {
  const std::string first = "|z" + std::to_string(encoding.of.front());
  return (encoding.of.size() == 1
              ? first
              : first + (encoding.of.size() == 2 ? ",z" : "..z") + std::to_string(encoding.of.back())) +
         ">";
}

/// Preparations of amplitudes are one symbol on all their qubits.
std::string draw(const Circuit& circuit, const std::vector<Op>& ops, const std::vector<int>& wires,
                 const DrawOptions& options) {
  Grid grid(wires, options.qubits, circuit.qubits);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const AmplitudeEncoding* encoding = encoding_at(circuit, ops[i]);
    if (encoding == nullptr) {
      grid.place(ops[i]);
      continue;
    }
    std::vector<int> qubits;
    const std::size_t end = std::min(ops.size(), i + static_cast<std::size_t>(2 * encoding->rotations() - 1));
    for (; i < end; ++i)
      if (std::find(qubits.begin(), qubits.end(), ops[i].q0) == qubits.end()) qubits.push_back(ops[i].q0);
    --i;
    grid.place_state(qubits, state_of(*encoding));
  }
  return grid.print(options);
}

/// "0.25 Z(q0) + 0.25 Z(q1) + ...".
std::string describe(const Readout& readout) {
  std::string text;
  for (std::size_t s = 0; s < readout.strings.size(); ++s) {
    if (s == 4 && readout.strings.size() > 5)
      return text + " + " + std::to_string(readout.strings.size() - s) + " more";
    const ZString& string = readout.strings[s];
    text += s ? " + " : "";
    if (string.weight_param >= 0)
      text.append("p").append(std::to_string(string.weight_param)).append(" ");
    else if (string.weight != 1.0)
      text += significant(string.weight, 4) + " ";
    for (int qubit : string.qubits) text.append("Z(q").append(std::to_string(qubit)).append(")");
  }
  return text;
}

std::string qubit_list(const std::vector<int>& qubits) {
  std::string text;
  for (std::size_t i = 0; i < qubits.size(); ++i) {
    if (i == 8 && qubits.size() > 9) return text + ", ... (" + std::to_string(qubits.size()) + " qubits)";
    text.append(i ? ", q" : "q").append(std::to_string(qubits[i]));
  }
  return text;
}

}  // namespace

std::string draw(const Circuit& circuit, const DrawOptions& options) {
  std::vector<int> all;
  for (int q = 0; q < circuit.qubits; ++q) all.push_back(q);
  std::string text = "shared stage\n" + draw(circuit, circuit.shared, all, options);
  const std::size_t blocks =
      std::min(circuit.blocks.size(), static_cast<std::size_t>(std::max(options.blocks, 0)));
  for (std::size_t b = 0; b < blocks; ++b) {
    const Block& block = circuit.blocks[b];
    text += "\nblock " + std::to_string(b) + " on " + qubit_list(block.qubits) + "\n" +
            draw(circuit, block.ops, block.qubits, options);
    for (std::size_t o = 0; o < block.outputs.size(); ++o) {
      if (o == 3 && block.outputs.size() > 4) {
        text += "  ... and " + std::to_string(block.outputs.size() - o) + " more outputs\n";
        break;
      }
      text += "  output " + std::to_string(o) + " = < " + describe(block.outputs[o]) + " >\n";
    }
  }
  if (blocks < circuit.blocks.size())
    text += "\n... and " + std::to_string(circuit.blocks.size() - blocks) + " more blocks\n";
  return text;
}

}  // namespace qmtl
