// SPDX-License-Identifier: Apache-2.0
#include "qmtl/model.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "qmtl/evaluate.h"
#include "qmtl/export.h"
#include "qmtl/replay.h"
#include "qmtl/report.h"
#include "tools/python/source/arrays.h"
#include "tools/python/source/listener.h"
#include "tools/python/source/parts.h"

namespace qmtl::python {
namespace {

template <Table (Model::*method)(Rows) const>
nb::object table_of(const Model& model, const Matrix& x) {
  Table table;
  {
    const nb::gil_scoped_release release;
    table = (model.*method)(rows_of(x));
  }
  return array_from<float>(table.values, {table.count(), table.columns});
}

}  // namespace

void bind_model(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<Model>(module, "Model", "What qmtl.Model calls.")
      .def_static("load", &Model::load, "path"_a, nb::call_guard<nb::gil_scoped_release>())
      .def("save", &Model::save, "path"_a, nb::call_guard<nb::gil_scoped_release>())
      .def_prop_ro("tasks", &Model::tasks)
      .def_prop_ro("inputs", &Model::inputs)
      .def_prop_ro("class_names", &Model::class_names)
      .def_prop_ro("column_names", &Model::column_names)
      .def_prop_ro(
          "tensors", [](const Model& self) { return tensors_of(self.tensors()); },
          nb::for_getter(nb::sig("def tensors(self) -> list[tuple[str, tuple[int, ...], int, int]]")))
      .def_prop_ro(
          "parameters",
          [](const Model& self) { return array_from<double>(self.parameters(), {self.parameters().size()}); },
          nb::for_getter(nb::sig("def parameters(self) -> numpy.typing.NDArray[typing.Any]")))
      .def_prop_ro("run_hash", &Model::run_hash)
      .def_prop_ro("configuration", &Model::configuration)
      .def("plan", &Model::plan)
      .def(
          "save_data",
          [](const Model& self, const std::string& path, const Matrix& x, const Matrix& y,
             const std::optional<Split>& split) {
            const nb::gil_scoped_release release;
            save_data(path, self, rows_of(x), rows_of(y),
                      split ? std::span(split->data(), split->size()) : std::span<const std::uint8_t>());
          },
          "path"_a, "x"_a, "y"_a, "split"_a.none())
      .def(
          "evaluate",
          [](const Model& self, const Matrix& x, const Matrix& y, const std::optional<Split>& split,
             const std::string& threshold, int importance, const std::string& noise, std::int64_t shots,
             std::uint64_t seed) {
            EvaluateOptions options{.threshold = threshold,
                                    .importance = importance,
                                    .noise = noise,
                                    .shots = shots,
                                    .seed = seed};
            if (split) options.split = {split->data(), split->size()};
            const nb::gil_scoped_release release;
            return evaluate(self, rows_of(x), rows_of(y), options);
          },
          "x"_a, "y"_a, "split"_a.none(), "threshold"_a, "importance"_a, "noise"_a, "shots"_a, "seed"_a)
      .def(
          "replay",
          [](const Model& self, const Matrix& x, const Matrix& y, const std::string& folder,
             const std::string& endpoint, std::int64_t shots, double max_cost, int replicates) {
            Samples samples{.x = rows_of(x), .y = rows_of(y), .tasks = self.tasks()};
            Listener listener{nb::none(), nb::none()};
            ReplayOptions options{.endpoint = endpoint,
                                  .shots = shots,
                                  .max_cost = max_cost,
                                  .replicates = replicates,
                                  .stop = [&] { return listener.stop(); }};
            Replay found;
            {
              const nb::gil_scoped_release release;
              found = replay(self, samples, folder, options);
            }
            listener.rethrow();
            return nb::make_tuple(
                found.done, found.report, found.rows,
                array_from<float>(found.logits.values, {found.logits.count(), found.logits.columns}));
          },
          "x"_a, "y"_a, "folder"_a, "endpoint"_a, "shots"_a, "max_cost"_a, "replicates"_a,
          nb::sig(
              "def replay(self, x: numpy.typing.NDArray[typing.Any], y: numpy.typing.NDArray[typing.Any], "
              "folder: str, endpoint: str, shots: int, max_cost: float, replicates: int) -> "
              "tuple[bool, str, list[int], numpy.typing.NDArray[typing.Any]]"))
      .def("predict", &table_of<&Model::predict>, "x"_a,
           nb::sig(
               "def predict(self, x: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[typing.Any]"))
      .def("logits", &table_of<&Model::logits>, "x"_a,
           nb::sig(
               "def logits(self, x: numpy.typing.NDArray[typing.Any]) -> numpy.typing.NDArray[typing.Any]"))
      .def(
          "export",
          [](const Model& self, const std::string& form, const std::string& path, const Matrix& x,
             const std::map<std::string, std::string>& options) {
            const nb::gil_scoped_release release;
            return export_model(self, form, path, rows_of(x), options);
          },
          "form"_a, "path"_a, "x"_a, "options"_a);
  module.def("export_forms", &export_forms);
  module.def("write_report", &write_report, "paths"_a, "out"_a, "title"_a,
             nb::call_guard<nb::gil_scoped_release>());
}

}  // namespace qmtl::python
