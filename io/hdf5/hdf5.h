// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmtl {
class GrowingFile;
}

namespace qmtl::hdf5 {

/// Element types this project reads. `boolean` is what h5py makes of numpy's bool; `other` is anything else.
enum class Type : std::uint8_t {
  float16,
  float32,
  float64,
  int8,
  uint8,
  int32,
  int64,
  string,
  int16,
  uint16,
  uint32,
  uint64,
  boolean,
  other
};

std::string_view name(Type type);

/// What is known of a dataset before any of it is read.
struct Info {
  Type type = Type::other;
  std::vector<std::size_t> shape;
  std::size_t elements = 1;  ///< product of the shape, known not to overflow
};

/// "[3, 4]": how shapes are printed in messages.
std::string text(const std::vector<std::size_t>& shape);

/// An HDF5 file, either open for reading or being built in memory. Objects are named by absolute paths
/// ("/inputs/image"); the root is "/". Every call checks what the library returns and throws Error (data)
/// with the file, the object, and the library's own error stack. Not thread-safe: one thread at a time uses
/// this module.
///
/// Files are built in memory and saved as one piece of bytes, or, where they may be large, written to a file
/// of ours (write_file), because HDF5 1.10 reports a full disk unreliably: a close can succeed although the
/// data never arrived. What is written is chunked with
/// Fletcher-32 checksums, in the 1.10 format, whose metadata carry checksums too; object times are off, so
/// equal content is equal bytes.
class File {
 public:
  /// Opens for reading. A missing file, a file that is not HDF5 and a truncated one are told apart. What its
  /// author placed in other files (external links, external raw data, sources of virtual data sets) is read
  /// from the folder of this file and those below, and from `folders` and those below, links resolved; from
  /// nowhere else: a file from strangers would otherwise read any file of the machine.
  static File open(const std::string& path, const std::vector<std::string>& folders = {});
  /// Starts an empty file in memory. `label` names it in messages.
  static File build(const std::string& label);
  /// Starts an empty file whose bytes go to `into`; finish() ends it.
  static File build(const std::string& label, GrowingFile& into);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&&) = delete;

  const std::string& path() const { return path_; }

  bool exists(const std::string& object) const;
  /// Names of the links of a group, sorted; empty if the group does not exist.
  std::vector<std::string> children(const std::string& group) const;
  Info info(const std::string& dataset) const;
  /// What the elements of a dataset are, in words: "a compound of a, b", "complex numbers", and the way out.
  std::string described_type(const std::string& dataset) const;

  /// Reads a whole dataset, converted to T (float, double, uint8_t, int8_t, int32_t, int64_t, uint64_t).
  /// Throws if it is not numeric, does not fit T, or if it claims more data than a file of this size can
  /// hold.
  template <class T>
  std::vector<T> read(const std::string& dataset) const;
  /// The rows first .. first + count - 1 of a dataset's first axis.
  template <class T>
  std::vector<T> read_rows(const std::string& dataset, std::size_t first, std::size_t count) const;
  std::vector<std::string> read_strings(const std::string& dataset) const;

  std::optional<std::string> string_attribute(const std::string& object, const std::string& name) const;
  std::optional<std::int64_t> int_attribute(const std::string& object, const std::string& name) const;
  std::optional<double> double_attribute(const std::string& object, const std::string& name) const;

  void make_group(const std::string& group);
  template <class T>
  void write(const std::string& dataset, const std::vector<std::size_t>& shape, std::span<const T> values);
  /// UTF-8, fixed length, shape [values.size()].
  void write_strings(const std::string& dataset, std::span<const std::string> values);
  void set_attribute(const std::string& object, const std::string& name, std::string_view value);
  void set_attribute(const std::string& object, const std::string& name, std::int64_t value);
  void set_attribute(const std::string& object, const std::string& name, double value);

  /// The bytes of the built file.
  std::vector<std::byte> image();
  /// Writes what is left of a file that goes to a GrowingFile, and closes it.
  void finish();

 private:
  void make_parents(const std::string& object);
  File(std::string path, std::int64_t id, std::uint64_t bytes)
      : path_(std::move(path)), id_(id), bytes_(bytes) {}
  std::size_t checked_size(const std::string& dataset, const Info& info, std::size_t element_size,
                           std::int64_t opened) const;

  /// Where an object lies once all links are followed: a path of the file's own, without links.
  struct Place {
    const File* file = nullptr;
    std::string object;
  };
  /// Nothing where there is no such object. `links` were followed before.
  std::optional<Place> place(const std::string& object, int links = 0) const;
  Place need(const std::string& object, const std::string& kind) const;
  /// The path of another file that this one names. Throws Error (data) where it may not be read.
  std::string neighbour(const std::string& name, const std::string& object) const;
  const File& linked(const std::string& name, const std::string& object) const;
  std::int64_t open_dataset(const std::string& object) const;
  /// The bytes on disk that an open dataset may be made of. Throws Error (data) where some lie in a file that
  /// may not be read, is not there, or ends before `needed` bytes.
  std::uint64_t bytes_behind(std::int64_t dataset, const std::string& object, std::uint64_t needed) const;
  std::uint64_t external_bytes(std::int64_t properties, const std::string& object,
                               std::uint64_t needed) const;
  std::uint64_t virtual_bytes(std::int64_t properties, const std::string& object) const;

  std::string path_;
  std::int64_t id_ = -1;
  std::uint64_t bytes_ = 0;                                      ///< size of the file on disk
  std::vector<std::string> folders_;                             ///< from which other files may be read
  mutable std::map<std::string, std::shared_ptr<File>> linked_;  ///< opened so far, by path
};

/// The folder of `path` and those besides as the system knows them, without links.
std::vector<std::string> folders_of(const std::string& path, const std::vector<std::string>& besides);

/// A required attribute: throws Error (data) that names file, object and attribute when it is absent.
std::string required_string(const File& file, const std::string& object, const std::string& name);
std::int64_t required_int(const File& file, const std::string& object, const std::string& name);
double required_double(const File& file, const std::string& object, const std::string& name);

/// Checks root attributes `format` and `version` (1 .. newest).
void require_format(const File& file, const std::string& format, std::int64_t newest_version);

}  // namespace qmtl::hdf5
