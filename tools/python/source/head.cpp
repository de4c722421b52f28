// SPDX-License-Identifier: Apache-2.0
#include "qmtl/head.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <shared_mutex>

#include "qmtl/model.h"
#include "tools/python/source/arrays.h"
#include "tools/python/source/parts.h"

namespace qmtl::python {
namespace {

/// A TaskHead that several Python threads may call and change: setting parameters waits for running calls.
class SharedHead {
 public:
  explicit SharedHead(TaskHead head) : head_(std::move(head)) {}

  const TaskHead& head() const { return head_; }
  SharedHead with_precision(const std::string& precision) const {
    const std::shared_lock lock(mutex_);
    return SharedHead(head_.with_precision(precision));
  }
  Model model() const {
    const nb::gil_scoped_release release;
    const std::shared_lock lock(mutex_);
    return Model::of(head_);
  }
  SharedHead(SharedHead&& other) noexcept : head_(std::move(other.head_)) {}

  nb::object parameters() const {
    const std::shared_lock lock(mutex_);
    return array_from<double>(head_.parameters(), {head_.parameters().size()});
  }
  void set_parameters(nb::handle values) {
    const Numbers<double> numbers(vector_of(values, "parameters", size()));
    const nb::gil_scoped_release release;
    const std::unique_lock lock(mutex_);
    head_.set_parameters(numbers.span());
  }

  nb::object forward(nb::handle z, nb::handle parameters, nb::handle out) {
    const Array array = matrix(z, "z", head_.width());
    return is_double(array) ? forward_of<double>(array, parameters, out)
                            : forward_of<float>(array, parameters, out);
  }
  nb::tuple vjp(nb::handle z, nb::handle cotangents, nb::handle parameters) {
    const Array array = matrix(z, "z", head_.width());
    const Array slopes = matrix(cotangents, "cotangents", head_.outputs());
    if (is_double(array) != is_double(slopes))
      throw nb::type_error(
          ("cotangents: expected " + name_of(array.dtype()) + " as z has, found " + name_of(slopes.dtype()))
              .c_str());
    if (array.shape(0) != slopes.shape(0))
      throw nb::value_error(("cotangents: expected " + std::to_string(array.shape(0)) +
                             " rows as z has, found " + std::to_string(slopes.shape(0)))
                                .c_str());
    return is_double(array) ? vjp_of<double>(array, slopes, parameters)
                            : vjp_of<float>(array, slopes, parameters);
  }

 private:
  std::size_t size() const { return head_.parameters().size(); }

  /// Calls `work` with the head's own parameters, or after setting them to `given`: no other call then comes
  /// between.
  template <class Work>
  void with_parameters(nb::handle given, const Work& work) {
    if (given.is_none()) {
      const nb::gil_scoped_release release;
      const std::shared_lock lock(mutex_);
      work();
      return;
    }
    const Numbers<double> numbers(vector_of(given, "parameters", size()));
    const nb::gil_scoped_release release;
    {
      const std::shared_lock lock(mutex_);
      // Bits, not values: what is computed is a function of them.
      if (std::memcmp(numbers.span().data(), head_.parameters().data(), size() * sizeof(double)) == 0) {
        work();
        return;
      }
    }
    const std::unique_lock lock(mutex_);
    head_.set_parameters(numbers.span());
    work();
  }

  template <class Real>
  nb::object forward_of(const Array& z, nb::handle parameters, nb::handle out) {
    const Numbers<Real> numbers(z);
    const Output<Real> logits(out, "out", {z.shape(0), head_.outputs()});
    with_parameters(parameters, [&] { head_.forward(numbers.span(), logits.span()); });
    return logits.object();
  }
  template <class Real>
  nb::tuple vjp_of(const Array& z, const Array& cotangents, nb::handle parameters) {
    const Numbers<Real> numbers(z), slopes(cotangents);
    const Output<Real> dz(nb::none(), "", {z.shape(0), head_.width()});
    const Output<double> dparameters(nb::none(), "", {size()});
    with_parameters(parameters,
                    [&] { head_.vjp(numbers.span(), slopes.span(), dz.span(), dparameters.span()); });
    return nb::make_tuple(dz.object(), dparameters.object());
  }

  TaskHead head_;
  mutable std::shared_mutex mutex_;
};

}  // namespace

void bind_head(nb::module_& module) {
  using namespace nb::literals;
  nb::class_<SharedHead>(module, "Head", "What qmtl.Head, qmtl.torch.Head and qmtl.jax.head call.")
      .def(
          "__init__",
          [](SharedHead* self, const std::vector<LabelledTask>& tasks, const std::string& configuration,
             std::uint64_t seed) { new (self) SharedHead(TaskHead(tasks, configuration, seed)); },
          "tasks"_a, "configuration"_a, "seed"_a)
      .def_static(
          "load", [](const std::string& path) { return SharedHead(TaskHead::load(path)); }, "path"_a)
      .def("with_precision", &SharedHead::with_precision, "precision"_a)
      .def("model", &SharedHead::model)
      .def_prop_ro("width", [](const SharedHead& self) { return self.head().width(); })
      .def_prop_ro("outputs", [](const SharedHead& self) { return self.head().outputs(); })
      .def_prop_ro("size", [](const SharedHead& self) { return self.head().parameters().size(); })
      .def_prop_ro("tasks", [](const SharedHead& self) { return self.head().tasks(); })
      .def_prop_ro("configuration", [](const SharedHead& self) { return self.head().configuration(); })
      .def_prop_ro(
          "tensors", [](const SharedHead& self) { return tensors_of(self.head().tensors()); },
          nb::for_getter(nb::sig("def tensors(self) -> list[tuple[str, tuple[int, ...], int, int]]")))
      .def_prop_ro("parameters", &SharedHead::parameters,
                   nb::for_getter(nb::sig("def parameters(self) -> numpy.typing.NDArray[typing.Any]")))
      .def("set_parameters", &SharedHead::set_parameters, "values"_a.none())
      .def("forward", &SharedHead::forward, "z"_a.none(), "parameters"_a = nb::none(), "out"_a = nb::none(),
           nb::sig("def forward(self, z: object, parameters: object | None = None, out: object | None = "
                   "None) -> numpy.typing.NDArray[typing.Any]"))
      .def("vjp", &SharedHead::vjp, "z"_a.none(), "cotangents"_a.none(), "parameters"_a = nb::none(),
           nb::sig("def vjp(self, z: object, cotangents: object, parameters: object | None = None) -> "
                   "tuple[numpy.typing.NDArray[typing.Any], numpy.typing.NDArray[typing.Any]]"));
}

}  // namespace qmtl::python
