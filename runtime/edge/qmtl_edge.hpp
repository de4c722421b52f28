// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_HPP
#define QMTL_EDGE_HPP

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "qmtl_edge.h"
#include "qmtl_edge_tasks.h"

namespace qmtl_edge {

/// What went wrong; `code` is one of QMTL_EDGE_NULL ... or 0 where the file could not be read.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, int code = 0) : std::runtime_error(message), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

/// A model from a head file, with the memory that it needs, for programs on desktops and servers (C++17). One
/// thread at a time may run a Model; several Models are independent.
class Model {
 public:
  /// Throws Error: no such file, or what qmtl_edge_open refuses.
  explicit Model(const std::string& path) : words_(read(path)) {
    const std::size_t bytes = 4 * words_.size();
    check(qmtl_edge_to_native(words_.data(), bytes), path);
    const std::int32_t need = qmtl_edge_need(words_.data(), bytes);
    check(need < 0 ? need : 0, path);
    arena_.resize(static_cast<std::size_t>(need) / 4 + 1);
    check(qmtl_edge_open(&head_, words_.data(), bytes, arena_.data(), 4 * arena_.size()), path);
  }
  Model(Model&& other) noexcept = default;
  Model& operator=(Model&& other) noexcept = default;

  std::size_t inputs() const { return qmtl_edge_inputs(&head_); }
  std::size_t outputs() const { return qmtl_edge_outputs(&head_); }
  /// Names, kinds and places of the tasks' numbers among the outputs.
  std::vector<qmtl_edge_item> tasks() const {
    std::vector<qmtl_edge_item> items(qmtl_edge_task_count(&head_));
    for (std::uint32_t i = 0; i < items.size(); ++i) check(qmtl_edge_task(&head_, i, &items[i]), "task");
    return items;
  }

  /// Logits y[outputs()] of x[inputs()]; regression values in the unit of their labels.
  void run(const float* x, float* y) { check(qmtl_edge_run(&head_, x, y), "sample"); }
  std::vector<float> run(const std::vector<float>& x) {
    if (x.size() != inputs())
      throw Error("expected " + std::to_string(inputs()) + " inputs, found " + std::to_string(x.size()));
    std::vector<float> y(outputs());
    run(x.data(), y.data());
    return y;
  }
  /// As run, with probabilities instead of logits.
  std::vector<float> predict(const std::vector<float>& x) {
    std::vector<float> y = run(x);
    for (const qmtl_edge_item& task : tasks()) qmtl_edge_probabilities(&task, y.data());
    return y;
  }
  /// Throws Error unless the file's samples come out bit for bit.
  void self_test() {
    std::vector<float> y(outputs());
    check(qmtl_edge_selftest(&head_, y.data()), "self test");
  }

 private:
  static void check(int code, const std::string& what) {
    if (code != 0) throw Error(what + ": " + qmtl_edge_strerror(code), code);
  }
  static std::vector<std::uint32_t> read(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file) throw Error(path + ": cannot be opened");
    std::vector<std::uint32_t> words;
    std::uint32_t buffer[1024];
    for (std::size_t bytes; (bytes = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;)
      words.insert(words.end(), buffer, buffer + bytes / 4);
    return words;
  }

  // A moved vector keeps its memory, which the head points to.
  std::vector<std::uint32_t> words_;
  std::vector<float> arena_;
  qmtl_edge_head head_{};
};

}  // namespace qmtl_edge

#endif
