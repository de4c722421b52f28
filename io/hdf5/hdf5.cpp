// SPDX-License-Identifier: Apache-2.0
#include "io/hdf5/hdf5.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <new>
#include <utility>

#include "io/hdf5/hdf5_handle.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl::hdf5 {
namespace {

/// Can every value of `from` be held by T without loss? float16 and uint8 become float, and so on.
template <class T>
bool fits(Type from) {
  using enum Type;
  const bool bytes = from == uint8 || from == int8 || from == boolean;
  const bool words = bytes || from == int16 || from == uint16;
  if constexpr (std::is_same_v<T, double>) return from != string && from != other;
  if constexpr (std::is_same_v<T, float>)
    return from == float16 || from == float32 || from == float64 || words;
  if constexpr (std::is_same_v<T, std::uint8_t>) return from == uint8 || from == boolean;
  if constexpr (std::is_same_v<T, std::int8_t>) return from == int8 || from == boolean;
  if constexpr (std::is_same_v<T, std::int32_t>) return from == int32 || words;
  if constexpr (std::is_same_v<T, std::int64_t>)
    return from == int64 || from == int32 || from == uint32 || words;
  if constexpr (std::is_same_v<T, std::uint64_t>)
    return from == uint64 || from == uint32 || from == uint16 || from == uint8 || from == boolean;
}

/// Splits rows so that a chunk has about 64 kB: small enough to read in part, large enough for few checksums.
std::vector<hsize_t> chunk_shape(const std::vector<hsize_t>& shape, std::size_t element_size) {
  constexpr std::size_t target = 1 << 16;
  std::vector<hsize_t> chunk = shape;
  std::size_t row = element_size;
  for (std::size_t i = shape.size(); i-- > 0;) {
    const std::size_t most = std::max<std::size_t>(1, target / row);
    chunk[i] = std::min<hsize_t>(shape[i], most);
    row *= static_cast<std::size_t>(chunk[i]);
  }
  return chunk;
}

// At the end of the program HDF5 1.10 closes again what could not be closed, and crashes over it (a close
// that fails with an input/output error). What is read here is closed by its owner, what is written lies in
// memory.
[[maybe_unused]] const bool no_second_closing = H5dont_atexit() >= 0;

/// Before the library is entered: its errors are asked for, not printed, and memory is not at its end. Where
/// that runs out inside HDF5 1.10 it goes on with a null pointer (H5AC_create) or ends the program
/// (H5I_register). What it makes for a file beside the data, whose failures it reports, is about 1 MB.
void prepare() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  constexpr std::size_t room = 16 << 20;
  void* const taken = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (taken == MAP_FAILED) throw std::bad_alloc();
  munmap(taken, room);
}

}  // namespace

std::string_view name(Type type) {
  static constexpr std::array<std::string_view, 14> names{
      "float16", "float32", "float64", "int8",   "uint8",  "int32",   "int64",
      "string",  "int16",   "uint16",  "uint32", "uint64", "boolean", "another type"};
  return names[static_cast<std::size_t>(type)];
}

std::string text(const std::vector<std::size_t>& shape) {
  std::string result = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) result += (i ? ", " : "") + std::to_string(shape[i]);
  return result + "]";
}

File File::open(const std::string& path, const std::vector<std::string>& folders) {
  prepare();
  const std::uint64_t bytes = require_file(path, "an HDF5 file");
  std::ifstream probe(path, std::ios::binary);
  if (!probe) throw data_error(path + ": cannot be read; check its permissions");
  static constexpr std::array<char, 8> signature{'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  // A user block of 512, 1024, ... bytes may precede the signature (MATLAB, ASDF).
  std::array<char, 8> magic{};
  bool empty = true, found = false;
  for (std::streamoff at = 0; !found && probe.seekg(at) && probe.read(magic.data(), magic.size());
       at = at == 0 ? 512 : 2 * at) {
    empty = false;
    found = magic == signature;
  }
  if (!found)
    throw data_error(
        path + ": expected an HDF5 file, found " +
        (empty && probe.gcount() == 0 ? "an empty file" : "another or a damaged file (no HDF5 signature)"));

  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  // Saved files are complete before they get their name, so readers need no lock; network file systems often
  // lack them.
  if (access < 0 || H5Pset_file_locking(access, false, true) < 0) fail(path, "", "prepare reading");
  const hid_t id = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access);
  if (id < 0) {
    const std::string stack = error_stack();
    const bool truncated = stack.find("truncated") != std::string::npos;
    throw data_error(path + ": " +
                     (truncated ? "the file is truncated" : "cannot be opened: the file is damaged") +
                     "; restore it from a copy or make it again (HDF5: " + stack + ")");
  }
  File file(path, id, bytes);
  file.folders_ = folders_of(path, folders);
  return file;
}

namespace {

/// Properties of access and the new file's identifier.
hid_t new_file(const std::string& label, GrowingFile* into) {
  prepare();
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  constexpr std::size_t increment = 1 << 20;
  if (access < 0 || creation < 0 || (!into && H5Pset_fapl_core(access, increment, false) < 0) ||
      H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
      H5Pset_obj_track_times(creation, false) < 0)
    fail(label, "", "prepare writing");
  if (into) write_through(access, *into, label);
  const hid_t id = H5Fcreate(label.c_str(), H5F_ACC_TRUNC, creation, access);
  if (id < 0) fail(label, "", "start the file");
  return id;
}

}  // namespace

File File::build(const std::string& label) { return File(label, new_file(label, nullptr), 0); }
File File::build(const std::string& label, GrowingFile& into) {
  return File(label, new_file(label, &into), 0);
}

void File::finish() {
  if (H5Fflush(id_, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(std::exchange(id_, -1)) < 0)
    fail(path_, "", "finish the file");
}

File::~File() {
  if (id_ >= 0) H5Fclose(id_);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)),
      id_(std::exchange(other.id_, -1)),
      bytes_(other.bytes_),
      folders_(std::move(other.folders_)),
      linked_(std::move(other.linked_)) {}

File::Place File::need(const std::string& object, const std::string& kind) const {
  const auto found = place(object);
  if (!found) throw data_error(path_ + ": expected " + kind + " " + object + ", found none");
  return *found;
}

bool File::exists(const std::string& object) const { return place(object).has_value(); }

std::vector<std::string> File::children(const std::string& group) const {
  const auto found = place(group);
  if (!found) return {};
  if (found->file != this) return found->file->children(found->object);
  Handle handle(H5Gopen2(id_, found->object.c_str(), H5P_DEFAULT), H5Gclose);
  if (handle < 0) fail(path_, group, "open group");
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* link, const H5L_info_t*, void* data) -> herr_t {
    static_cast<std::vector<std::string>*>(data)->push_back(link);
    return 0;
  };
  hsize_t at = 0;
  if (H5Literate(handle, H5_INDEX_NAME, H5_ITER_INC, &at, collect, &names) < 0)
    fail(path_, group, "list group");
  std::sort(names.begin(), names.end());
  return names;
}

Info File::info(const std::string& dataset) const {
  const Place at = need(dataset, "a dataset");
  if (at.file != this) return at.file->info(at.object);
  Handle data(open_dataset(at.object), H5Dclose);
  if (data < 0) fail(path_, dataset, "open dataset");
  Handle space(H5Dget_space(data), H5Sclose);
  Handle type(H5Dget_type(data), H5Tclose);
  if (space < 0 || type < 0) fail(path_, dataset, "describe dataset");
  if (H5Sget_simple_extent_type(space) == H5S_NULL)
    throw data_error(path_ + ": dataset " + dataset + " is empty (null dataspace); expected an array");
  const int rank = H5Sget_simple_extent_ndims(space);
  if (rank < 0) fail(path_, dataset, "describe dataset");
  std::vector<hsize_t> shape(static_cast<std::size_t>(rank));
  if (rank > 0 && H5Sget_simple_extent_dims(space, shape.data(), nullptr) < 0)
    fail(path_, dataset, "describe dataset");
  Info info;
  info.type = classify(type);
  for (hsize_t extent : shape) {
    if (extent != 0 && info.elements > std::numeric_limits<std::size_t>::max() / 64 / extent)
      throw data_error(path_ + ": dataset " + dataset + " claims an impossible size; the file is damaged");
    info.elements *= static_cast<std::size_t>(extent);
    info.shape.push_back(static_cast<std::size_t>(extent));
  }
  return info;
}

std::size_t File::checked_size(const std::string& dataset, const Info& info, std::size_t element_size,
                               hid_t opened) const {
  // Deflate, the strongest common HDF5 filter, packs at most 1032 bytes into one.
  constexpr std::uint64_t densest = 1032;
  const std::uint64_t needed = std::uint64_t{info.elements} * element_size;
  Handle type(H5Dget_type(opened), H5Tclose);
  const std::uint64_t bytes =
      bytes_behind(opened, dataset, info.elements * std::uint64_t{type < 0 ? 0 : H5Tget_size(type)});
  if (needed / densest > bytes)
    throw data_error(path_ + ": dataset " + dataset + " of shape " + text(info.shape) + " claims " +
                     std::to_string(needed) + " bytes, more than a file of " + std::to_string(bytes) +
                     " bytes can hold; the file is damaged or was never filled");
  return info.elements;
}

template <class T>
std::vector<T> File::read(const std::string& dataset) const {
  const Info found = info(dataset);
  if (!found.shape.empty()) return read_rows<T>(dataset, 0, found.shape[0]);
  return read_rows<T>(dataset, 0, 1);
}

template <class T>
std::vector<T> File::read_rows(const std::string& dataset, std::size_t first, std::size_t count) const {
  const Place at = need(dataset, "a dataset");
  if (at.file != this) return at.file->read_rows<T>(at.object, first, count);
  const Info found = info(at.object);
  if (!fits<T>(found.type))
    throw data_error(path_ + ": dataset " + dataset + " has elements of type " +
                     std::string(name(found.type)) + "; expected " +
                     std::string(name(classify(Native<T>::memory()))) +
                     " or a type that converts to it without loss");
  Handle data(open_dataset(at.object), H5Dclose);
  if (data < 0) fail(path_, dataset, "open dataset");
  const std::size_t elements = checked_size(dataset, found, sizeof(T), data);
  const bool whole = found.shape.empty() || (first == 0 && count == found.shape[0]);
  std::vector<T> values(whole ? elements : elements / found.shape[0] * count);
  if (values.empty()) return values;
  require_filters(data, path_, dataset);
  const std::vector<hsize_t> shape(found.shape.begin(), found.shape.end());
  Handle space(H5Dget_space(data), H5Sclose);
  Handle memory(H5Scopy(space), H5Sclose);
  bool ready = space >= 0 && memory >= 0;
  if (!whole) {
    std::vector<hsize_t> start(shape.size(), 0), extent = shape;
    start[0] = first;
    extent[0] = count;
    ready = ready &&
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr) >= 0 &&
            H5Sset_extent_simple(memory, static_cast<int>(extent.size()), extent.data(), nullptr) >= 0;
  }
  if (!ready || H5Dread(data, Native<T>::memory(), whole ? H5S_ALL : hid_t{memory},
                        whole ? H5S_ALL : hid_t{space}, H5P_DEFAULT, values.data()) < 0)
    fail(path_, dataset, "read dataset");
  return values;
}

template <class T>
void File::write(const std::string& dataset, const std::vector<std::size_t>& shape,
                 std::span<const T> values) {
  std::vector<hsize_t> extents(shape.begin(), shape.end());
  std::size_t elements = 1;
  for (std::size_t extent : shape) elements *= extent;
  if (elements != values.size())
    throw data_error(path_ + ": dataset " + dataset + ": expected " + std::to_string(elements) +
                     " values for shape " + text(shape) + ", found " + std::to_string(values.size()));
  Handle space(H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr), H5Sclose);
  Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  bool ready = space >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0;
  if (!extents.empty() && elements > 0) {
    const std::vector<hsize_t> chunk = chunk_shape(extents, sizeof(T));
    ready = ready && H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data()) >= 0 &&
            H5Pset_fletcher32(creation) >= 0;
  } else {
    // Chunks need extents; compact data lie in the object header, which has a checksum of its own.
    ready = ready && H5Pset_layout(creation, H5D_COMPACT) >= 0;
  }
  if (!ready) fail(path_, dataset, "prepare dataset");
  make_parents(dataset);
  Handle data(H5Dcreate2(id_, dataset.c_str(), Native<T>::file(), space, H5P_DEFAULT, creation, H5P_DEFAULT),
              H5Dclose);
  if (data < 0) fail(path_, dataset, "create dataset");
  if (elements > 0 && H5Dwrite(data, Native<T>::memory(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(path_, dataset, "write dataset");
  if (!data.closed()) fail(path_, dataset, "finish dataset");
}

#define QMTL_HDF5_ELEMENT(T)                                                                      \
  template std::vector<T> File::read<T>(const std::string&) const;                                \
  template std::vector<T> File::read_rows<T>(const std::string&, std::size_t, std::size_t) const; \
  template void File::write<T>(const std::string&, const std::vector<std::size_t>&, std::span<const T>)
QMTL_HDF5_ELEMENT(float);
QMTL_HDF5_ELEMENT(double);
QMTL_HDF5_ELEMENT(std::uint8_t);
QMTL_HDF5_ELEMENT(std::int8_t);
QMTL_HDF5_ELEMENT(std::int32_t);
QMTL_HDF5_ELEMENT(std::int64_t);
QMTL_HDF5_ELEMENT(std::uint64_t);
#undef QMTL_HDF5_ELEMENT

std::vector<std::string> File::read_strings(const std::string& dataset) const {
  const Place at = need(dataset, "a dataset");
  if (at.file != this) return at.file->read_strings(at.object);
  const Info found = info(at.object);
  if (found.type != Type::string)
    throw data_error(path_ + ": dataset " + dataset + " has elements of type " +
                     std::string(name(found.type)) + "; expected strings");
  Handle data(open_dataset(at.object), H5Dclose);
  if (data < 0) fail(path_, dataset, "open dataset");
  Handle type(H5Dget_type(data), H5Tclose);
  if (type < 0) fail(path_, dataset, "describe dataset");
  require_filters(data, path_, dataset);
  std::vector<std::string> values;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> pointers(checked_size(dataset, found, sizeof(char*), data), nullptr);
    if (pointers.empty()) return values;
    if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
      fail(path_, dataset, "read dataset");
    for (const char* pointer : pointers) values.emplace_back(pointer ? pointer : "");
    Handle space(H5Dget_space(data), H5Sclose);
    if (H5Dvlen_reclaim(type, space, H5P_DEFAULT, pointers.data()) < 0)
      fail(path_, dataset, "release dataset");
    return values;
  }
  const std::size_t length = H5Tget_size(type);
  if (length == 0) fail(path_, dataset, "describe dataset");
  const std::size_t count = checked_size(dataset, found, length, data);
  std::vector<char> bytes(count * length);
  if (count > 0 && H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    fail(path_, dataset, "read dataset");
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(fixed_text(bytes.data() + i * length, length, H5Tget_strpad(type)));
  return values;
}

void File::write_strings(const std::string& dataset, std::span<const std::string> values) {
  std::size_t longest = 1;
  for (const std::string& value : values) longest = std::max(longest, value.size());
  std::vector<char> bytes(values.size() * longest, '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * longest));
  const hsize_t count = values.size();
  const hsize_t chunk = std::clamp<hsize_t>((1 << 16) / longest, 1, std::max<hsize_t>(1, count));
  Handle type(text_type(longest), H5Tclose);
  Handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  bool ready = type >= 0 && space >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0;
  if (count > 0)
    ready = ready && H5Pset_chunk(creation, 1, &chunk) >= 0 && H5Pset_fletcher32(creation) >= 0;
  else
    ready = ready && H5Pset_layout(creation, H5D_COMPACT) >= 0;
  if (!ready) fail(path_, dataset, "prepare dataset");
  make_parents(dataset);
  Handle data(H5Dcreate2(id_, dataset.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT), H5Dclose);
  if (data < 0) fail(path_, dataset, "create dataset");
  if (count > 0 && H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    fail(path_, dataset, "write dataset");
  if (!data.closed()) fail(path_, dataset, "finish dataset");
}

/// The library makes parents on its own, but with the time in them.
void File::make_parents(const std::string& object) {
  for (std::size_t end = object.find('/', 1); end != std::string::npos; end = object.find('/', end + 1))
    if (const std::string parent = object.substr(0, end); !exists(parent)) make_group(parent);
}

void File::make_group(const std::string& group) {
  Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  if (creation < 0 || H5Pset_obj_track_times(creation, false) < 0) fail(path_, group, "prepare group");
  make_parents(group);
  Handle handle(H5Gcreate2(id_, group.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Gclose);
  if (handle < 0 || !handle.closed()) fail(path_, group, "create group");
}

}  // namespace qmtl::hdf5
