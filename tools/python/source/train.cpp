// SPDX-License-Identifier: Apache-2.0
#include "qmtl/train.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <exception>
#include <optional>

#include "tools/python/source/arrays.h"
#include "tools/python/source/parts.h"

namespace qmtl::python {
namespace {

using Split = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// Passes epochs to Python and looks for Ctrl-C. What Python raises is kept while the training, which knows
/// no such exceptions, ends in its own way.
class Listener {
 public:
  explicit Listener(nb::object on_epoch) : on_epoch_(std::move(on_epoch)) {}

  void epoch(const Epoch& epoch) {
    if (on_epoch_.is_none() || raised_) return;
    call([&] {
      const nb::object answer = on_epoch_(epoch);
      if (answer.is(nb::handle(Py_True))) stopped_ = true;
    });
  }
  bool stop() {
    using Clock = std::chrono::steady_clock;
    if (stopped_ || raised_) return true;
    // Taking the GIL for every step of a small model would cost more than the step.
    if (Clock::now() - looked_ < std::chrono::milliseconds(20)) return false;
    looked_ = Clock::now();
    call([] {
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
    });
    return raised_ != nullptr;
  }
  void rethrow() const {
    if (raised_) std::rethrow_exception(raised_);
  }

 private:
  template <class Action>
  void call(const Action& action) {
    const nb::gil_scoped_acquire acquire;
    try {
      action();
    } catch (...) {
      raised_ = std::current_exception();
    }
  }

  nb::object on_epoch_;
  bool stopped_ = false;
  std::exception_ptr raised_;
  std::chrono::steady_clock::time_point looked_ = {};
};

Model train_model(const Matrix& x, const Matrix& y, std::vector<LabelledTask> tasks,
                  std::vector<std::size_t> shape, const std::optional<Split>& split,
                  std::array<double, 3> fractions, std::int64_t split_seed, const std::string& configuration,
                  nb::object on_epoch) {
  Samples samples{.x = rows_of(x), .y = rows_of(y), .tasks = std::move(tasks), .shape = std::move(shape)};
  if (split) samples.split = {split->data(), split->size()};
  samples.fractions = fractions;
  samples.split_seed = split_seed;
  Listener listener(std::move(on_epoch));
  TrainOptions options;
  options.configuration = configuration;
  options.on_epoch = [&](const Epoch& epoch) { listener.epoch(epoch); };
  options.stop = [&] { return listener.stop(); };
  std::optional<Model> model;
  {
    const nb::gil_scoped_release release;
    model = train(samples, options);
  }
  listener.rethrow();
  return std::move(*model);
}

}  // namespace

void bind_train(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Epoch>(module, "Epoch", "An epoch that has ended.")
      .def_ro("number", &Epoch::number, "from 1")
      .def_ro("best", &Epoch::best, "of all so far")
      .def_ro("train_loss", &Epoch::train_loss, "mean of its steps")
      .def_ro("validation_loss", &Epoch::validation_loss, "mean over the validation rows")
      .def_ro("validation_mean", &Epoch::validation_mean,
              "mean of the tasks' metrics, higher is better: what chooses the best epoch")
      .def_ro("metrics", &Epoch::metrics, "of each task on validation; NaN where undefined")
      .def("__repr__", [](const Epoch& epoch) {
        return nb::str("Epoch(number={}, train_loss={:.6g}, validation_mean={:.6g})")
            .format(epoch.number, epoch.train_loss, epoch.validation_mean);
      });
  module.def("train", &train_model, "x"_a, "y"_a, "tasks"_a, "shape"_a, "split"_a.none(), "fractions"_a,
             "split_seed"_a, "configuration"_a, "on_epoch"_a.none());
}

}  // namespace qmtl::python
