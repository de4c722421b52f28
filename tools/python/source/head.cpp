// SPDX-License-Identifier: Apache-2.0
#include "qmtl/head.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "qmtl/model.h"
#include "tools/python/source/arrays.h"
#include "tools/python/source/parts.h"

namespace qmtl::python {
namespace {

/// A TaskHead that several Python threads may call and change: setting parameters waits for running calls.
class SharedHead {
 public:
  explicit SharedHead(TaskHead head) : head_(std::move(head)), tensors_(head_.tensors()) {}

  const TaskHead& head() const { return head_; }
  SharedHead with_precision(const std::string& precision) const {
    const std::shared_lock lock(mutex_);
    return SharedHead(head_.with_precision(precision));
  }
  SharedHead with_noise(const std::string& noise, const std::string& name) const {
    const std::shared_lock lock(mutex_);
    return SharedHead(head_.with_noise(noise, name));
  }
  Model model() const {
    const nb::gil_scoped_release release;
    const std::shared_lock lock(mutex_);
    return Model::of(head_);
  }
  SharedHead(SharedHead&& other) noexcept
      : head_(std::move(other.head_)), tensors_(std::move(other.tensors_)) {}

  std::string circuit() const {
    const std::shared_lock lock(mutex_);
    return head_.circuit();
  }
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

  nb::object forward(nb::handle z, nb::handle parameters, nb::handle out, nb::handle noise) {
    const Array array = matrix(z, "z", head_.width());
    return is_double(array) ? forward_of<double>(array, parameters, out, noise)
                            : forward_of<float>(array, parameters, out, noise);
  }
  nb::tuple vjp(nb::handle z, nb::handle cotangents, nb::handle parameters, nb::handle noise) {
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
    return is_double(array) ? vjp_of<double>(array, slopes, parameters, noise)
                            : vjp_of<float>(array, slopes, parameters, noise);
  }

  /// All numbers of tensors at `addresses`, float64 [n]: one address for each tensor of the head, in C order.
  nb::object gather(const std::vector<std::uintptr_t>& addresses, bool are_double) const {
    const Output<double> flat(nb::none(), "", {size()});
    each_tensor(addresses, [&](std::uintptr_t address, std::size_t offset, std::size_t count) {
      double* to = flat.span().data() + offset;
      if (are_double)
        std::copy_n(reinterpret_cast<const double*>(address), count, to);
      else
        std::copy_n(reinterpret_cast<const float*>(address), count, to);
    });
    return flat.object();
  }
  /// forward of z[rows, width] at an address, to one; both of double or of float, in C order.
  void forward_at(std::uintptr_t z, std::size_t rows, bool are_double, nb::handle parameters,
                  std::uintptr_t logits, nb::handle noise) {
    if (are_double)
      at<double>(z, rows, parameters, logits, noise);
    else
      at<float>(z, rows, parameters, logits, noise);
  }
  /// vjp likewise; the parameters' slopes go to one address for each tensor.
  void vjp_at(std::uintptr_t z, std::size_t rows, bool are_double, nb::handle parameters,
              std::uintptr_t cotangents, std::uintptr_t dz, const std::vector<std::uintptr_t>& slopes,
              bool slopes_are_double, nb::handle noise) {
    std::vector<double> flat(size());
    if (are_double)
      slopes_at<double>(z, rows, parameters, cotangents, dz, flat, noise);
    else
      slopes_at<float>(z, rows, parameters, cotangents, dz, flat, noise);
    each_tensor(slopes, [&](std::uintptr_t address, std::size_t offset, std::size_t count) {
      const double* from = flat.data() + offset;
      if (slopes_are_double)
        std::copy_n(from, count, reinterpret_cast<double*>(address));
      else
        std::transform(from, from + count, reinterpret_cast<float*>(address),
                       [](double value) { return static_cast<float>(value); });
    });
  }

 private:
  std::size_t size() const { return head_.parameters().size(); }

  template <class Action>
  void each_tensor(const std::vector<std::uintptr_t>& addresses, const Action& action) const {
    if (addresses.size() != tensors_.size())
      throw nb::value_error(("expected " + std::to_string(tensors_.size()) + " addresses, found " +
                             std::to_string(addresses.size()))
                                .c_str());
    for (std::size_t i = 0; i < tensors_.size(); ++i)
      action(addresses[i], tensors_[i].offset, tensors_[i].size);
  }

  /// (seed, step) of a draw, or None.
  static std::optional<ShotNoise> noise_of(nb::handle given) {
    if (given.is_none()) return std::nullopt;
    std::pair<std::uint64_t, std::int64_t> numbers;
    if (!nb::try_cast(given, numbers))
      throw nb::type_error("noise: expected (seed, step), two whole numbers, or None");
    return ShotNoise{numbers.first, numbers.second};
  }
  template <class Real>
  void run_forward(std::span<const Real> z, std::span<Real> logits,
                   const std::optional<ShotNoise>& noise) const {
    if (noise)
      head_.forward(z, logits, *noise);
    else
      head_.forward(z, logits);
  }
  template <class Real>
  void run_vjp(std::span<const Real> z, std::span<const Real> cotangents, std::span<Real> dz,
               std::span<double> slopes, const std::optional<ShotNoise>& noise) const {
    if (noise)
      head_.vjp(z, cotangents, dz, slopes, *noise);
    else
      head_.vjp(z, cotangents, dz, slopes);
  }
  template <class Real>
  void at(std::uintptr_t z, std::size_t rows, nb::handle parameters, std::uintptr_t logits,
          nb::handle noise) {
    const std::span from(reinterpret_cast<const Real*>(z), rows * head_.width());
    const std::span to(reinterpret_cast<Real*>(logits), rows * head_.outputs());
    const std::optional<ShotNoise> draw = noise_of(noise);
    with_parameters(parameters, [&] { run_forward<Real>(from, to, draw); });
  }
  template <class Real>
  void slopes_at(std::uintptr_t z, std::size_t rows, nb::handle parameters, std::uintptr_t cotangents,
                 std::uintptr_t dz, std::span<double> slopes, nb::handle noise) {
    const std::span from(reinterpret_cast<const Real*>(z), rows * head_.width());
    const std::span given(reinterpret_cast<const Real*>(cotangents), rows * head_.outputs());
    const std::span to(reinterpret_cast<Real*>(dz), rows * head_.width());
    const std::optional<ShotNoise> draw = noise_of(noise);
    with_parameters(parameters, [&] { run_vjp<Real>(from, given, to, slopes, draw); });
  }

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
  nb::object forward_of(const Array& z, nb::handle parameters, nb::handle out, nb::handle noise) {
    const Numbers<Real> numbers(z);
    const Output<Real> logits(out, "out", {z.shape(0), head_.outputs()});
    const std::optional<ShotNoise> draw = noise_of(noise);
    with_parameters(parameters, [&] { run_forward<Real>(numbers.span(), logits.span(), draw); });
    return logits.object();
  }
  template <class Real>
  nb::tuple vjp_of(const Array& z, const Array& cotangents, nb::handle parameters, nb::handle noise) {
    const Numbers<Real> numbers(z), slopes(cotangents);
    const Output<Real> dz(nb::none(), "", {z.shape(0), head_.width()});
    const Output<double> dparameters(nb::none(), "", {size()});
    const std::optional<ShotNoise> draw = noise_of(noise);
    with_parameters(parameters, [&] {
      run_vjp<Real>(numbers.span(), slopes.span(), dz.span(), dparameters.span(), draw);
    });
    return nb::make_tuple(dz.object(), dparameters.object());
  }

  TaskHead head_;
  std::vector<Tensor> tensors_;
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
      .def("with_noise", &SharedHead::with_noise, "noise"_a, "name"_a)
      .def_prop_ro("noisy", [](const SharedHead& self) { return self.head().noisy(); })
      .def_static(
          "of", [](const Model& model) { return SharedHead(TaskHead::of(model)); }, "model"_a)
      .def("model", &SharedHead::model)
      .def("circuit", &SharedHead::circuit)
      .def("drawing", [](const SharedHead& self) { return self.head().drawing(); })
      .def("plan", [](const SharedHead& self) { return self.head().plan(); })
      .def_prop_ro("shots", [](const SharedHead& self) { return self.head().shots(); })
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
           "noise"_a = nb::none(),
           nb::sig("def forward(self, z: object, parameters: object | None = None, out: object | None = "
                   "None, noise: tuple[int, int] | None = None) -> numpy.typing.NDArray[typing.Any]"))
      .def("vjp", &SharedHead::vjp, "z"_a.none(), "cotangents"_a.none(), "parameters"_a = nb::none(),
           "noise"_a = nb::none(),
           nb::sig("def vjp(self, z: object, cotangents: object, parameters: object | None = None, noise: "
                   "tuple[int, int] | None = None) -> "
                   "tuple[numpy.typing.NDArray[typing.Any], numpy.typing.NDArray[typing.Any]]"))
      // Addresses instead of arrays: for callers that have checked dtype, order and device themselves.
      .def("gather", &SharedHead::gather, "addresses"_a, "are_double"_a,
           nb::sig("def gather(self, addresses: list[int], are_double: bool) -> "
                   "numpy.typing.NDArray[typing.Any]"))
      .def("forward_at", &SharedHead::forward_at, "z"_a, "rows"_a, "are_double"_a, "parameters"_a, "logits"_a,
           "noise"_a.none(),
           nb::sig("def forward_at(self, z: int, rows: int, are_double: bool, parameters: object, logits: "
                   "int, noise: tuple[int, int] | None) -> None"))
      .def("vjp_at", &SharedHead::vjp_at, "z"_a, "rows"_a, "are_double"_a, "parameters"_a, "cotangents"_a,
           "dz"_a, "slopes"_a, "slopes_are_double"_a, "noise"_a.none(),
           nb::sig("def vjp_at(self, z: int, rows: int, are_double: bool, parameters: object, cotangents: "
                   "int, dz: int, slopes: list[int], slopes_are_double: bool, noise: tuple[int, int] | None) "
                   "-> None"));
}

}  // namespace qmtl::python
