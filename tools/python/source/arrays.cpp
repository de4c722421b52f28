// SPDX-License-Identifier: Apache-2.0
#include "tools/python/source/arrays.h"

namespace qmtl::python {
namespace {

Array array_of(nb::handle object, const char* name) {
  Array array;
  if (!nb::try_cast(object, array, false))
    throw nb::type_error((std::string(name) + ": expected an array (NumPy, or one with DLPack), found " +
                          nb::type_name(object.type()).c_str())
                             .c_str());
  if (array.device_type() != nb::device::cpu::value)
    throw nb::type_error(
        (std::string(name) + ": expected an array in host memory, found one of a device; copy it first")
            .c_str());
  return array;
}

std::string shape_of(const Array& array) {
  std::string text = "[";
  for (std::size_t i = 0; i < array.ndim(); ++i) text += (i ? ", " : "") + std::to_string(array.shape(i));
  return text + "]";
}

}  // namespace

std::string name_of(nb::dlpack::dtype dtype) {
  const char* kind = "numbers of kind";
  switch (static_cast<nb::dlpack::dtype_code>(dtype.code)) {
    case nb::dlpack::dtype_code::Int:
      kind = "int";
      break;
    case nb::dlpack::dtype_code::UInt:
      kind = "uint";
      break;
    case nb::dlpack::dtype_code::Float:
      kind = "float";
      break;
    case nb::dlpack::dtype_code::Bfloat:
      kind = "bfloat";
      break;
    case nb::dlpack::dtype_code::Complex:
      kind = "complex";
      break;
    case nb::dlpack::dtype_code::Bool:
      return "bool";
    default:
      return "numbers of another kind";
  }
  return kind + std::to_string(dtype.bits);
}

Array matrix(nb::handle object, const char* name, std::size_t columns) {
  Array array = array_of(object, name);
  if (array.dtype() != nb::dtype<float>() && array.dtype() != nb::dtype<double>())
    throw nb::type_error(
        (std::string(name) + ": expected float32 or float64, found " + name_of(array.dtype())).c_str());
  if (array.ndim() != 2 || array.shape(1) != columns)
    throw nb::value_error((std::string(name) + ": expected the shape [rows, " + std::to_string(columns) +
                           "], found " + shape_of(array))
                              .c_str());
  return array;
}

Array vector_of(nb::handle object, const char* name, std::size_t size) {
  Array array = array_of(object, name);
  if (array.dtype() != nb::dtype<double>())
    throw nb::type_error((std::string(name) + ": expected float64, found " + name_of(array.dtype())).c_str());
  if (array.ndim() != 1 || array.shape(0) != size)
    throw nb::value_error(
        (std::string(name) + ": expected the shape [" + std::to_string(size) + "], found " + shape_of(array))
            .c_str());
  return array;
}

}  // namespace qmtl::python
