#include "io/hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <limits>
#include <utility>

#include "runtime/error.h"

namespace qmtl::hdf5 {
namespace {

static_assert(sizeof(hid_t) == sizeof(std::int64_t));

/// The library's error stack as one line, outermost call first; empties the stack.
std::string error_stack() {
  std::vector<std::string> lines;
  const auto collect = [](unsigned, const H5E_error2_t* error, void* data) -> herr_t {
    auto& found = *static_cast<std::vector<std::string>*>(data);
    std::string line =
        std::string(error->func_name ? error->func_name : "?") + ": " + (error->desc ? error->desc : "?");
    std::replace(line.begin(), line.end(), '\n', ' ');
    found.push_back(std::move(line));
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, collect, &lines);
  H5Eclear2(H5E_DEFAULT);
  if (lines.empty()) return "no detail from the HDF5 library";
  std::string joined;
  for (const std::string& line : lines) joined += (joined.empty() ? "" : " < ") + line;
  return joined;
}

[[noreturn]] void fail(const std::string& path, const std::string& object, const std::string& action) {
  const std::string stack = error_stack();
  const bool damaged =
      stack.find("letcher32") != std::string::npos || stack.find("hecksum") != std::string::npos;
  throw data_error(
      path + ": cannot " + action + (object.empty() ? "" : " " + object) +
      (damaged ? ": a checksum does not match, so the file is damaged; restore it from a copy or make "
                 "it again"
               : ": the file is damaged or not of the expected form") +
      " (HDF5: " + stack + ")");
}

/// Owns one library identifier. `closed()` closes it and checks; the destructor only releases.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }
  bool closed() { return close_(std::exchange(id_, -1)) >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void silence() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

template <class T>
struct Native;
template <>
struct Native<float> {
  static hid_t memory() { return H5T_NATIVE_FLOAT; }
  static hid_t file() { return H5T_IEEE_F32LE; }
};
template <>
struct Native<double> {
  static hid_t memory() { return H5T_NATIVE_DOUBLE; }
  static hid_t file() { return H5T_IEEE_F64LE; }
};
template <>
struct Native<std::uint8_t> {
  static hid_t memory() { return H5T_NATIVE_UINT8; }
  static hid_t file() { return H5T_STD_U8LE; }
};
template <>
struct Native<std::int8_t> {
  static hid_t memory() { return H5T_NATIVE_INT8; }
  static hid_t file() { return H5T_STD_I8LE; }
};
template <>
struct Native<std::int32_t> {
  static hid_t memory() { return H5T_NATIVE_INT32; }
  static hid_t file() { return H5T_STD_I32LE; }
};
template <>
struct Native<std::int64_t> {
  static hid_t memory() { return H5T_NATIVE_INT64; }
  static hid_t file() { return H5T_STD_I64LE; }
};

Type classify(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return size == 2 ? Type::float16 : size == 4 ? Type::float32 : size == 8 ? Type::float64 : Type::other;
    case H5T_INTEGER: {
      const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
      if (size == 1) return is_signed ? Type::int8 : Type::uint8;
      if (size == 4 && is_signed) return Type::int32;
      if (size == 8 && is_signed) return Type::int64;
      return Type::other;
    }
    case H5T_STRING:
      return Type::string;
    default:
      return Type::other;
  }
}

/// Can every value of `from` be held by T without loss? float16 and uint8 become float, and so on.
template <class T>
bool fits(Type from) {
  using enum Type;
  if constexpr (std::is_same_v<T, double>) return from != string && from != other;
  if constexpr (std::is_same_v<T, float>)
    return from == float16 || from == float32 || from == float64 || from == uint8 || from == int8;
  if constexpr (std::is_same_v<T, std::uint8_t>) return from == uint8;
  if constexpr (std::is_same_v<T, std::int8_t>) return from == int8;
  if constexpr (std::is_same_v<T, std::int32_t>) return from == int32 || from == int8 || from == uint8;
  if constexpr (std::is_same_v<T, std::int64_t>)
    return from == int64 || from == int32 || from == int8 || from == uint8;
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

}  // namespace

std::string_view name(Type type) {
  static constexpr std::array<std::string_view, 9> names{
      "float16", "float32", "float64", "int8", "uint8", "int32", "int64", "string", "another type"};
  return names[static_cast<std::size_t>(type)];
}

std::string text(const std::vector<std::size_t>& shape) {
  std::string result = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) result += (i ? ", " : "") + std::to_string(shape[i]);
  return result + "]";
}

File File::open(const std::string& path) {
  silence();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    throw data_error(path + ": no such file; check the path (relative paths start at the current folder)");
  if (std::filesystem::is_directory(status))
    throw data_error(path + ": expected an HDF5 file, found a folder");
  std::ifstream probe(path, std::ios::binary);
  if (!probe) throw data_error(path + ": cannot be read; check its permissions");
  std::array<char, 8> magic{};
  probe.read(magic.data(), magic.size());
  static constexpr std::array<char, 8> signature{'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
  // A user block may precede the signature; files that this project reads have none.
  if (magic != signature)
    throw data_error(
        path + ": expected an HDF5 file, found " +
        (probe.gcount() == 0 ? "an empty file" : "another or a damaged file (no HDF5 signature)"));
  const std::uint64_t bytes = std::filesystem::file_size(path, error);

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
  return File(path, id, bytes);
}

File File::build(const std::string& label) {
  silence();
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  constexpr std::size_t increment = 1 << 20;
  if (access < 0 || creation < 0 || H5Pset_fapl_core(access, increment, false) < 0 ||
      H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
      H5Pset_obj_track_times(creation, false) < 0)
    fail(label, "", "prepare writing");
  const hid_t id = H5Fcreate(label.c_str(), H5F_ACC_TRUNC, creation, access);
  if (id < 0) fail(label, "", "start the file");
  return File(label, id, 0);
}

File::~File() {
  if (id_ >= 0) H5Fclose(id_);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), id_(std::exchange(other.id_, -1)), bytes_(other.bytes_) {}

bool File::exists(const std::string& object) const {
  if (object == "/") return true;
  // Each link on the way must exist before the next can be asked for.
  for (std::size_t at = 1; at != std::string::npos;) {
    at = object.find('/', at + 1);
    const htri_t found = H5Lexists(id_, object.substr(0, at).c_str(), H5P_DEFAULT);
    if (found < 0) fail(path_, object, "look up");
    if (found == 0) return false;
  }
  const htri_t resolves = H5Oexists_by_name(id_, object.c_str(), H5P_DEFAULT);
  if (resolves < 0) fail(path_, object, "look up");
  return resolves > 0;
}

std::vector<std::string> File::children(const std::string& group) const {
  if (!exists(group)) return {};
  Handle handle(H5Gopen2(id_, group.c_str(), H5P_DEFAULT), H5Gclose);
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
  if (!exists(dataset)) throw data_error(path_ + ": expected a dataset " + dataset + ", found none");
  Handle data(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
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

std::size_t File::checked_size(const std::string& dataset, const Info& info, std::size_t element_size) const {
  // Deflate, the strongest common HDF5 filter, packs at most 1032 bytes into one.
  constexpr std::uint64_t densest = 1032;
  const std::uint64_t needed = std::uint64_t{info.elements} * element_size;
  if (needed / densest > bytes_)
    throw data_error(path_ + ": dataset " + dataset + " of shape " + text(info.shape) + " claims " +
                     std::to_string(needed) + " bytes, more than a file of " + std::to_string(bytes_) +
                     " bytes can hold; the file is damaged or was never filled");
  return info.elements;
}

template <class T>
std::vector<T> File::read(const std::string& dataset) const {
  const Info found = info(dataset);
  if (!fits<T>(found.type))
    throw data_error(path_ + ": dataset " + dataset + " has elements of type " +
                     std::string(name(found.type)) + "; expected " +
                     std::string(name(classify(Native<T>::memory()))) +
                     " or a type that converts to it without loss");
  std::vector<T> values(checked_size(dataset, found, sizeof(T)));
  if (values.empty()) return values;
  Handle data(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  if (data < 0) fail(path_, dataset, "open dataset");
  if (H5Dread(data, Native<T>::memory(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
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
  Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  bool ready = space >= 0 && creation >= 0 && links >= 0 && H5Pset_obj_track_times(creation, false) >= 0 &&
               H5Pset_create_intermediate_group(links, 1) >= 0;
  if (!extents.empty() && elements > 0) {
    const std::vector<hsize_t> chunk = chunk_shape(extents, sizeof(T));
    ready = ready && H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data()) >= 0 &&
            H5Pset_fletcher32(creation) >= 0;
  } else {
    // Chunks need extents; compact data lie in the object header, which has a checksum of its own.
    ready = ready && H5Pset_layout(creation, H5D_COMPACT) >= 0;
  }
  if (!ready) fail(path_, dataset, "prepare dataset");
  Handle data(H5Dcreate2(id_, dataset.c_str(), Native<T>::file(), space, links, creation, H5P_DEFAULT),
              H5Dclose);
  if (data < 0) fail(path_, dataset, "create dataset");
  if (elements > 0 && H5Dwrite(data, Native<T>::memory(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(path_, dataset, "write dataset");
  if (!data.closed()) fail(path_, dataset, "finish dataset");
}

#define QMTL_HDF5_ELEMENT(T)                                       \
  template std::vector<T> File::read<T>(const std::string&) const; \
  template void File::write<T>(const std::string&, const std::vector<std::size_t>&, std::span<const T>)
QMTL_HDF5_ELEMENT(float);
QMTL_HDF5_ELEMENT(double);
QMTL_HDF5_ELEMENT(std::uint8_t);
QMTL_HDF5_ELEMENT(std::int8_t);
QMTL_HDF5_ELEMENT(std::int32_t);
QMTL_HDF5_ELEMENT(std::int64_t);
#undef QMTL_HDF5_ELEMENT

namespace {

/// Fixed-length text up to its first NUL (null-terminated and null-padded) without padding spaces of the
/// third kind.
std::string fixed_text(const char* data, std::size_t size, H5T_str_t padding) {
  std::size_t length = static_cast<std::size_t>(std::find(data, data + size, '\0') - data);
  if (padding == H5T_STR_SPACEPAD)
    while (length > 0 && data[length - 1] == ' ') --length;
  return std::string(data, length);
}

hid_t text_type(std::size_t length) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  if (type >= 0 && H5Tset_size(type, std::max<std::size_t>(1, length)) >= 0 &&
      H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0)
    return type;
  if (type >= 0) H5Tclose(type);
  return -1;
}

}  // namespace

std::vector<std::string> File::read_strings(const std::string& dataset) const {
  const Info found = info(dataset);
  if (found.type != Type::string)
    throw data_error(path_ + ": dataset " + dataset + " has elements of type " +
                     std::string(name(found.type)) + "; expected strings");
  Handle data(H5Dopen2(id_, dataset.c_str(), H5P_DEFAULT), H5Dclose);
  if (data < 0) fail(path_, dataset, "open dataset");
  Handle type(H5Dget_type(data), H5Tclose);
  if (type < 0) fail(path_, dataset, "describe dataset");
  std::vector<std::string> values;
  if (H5Tis_variable_str(type) > 0) {
    std::vector<char*> pointers(checked_size(dataset, found, sizeof(char*)), nullptr);
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
  const std::size_t count = checked_size(dataset, found, length);
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
  Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  bool ready = type >= 0 && space >= 0 && creation >= 0 && links >= 0 &&
               H5Pset_obj_track_times(creation, false) >= 0 &&
               H5Pset_create_intermediate_group(links, 1) >= 0;
  if (count > 0)
    ready = ready && H5Pset_chunk(creation, 1, &chunk) >= 0 && H5Pset_fletcher32(creation) >= 0;
  else
    ready = ready && H5Pset_layout(creation, H5D_COMPACT) >= 0;
  if (!ready) fail(path_, dataset, "prepare dataset");
  Handle data(H5Dcreate2(id_, dataset.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
  if (data < 0) fail(path_, dataset, "create dataset");
  if (count > 0 && H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) < 0)
    fail(path_, dataset, "write dataset");
  if (!data.closed()) fail(path_, dataset, "finish dataset");
}

void File::make_group(const std::string& group) {
  Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  Handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  if (creation < 0 || links < 0 || H5Pset_obj_track_times(creation, false) < 0 ||
      H5Pset_create_intermediate_group(links, 1) < 0)
    fail(path_, group, "prepare group");
  Handle handle(H5Gcreate2(id_, group.c_str(), links, creation, H5P_DEFAULT), H5Gclose);
  if (handle < 0 || !handle.closed()) fail(path_, group, "create group");
}

std::vector<std::byte> File::image() {
  if (H5Fflush(id_, H5F_SCOPE_GLOBAL) < 0) fail(path_, "", "finish the file");
  const ssize_t size = H5Fget_file_image(id_, nullptr, 0);
  if (size < 0) fail(path_, "", "finish the file");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  if (H5Fget_file_image(id_, bytes.data(), bytes.size()) != size) fail(path_, "", "finish the file");
  return bytes;
}

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
  Handle attribute(open_attribute(id_, path_, object, attribute_name), H5Aclose);
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
  return number_attribute<std::int64_t>(id_, path_, object, attribute);
}

std::optional<double> File::double_attribute(const std::string& object, const std::string& attribute) const {
  return number_attribute<double>(id_, path_, object, attribute);
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
