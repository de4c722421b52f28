// SPDX-License-Identifier: Apache-2.0
#include <type_traits>
#include <vector>

#include "io/hdf5/hdf5_handle.h"
#include "runtime/base/error.h"

namespace qmtl::hdf5 {
namespace {

/// Opens an attribute, or returns -1 when the object has none of that name.
hid_t open_attribute(hid_t file, const std::string& path, const std::string& object,
                     const std::string& name) {
  const htri_t found = H5Aexists_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT);
  if (found < 0) fail(path, object + ", attribute " + name, "look up");
  if (found == 0) return -1;
  const hid_t id = H5Aopen_by_name(file, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT);
  if (id < 0) fail(path, object + ", attribute " + name, "open");
  return id;
}

void require_scalar(hid_t attribute, const std::string& path, const std::string& object,
                    const std::string& name) {
  Handle space(H5Aget_space(attribute), H5Sclose);
  if (space < 0) fail(path, object + ", attribute " + name, "describe");
  if (H5Sget_simple_extent_npoints(space) != 1)
    throw data_error(path + ": " + object + ": attribute " + name + " must be one value, not an array");
}

template <class T>
std::optional<T> number_attribute(hid_t file, const std::string& path, const std::string& object,
                                  const std::string& attribute_name) {
  Handle attribute(open_attribute(file, path, object, attribute_name), H5Aclose);
  if (attribute < 0) return std::nullopt;
  require_scalar(attribute, path, object, attribute_name);
  Handle type(H5Aget_type(attribute), H5Tclose);
  if (type < 0) fail(path, object + ", attribute " + attribute_name, "describe");
  const H5T_class_t kind = H5Tget_class(type);
  const bool accepted = kind == H5T_INTEGER || (std::is_same_v<T, double> && kind == H5T_FLOAT);
  if (!accepted)
    throw data_error(path + ": " + object + ": attribute " + attribute_name + " must be " +
                     (std::is_same_v<T, double> ? "a number" : "an integer") + ", found " +
                     std::string(name(classify(type))));
  T value{};
  if (H5Aread(attribute, Native<T>::memory(), &value) < 0)
    fail(path, object + ", attribute " + attribute_name, "read");
  return value;
}

void create_attribute(hid_t file, const std::string& path, const std::string& object, const std::string& name,
                      hid_t file_type, hid_t memory_type, const void* value) {
  Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  if (space < 0 || file_type < 0) fail(path, object + ", attribute " + name, "prepare");
  Handle attribute(H5Acreate_by_name(file, object.c_str(), name.c_str(), file_type, space, H5P_DEFAULT,
                                     H5P_DEFAULT, H5P_DEFAULT),
                   H5Aclose);
  if (attribute < 0 || H5Awrite(attribute, memory_type, value) < 0 || !attribute.closed())
    fail(path, object + ", attribute " + name, "write");
}

}  // namespace

std::optional<std::string> File::string_attribute(const std::string& object,
                                                  const std::string& attribute_name) const {
  const Place at = need(object, "an object");
  if (at.file != this) return at.file->string_attribute(at.object, attribute_name);
  Handle attribute(open_attribute(id_, path_, at.object, attribute_name), H5Aclose);
  if (attribute < 0) return std::nullopt;
  require_scalar(attribute, path_, object, attribute_name);
  Handle type(H5Aget_type(attribute), H5Tclose);
  if (type < 0) fail(path_, object + ", attribute " + attribute_name, "describe");
  if (H5Tget_class(type) != H5T_STRING)
    throw data_error(path_ + ": " + object + ": attribute " + attribute_name + " must be a string, found " +
                     std::string(name(classify(type))));
  if (H5Tis_variable_str(type) > 0) {
    char* pointer = nullptr;
    if (H5Aread(attribute, type, &pointer) < 0) fail(path_, object + ", attribute " + attribute_name, "read");
    std::string value = pointer ? pointer : "";
    H5free_memory(pointer);
    return value;
  }
  std::vector<char> bytes(H5Tget_size(type));
  if (bytes.size() > bytes_)
    throw data_error(path_ + ": " + object + ": attribute " + attribute_name + " is damaged");
  if (H5Aread(attribute, type, bytes.data()) < 0)
    fail(path_, object + ", attribute " + attribute_name, "read");
  return fixed_text(bytes.data(), bytes.size(), H5Tget_strpad(type));
}

std::optional<std::int64_t> File::int_attribute(const std::string& object,
                                                const std::string& attribute) const {
  const Place at = need(object, "an object");
  return number_attribute<std::int64_t>(at.file->id_, at.file->path_, at.object, attribute);
}

std::optional<double> File::double_attribute(const std::string& object, const std::string& attribute) const {
  const Place at = need(object, "an object");
  return number_attribute<double>(at.file->id_, at.file->path_, at.object, attribute);
}

void File::set_attribute(const std::string& object, const std::string& attribute, std::string_view value) {
  Handle type(text_type(value.size()), H5Tclose);
  const std::string padded = value.empty() ? std::string(1, '\0') : std::string(value);
  create_attribute(id_, path_, object, attribute, type, type, padded.data());
}

void File::set_attribute(const std::string& object, const std::string& attribute, std::int64_t value) {
  create_attribute(id_, path_, object, attribute, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

void File::set_attribute(const std::string& object, const std::string& attribute, double value) {
  create_attribute(id_, path_, object, attribute, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

namespace {
template <class T>
T required(std::optional<T> value, const File& file, const std::string& object, const std::string& name) {
  if (!value)
    throw data_error(file.path() + ": " + object + ": expected an attribute " + name + ", found none");
  return *std::move(value);
}
}  // namespace

std::string required_string(const File& file, const std::string& object, const std::string& name) {
  return required(file.string_attribute(object, name), file, object, name);
}
std::int64_t required_int(const File& file, const std::string& object, const std::string& name) {
  return required(file.int_attribute(object, name), file, object, name);
}
double required_double(const File& file, const std::string& object, const std::string& name) {
  return required(file.double_attribute(object, name), file, object, name);
}

void require_format(const File& file, const std::string& format, std::int64_t newest_version) {
  const std::string found = file.string_attribute("/", "format").value_or("");
  if (found != format)
    throw data_error(file.path() + ": expected root attribute format = \"" + format + "\", found " +
                     (found.empty() ? "none" : "\"" + found + "\"") + "; this is not such a file");
  const std::int64_t version = required_int(file, "/", "version");
  if (version < 1 || version > newest_version)
    throw data_error(file.path() + ": expected version 1 to " + std::to_string(newest_version) + " of " +
                     format + ", found " + std::to_string(version) + "; it was written by a newer program");
}

}  // namespace qmtl::hdf5
