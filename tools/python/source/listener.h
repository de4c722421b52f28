// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <exception>
#include <utility>

#include "qmtl/train.h"

namespace qmtl::python {

namespace nb = nanobind;

/// Passes epochs to Python and looks for Ctrl-C. What Python raises is kept while the training, which knows
/// no such exceptions, ends in its own way. Hidden, as all of nanobind is.
class [[gnu::visibility("hidden")]] Listener {
 public:
  Listener(nb::object on_epoch, nb::object on_step)
      : on_epoch_(std::move(on_epoch)), on_step_(std::move(on_step)) {}

  template <class Options>
  void follow(Options & options) {
    options.on_epoch = [this](const Epoch& at) { epoch(at); };
    options.stop = [this] { return stop(); };
    if (!on_step_.is_none()) options.on_step = [this](const TrainProgress& at) { step(at); };
  }

  void epoch(const Epoch& epoch) {
    if (on_epoch_.is_none() || raised_) return;
    call([&] {
      const nb::object answer = on_epoch_(epoch);
      if (answer.is(nb::handle(Py_True))) stopped_ = true;
    });
  }
  void step(const TrainProgress& progress) {
    if (raised_ || Clock::now() - told_ < pause) return;
    told_ = Clock::now();
    call([&] { on_step_(progress); });
  }
  bool stop() {
    if (stopped_ || raised_) return true;
    if (Clock::now() - looked_ < pause) return false;
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
  using Clock = std::chrono::steady_clock;
  /// Taking the GIL for every step of a small model would cost more than the step.
  static constexpr std::chrono::milliseconds pause{20};

  template <class Action>
  void call(const Action& action) {
    const nb::gil_scoped_acquire acquire;
    try {
      action();
    } catch (...) {
      raised_ = std::current_exception();
    }
  }

  nb::object on_epoch_, on_step_;
  bool stopped_ = false;
  std::exception_ptr raised_;
  Clock::time_point looked_ = {}, told_ = {};
};

}  // namespace qmtl::python
