// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/loop/serialise.h"

#include <cstring>
#include <type_traits>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// One list of fields per type serves both directions: visit(io, value) with io a Writer or a Reader.
class Writer {
 public:
  std::string bytes;

  template <class Value>
  void operator()(const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const std::string& text) { block(text.data(), text.size(), 1); }
  template <class Value>
  void operator()(const std::vector<Value>& values) {
    if constexpr (std::is_trivially_copyable_v<Value>) {
      block(values.data(), values.size(), sizeof(Value));
    } else {
      (*this)(values.size());
      for (const Value& value : values) item(value);
    }
  }

 private:
  void item(const std::string& text) { (*this)(text); }
  template <class Value>
  void item(const Value& value) {
    visit(*this, value);
  }
  void block(const void* data, std::size_t count, std::size_t size) {
    (*this)(count);
    bytes.append(static_cast<const char*>(data), count * size);
  }
};

class Reader {
 public:
  explicit Reader(const std::string& source) : bytes_(source) {}

  template <class Value>
  void operator()(Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    std::memcpy(&value, take(1, sizeof value), sizeof value);
  }
  void operator()(std::string& text) {
    const std::size_t count = length();
    text.assign(take(count, 1), count);
  }
  template <class Value>
  void operator()(std::vector<Value>& values) {
    const std::size_t count = length();
    if constexpr (std::is_trivially_copyable_v<Value>) {
      const char* from = take(count, sizeof(Value));
      values.resize(count);
      if (count > 0) std::memcpy(values.data(), from, count * sizeof(Value));
    } else {
      // Every element takes at least the eight bytes of one length: a damaged count cannot ask for more.
      if (count > (bytes_.size() - at_) / 8) broken();
      values.resize(count);
      for (Value& value : values) item(value);
    }
  }
  void finish() const {
    if (at_ != bytes_.size()) broken();
  }

 private:
  void item(std::string& text) { (*this)(text); }
  template <class Value>
  void item(Value& value) {
    visit(*this, value);
  }
  std::size_t length() {
    std::size_t count = 0;
    (*this)(count);
    return count;
  }
  const char* take(std::size_t count, std::size_t size) {
    if (count > (bytes_.size() - at_) / size) broken();
    const char* from = bytes_.data() + at_;
    at_ += count * size;
    return from;
  }
  [[noreturn]] void broken() const {
    throw data_error("expected a whole message from rank 0, found " + std::to_string(bytes_.size()) +
                     " bytes that do not fit; start all ranks with the same program");
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

template <class Io, class Value, class Type>
concept Of = std::is_same_v<std::remove_const_t<Value>, Type>;

template <class Io, class Value>
requires Of<Io, Value, Input>
void visit(Io& io, Value& value) {
  io(value.name), io(value.shape), io(value.width), io(value.values), io(value.shift), io(value.column_names);
  io(value.units);
}

template <class Io, class Value>
requires Of<Io, Value, Task>
void visit(Io& io, Value& value) {
  io(value.name), io(value.kind), io(value.classes), io(value.metric), io(value.metrics), io(value.columns),
      io(value.labels);
  io(value.class_names), io(value.unit);
}

template <class Io, class Value>
requires Of<Io, Value, Dataset>
void visit(Io& io, Value& value) {
  io(value.title), io(value.source), io(value.licence), io(value.samples), io(value.inputs), io(value.tasks);
  io(value.split), io(value.fold), io(value.groups), io(value.ids), io(value.hash);
  io(value.description);
}

template <class Io, class Value>
requires Of<Io, Value, Standardisation>
void visit(Io& io, Value& value) { io(value.input), io(value.mean), io(value.deviation); }

template <class Io, class Value>
requires Of<Io, Value, LabelStatistics>
void visit(Io& io, Value& value) { io(value.task), io(value.mean), io(value.deviation); }

template <class Io, class Value>
requires Of<Io, Value, Statistics>
void visit(Io& io, Value& value) { io(value.inputs), io(value.labels); }

template <class Io, class Value>
requires Of<Io, Value, EpochRecord>
void visit(Io& io, Value& value) {
  io(value.epoch), io(value.step), io(value.learning_rate), io(value.train_loss), io(value.validation_loss);
  io(value.validation_mean), io(value.validation);
}

template <class Io, class Value>
requires Of<Io, Value, TrainState>
void visit(Io& io, Value& value) {
  io(value.params), io(value.moment1), io(value.moment2), io(value.step), io(value.epoch);
  io(value.step_in_epoch), io(value.epoch_loss_sum), io(value.epoch_norm_sums), io(value.task_weights),
      io(value.first_losses), io(value.best_score), io(value.best_epoch);
  io(value.history);
}

template <class Value>
std::string write(const Value& value) {
  Writer writer;
  visit(writer, value);
  return std::move(writer.bytes);
}

template <class Value>
Value read(const std::string& bytes) {
  Reader reader(bytes);
  Value value;
  visit(reader, value);
  reader.finish();
  return value;
}

}  // namespace

std::string to_bytes(const Dataset& data) { return write(data); }
Dataset dataset_from_bytes(const std::string& bytes) { return read<Dataset>(bytes); }
std::string to_bytes(const TrainState& state) { return write(state); }
TrainState state_from_bytes(const std::string& bytes) { return read<TrainState>(bytes); }
std::string to_bytes(const Statistics& statistics) { return write(statistics); }
Statistics statistics_from_bytes(const std::string& bytes) { return read<Statistics>(bytes); }

}  // namespace qmtl
