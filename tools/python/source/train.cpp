// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "qmtl/run.h"
#include "tools/python/source/arrays.h"
#include "tools/python/source/listener.h"
#include "tools/python/source/parts.h"

namespace qmtl::python {
namespace {

Samples samples_of(const Matrix& x, const Matrix& y, std::vector<LabelledTask> tasks,
                   std::vector<std::size_t> shape, const std::optional<Split>& split,
                   std::array<double, 3> fractions, std::int64_t split_seed, std::vector<std::string> columns,
                   std::vector<std::vector<std::string>> class_names) {
  Samples samples{.x = rows_of(x), .y = rows_of(y), .tasks = std::move(tasks), .shape = std::move(shape)};
  if (split) samples.split = {split->data(), split->size()};
  samples.fractions = fractions;
  samples.split_seed = split_seed;
  samples.columns = std::move(columns);
  samples.class_names = std::move(class_names);
  return samples;
}

Model train_model(const Matrix& x, const Matrix& y, std::vector<LabelledTask> tasks,
                  std::vector<std::size_t> shape, const std::optional<Split>& split,
                  std::array<double, 3> fractions, std::int64_t split_seed, std::vector<std::string> columns,
                  std::vector<std::vector<std::string>> class_names, const std::string& configuration,
                  nb::object on_epoch, nb::object on_step) {
  const Samples samples = samples_of(x, y, std::move(tasks), std::move(shape), split, fractions, split_seed,
                                     std::move(columns), std::move(class_names));
  Listener listener(std::move(on_epoch), std::move(on_step));
  TrainOptions options;
  options.configuration = configuration;
  listener.follow(options);
  std::optional<Model> model;
  {
    const nb::gil_scoped_release release;
    model = train(samples, options);
  }
  listener.rethrow();
  return std::move(*model);
}

Run run(const std::string& configuration, std::vector<std::string> set, const std::string& mode,
        nb::object on_epoch, nb::object on_step) {
  Listener listener(std::move(on_epoch), std::move(on_step));
  RunOptions options{.set = std::move(set), .mode = mode};
  listener.follow(options);
  Run found;
  {
    const nb::gil_scoped_release release;
    found = train_in_folder(configuration, options);
  }
  listener.rethrow();
  return found;
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
  nb::class_<TrainProgress>(module, "Progress", "A training that is running.")
      .def_ro("epoch", &TrainProgress::epoch, "running one, from 1")
      .def_ro("epochs", &TrainProgress::epochs, "the most there will be")
      .def_ro("step", &TrainProgress::step, "completed ones of all epochs")
      .def_ro("steps", &TrainProgress::steps, "the most there will be")
      .def_ro("loss", &TrainProgress::loss, "mean of the running epoch's steps")
      .def_ro("rows_per_second", &TrainProgress::rows_per_second, "since the training began")
      .def_ro("seconds_left", &TrainProgress::seconds_left, "at that speed");
  nb::class_<Run>(module, "Run", "What a training left in its folder.")
      .def_ro("folder", &Run::folder)
      .def_ro("finished", &Run::finished)
      .def_ro("report", &Run::report);
  module.def("run", &run, "configuration"_a, "set"_a, "mode"_a, "on_epoch"_a.none(), "on_step"_a.none());
  module.def(
      "save_data",
      [](const std::string& path, const Matrix& x, const Matrix& y, std::vector<LabelledTask> tasks,
         std::vector<std::size_t> shape, const std::optional<Split>& split, std::array<double, 3> fractions,
         std::int64_t split_seed, std::vector<std::string> columns,
         std::vector<std::vector<std::string>> class_names) {
        const nb::gil_scoped_release release;
        save_data(path, samples_of(x, y, std::move(tasks), std::move(shape), split, fractions, split_seed,
                                   std::move(columns), std::move(class_names)));
      },
      "path"_a, "x"_a, "y"_a, "tasks"_a, "shape"_a, "split"_a.none(), "fractions"_a, "split_seed"_a,
      "columns"_a, "class_names"_a);
  module.def("train", &train_model, "x"_a, "y"_a, "tasks"_a, "shape"_a, "split"_a.none(), "fractions"_a,
             "split_seed"_a, "columns"_a, "class_names"_a, "configuration"_a, "on_epoch"_a.none(),
             "on_step"_a.none());
}

}  // namespace qmtl::python
