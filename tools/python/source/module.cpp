// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <exception>
#include <memory>
#include <optional>

#include "qmtl/error.h"
#include "qmtl/log.h"
#include "qmtl/task.h"
#include "qmtl/threads.h"
#include "qmtl/version.h"
#include "tools/python/source/arrays.h"
#include "tools/python/source/parts.h"

namespace qmtl::python {

nb::list tensors_of(const std::vector<Tensor>& tensors) {
  nb::list list;
  for (const Tensor& tensor : tensors) {
    nb::list shape;
    for (std::size_t extent : tensor.shape) shape.append(extent);
    list.append(nb::make_tuple(tensor.name, nb::tuple(shape), tensor.offset, tensor.size));
  }
  return list;
}

namespace {

/// The exception classes live in the package's errors.py; here an Error becomes one of them by its exit code.
void raise(const std::exception_ptr& pointer, void*) {
  try {
    std::rethrow_exception(pointer);
  } catch (const Error& error) {
    const nb::object raised =
        nb::module_::import_("qmtl.errors").attr("from_code")(static_cast<int>(error.code()), error.what());
    PyErr_SetObject(raised.type().ptr(), raised.ptr());
  }
}

std::unique_ptr<Threads>& threads() {
  // Left to the end of the process: its library may be gone by then.
  static auto* limit = new std::unique_ptr<Threads>();
  return *limit;
}

void bind_task(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<LabelledTask>(
      module, "Task",
      "One thing to predict, and the columns of labels that say it.\n\n"
      "name: unique among the tasks of a model.\n"
      "kind: 'binary' (labels 0, 1), 'multiclass' (0 .. outputs - 1), 'multilabel' (a "
      "column of 0, 1 for\neach output) or 'regression' (any finite number). A label "
      "that is NaN is missing.\n"
      "outputs: columns of logits: classes or labels; 1 for binary and regression.\n"
      "metric: what validation goes by, such as 'accuracy', 'auc', 'rmse'; '': the kind's "
      "customary one.")
      .def(
          "__init__",
          [](LabelledTask* self, std::string name, std::string kind, int outputs, std::string metric) {
            new (self) LabelledTask{std::move(name), std::move(kind), outputs, std::move(metric)};
          },
          "name"_a, "kind"_a = "binary", "outputs"_a = 1, "metric"_a = "")
      .def_ro("name", &LabelledTask::name)
      .def_ro("kind", &LabelledTask::kind)
      .def_ro("outputs", &LabelledTask::outputs)
      .def_ro("metric", &LabelledTask::metric)
      .def("__repr__",
           [](const LabelledTask& task) {
             return nb::str("Task({!r}, {!r}, outputs={}, metric={!r})")
                 .format(task.name, task.kind, task.outputs, task.metric);
           })
      .def(
          "__eq__",
          [](const LabelledTask& one, nb::handle other) {
            if (!nb::isinstance<LabelledTask>(other)) return false;
            const auto& two = nb::cast<const LabelledTask&>(other);
            return one.name == two.name && one.kind == two.kind && one.outputs == two.outputs &&
                   one.metric == two.metric;
          },
          nb::arg("other").none(), nb::sig("def __eq__(self, other: object) -> bool"))
      .def("__hash__", [](const LabelledTask& task) { return nb::hash(nb::str(task.name.c_str())); })
      .def(
          "__reduce__",
          [](const LabelledTask& task) {
            return nb::make_tuple(nb::type<LabelledTask>(),
                                  nb::make_tuple(task.name, task.kind, task.outputs, task.metric));
          },
          nb::sig("def __reduce__(self) -> tuple[typing.Any, ...]"));
}

}  // namespace

NB_MODULE(_core, module) {
  module.doc() = "The C++ library as the package's own files call it; use those.";
  // What a traceback or a cache still holds when Python ends is no leak of this module's.
  nb::set_leak_warnings(false);
  nb::register_exception_translator(raise);
  log_warnings_to_errors();
  bind_task(module);
  bind_model(module);
  bind_head(module);
  bind_train(module);
  module.def("version", &version);
  module.def("instruction_set", &instruction_set);
  module.def(
      "set_threads",
      [](std::optional<int> most) {
        std::unique_ptr<Threads> limit = most ? std::make_unique<Threads>(*most) : nullptr;
        threads() = std::move(limit);
      },
      nb::arg("most").none());
}

}  // namespace qmtl::python
