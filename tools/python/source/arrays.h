// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "qmtl/rows.h"

namespace qmtl::python {

namespace nb = nanobind;

/// An array of the caller, by the buffer protocol or DLPack, that is only read. Nothing is copied.
using Array = nb::ndarray<nb::ro>;

/// `object` as an array [rows, columns] of float32 or float64 in host memory. `name` is the argument's in
/// messages. Throws TypeError for what is no array, for other numbers and other memory, ValueError for
/// another shape.
Array matrix(nb::handle object, const char* name, std::size_t columns);
/// The same for float64 [size].
Array vector_of(nb::handle object, const char* name, std::size_t size);

/// float32 [rows, columns] in C order: the package's Python sees to that.
using Matrix = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
/// Without a column there is nothing to count rows by, so that the library sees none.
inline Rows rows_of(const Matrix& matrix) {
  return {{matrix.data(), matrix.size()}, std::max<std::size_t>(matrix.shape(1), 1)};
}

/// 0, 1 or 2 for each row.
using Split = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// "float32" for messages.
std::string name_of(nb::dlpack::dtype dtype);
inline bool is_double(const Array& array) { return array.dtype() == nb::dtype<double>(); }

/// The numbers of an array whose dtype is Real, in C order: its own memory where it has that order, a copy
/// otherwise.
template <class Real>
class Numbers {
 public:
  explicit Numbers(const Array& array) : array_(array) {
    const auto* data = static_cast<const Real*>(array.data());
    std::size_t size = 1;
    bool in_order = true;
    for (std::size_t i = array.ndim(); i-- > 0;) {
      in_order = in_order && (array.shape(i) == 1 || array.stride(i) == static_cast<std::int64_t>(size));
      size *= array.shape(i);
    }
    values_ = {data, size};
    if (in_order || size == 0) return;
    copy_.reserve(size);
    append(data, 0);
    values_ = copy_;
  }
  std::span<const Real> span() const { return values_; }

 private:
  void append(const Real* from, std::size_t axis) {
    if (axis == array_.ndim()) {
      copy_.push_back(*from);
      return;
    }
    for (std::size_t i = 0; i < array_.shape(axis); ++i)
      append(from + static_cast<std::int64_t>(i) * array_.stride(axis), axis + 1);
  }

  Array array_;
  std::vector<Real> copy_;
  std::span<const Real> values_;
};

/// The numbers of an array [shape] that the caller gave to be written to, or of a new one where `given` is
/// None.
template <class Real>
class Output {
 public:
  Output(nb::handle given, const char* name, std::vector<std::size_t> shape) {
    std::size_t size = 1;
    for (std::size_t extent : shape) size *= extent;
    if (!given.is_none()) {
      nb::ndarray<nb::c_contig> array;
      if (!nb::try_cast(given, array, false))
        throw nb::type_error(
            (std::string(name) + ": expected an array in C order that may be written to").c_str());
      bool fits = array.dtype() == nb::dtype<Real>() && array.ndim() == shape.size() &&
                  array.device_type() == nb::device::cpu::value;
      for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = array.shape(i) == shape[i];
      if (!fits) {
        std::string text;
        for (std::size_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
        throw nb::value_error((std::string(name) + ": expected " + name_of(nb::dtype<Real>()) + " [" + text +
                               "] in host memory, found another shape or dtype")
                                  .c_str());
      }
      object_ = nb::borrow(given);
      values_ = {static_cast<Real*>(array.data()), size};
      return;
    }
    auto* data = new Real[size + 1];  // the library writes every number
    nb::capsule owner(data, [](void* pointer) noexcept { delete[] static_cast<Real*>(pointer); });
    object_ = nb::cast(nb::ndarray<nb::numpy, Real>(data, shape.size(), shape.data(), owner));
    values_ = {data, size};
  }
  std::span<Real> span() const { return values_; }
  nb::object object() const { return object_; }

 private:
  nb::object object_;
  std::span<Real> values_;
};

/// A new NumPy array [shape] of `values`.
template <class Real>
nb::object array_from(std::span<const Real> values, std::vector<std::size_t> shape) {
  const Output<Real> output(nb::none(), "", std::move(shape));
  std::copy(values.begin(), values.end(), output.span().begin());
  return output.object();
}

}  // namespace qmtl::python
