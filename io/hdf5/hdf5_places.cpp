// SPDX-License-Identifier: Apache-2.0
// Where the parts of an HDF5 file really lie. The format lets a file name others: links to objects, raw data
// in any file of the machine, virtual data sets. Whoever wrote the file chose those names, so each is looked
// at here before the library may follow it.
#include <algorithm>
#include <filesystem>
#include <set>

#include "io/hdf5/hdf5_handle.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace qmtl::hdf5 {
namespace {

namespace fs = std::filesystem;

/// Links followed on the way to one object; real files have a few, a loop has no end.
constexpr int most_links = 64;

/// The parts of "a/b/c" before those that are still to come, last first.
void prepend(const std::string& path, std::vector<std::string>& coming) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    // HDF5 knows "." as the group itself, and no "..".
    if (end > at && path.compare(at, end - at, ".") != 0) parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  coming.insert(coming.end(), parts.rbegin(), parts.rend());
}

bool inside(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

}  // namespace

std::vector<std::string> folders_of(const std::string& path, const std::vector<std::string>& besides) {
  std::vector<std::string> folders;
  const auto add = [&](const fs::path& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error) throw data_error(folder.string() + ": expected a folder, found " + error.message());
    folders.push_back(real.string());
  };
  const fs::path own = fs::path(path).parent_path();
  add(own.empty() ? fs::path(".") : own);
  for (const std::string& folder : besides) add(folder);
  return folders;
}

std::string File::neighbour(const std::string& name, const std::string& object) const {
  const std::string what =
      path_ + ": " + object + " lies in another file, \"" + printable(name, 200) + "\", ";
  fs::path place = fs::path(path_).parent_path() / name;
  std::error_code error;
  // A file that was moved together with its sources names where they were: the library looks beside it too.
  if (fs::path(name).is_absolute() && !fs::exists(place, error))
    place = fs::path(path_).parent_path() / fs::path(name).filename();
  const fs::path real = fs::canonical(place, error);
  if (error)
    throw data_error(what + "which is not there (" + error.message() +
                     "), and HDF5 would read fill values instead; put it beside this file, or copy the data "
                     "into one file with h5repack");
  if (std::none_of(folders_.begin(), folders_.end(),
                   [&](const auto& folder) { return inside(real, folder); }))
    throw data_error(what + "outside the folder of this one (" + printable(real.string(), 200) +
                     "); copy the data into one file with h5repack, or allow the folder by name: "
                     "external_folders = [...] beside file in a description of an import");
  if (!fs::is_regular_file(real, error)) throw data_error(what + "which is no regular file");
  return place.string();
}

const File& File::linked(const std::string& name, const std::string& object) const {
  const std::string place = neighbour(name, object);
  std::shared_ptr<File>& file = linked_[place];
  if (!file) {
    file = std::make_shared<File>(open(place));
    // What it names in turn may lie no further away than what this file may name.
    file->folders_ = folders_;
  }
  return *file;
}

std::optional<File::Place> File::place(const std::string& object, int links) const {
  std::vector<std::string> coming;
  prepend(object, coming);
  std::string here;
  while (!coming.empty()) {
    const std::string link = here + "/" + coming.back();
    coming.pop_back();
    const htri_t found = H5Lexists(id_, link.c_str(), H5P_DEFAULT);
    if (found < 0) fail(path_, object, "look up");
    if (found == 0) return std::nullopt;
    H5L_info_t info;
    if (H5Lget_info(id_, link.c_str(), &info, H5P_DEFAULT) < 0) fail(path_, link, "look up");
    if (info.type == H5L_TYPE_HARD) {
      here = link;
      continue;
    }
    if (info.type != H5L_TYPE_SOFT && info.type != H5L_TYPE_EXTERNAL)
      throw data_error(path_ + ": " + link +
                       " is a link of a kind that only its own program can follow; "
                       "copy the data into one file with h5repack");
    if (++links > most_links)
      throw data_error(path_ + ": " + object + " is reached by more than " + std::to_string(most_links) +
                       " links; they run in a circle");
    std::vector<char> value(info.u.val_size + 1, '\0');
    if (info.u.val_size > 0 && H5Lget_val(id_, link.c_str(), value.data(), info.u.val_size, H5P_DEFAULT) < 0)
      fail(path_, link, "read link");
    if (info.type == H5L_TYPE_SOFT) {
      if (value[0] == '/') here.clear();
      prepend(value.data(), coming);
      continue;
    }
    unsigned flags = 0;
    const char *file = nullptr, *target = nullptr;
    if (H5Lunpack_elink_val(value.data(), info.u.val_size, &flags, &file, &target) < 0)
      fail(path_, link, "read link");
    std::string rest = target;
    for (; !coming.empty(); coming.pop_back()) rest += "/" + coming.back();
    return linked(file, link + ", a link to " + printable(target, 200) + ",").place(rest, links);
  }
  return Place{this, here.empty() ? "/" : here};
}

std::uint64_t File::external_bytes(hid_t properties, const std::string& object, std::uint64_t needed) const {
  const int count = H5Pget_external_count(properties);
  if (count < 0) fail(path_, object, "describe dataset");
  std::uint64_t held = 0;
  for (int i = 0; i < count; ++i) {
    std::vector<char> name(4097, '\0');
    off_t offset = 0;
    hsize_t size = 0;
    if (H5Pget_external(properties, static_cast<unsigned>(i), name.size() - 1, name.data(), &offset, &size) <
        0)
      fail(path_, object, "describe dataset");
    const std::string file = neighbour(name.data(), object);
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(file, error);
    const std::uint64_t wanted = std::min<std::uint64_t>(size, needed - std::min(needed, held));
    // The library reads zeros where the file has ended.
    if (error || offset < 0 || static_cast<std::uint64_t>(offset) > bytes ||
        wanted > bytes - static_cast<std::uint64_t>(offset))
      throw data_error(path_ + ": " + object + " takes " + std::to_string(wanted) + " bytes from byte " +
                       std::to_string(offset) + " of " + file + ", which has " + std::to_string(bytes) +
                       "; restore that file");
    held += wanted;
  }
  return held;
}

std::uint64_t File::virtual_bytes(hid_t properties, const std::string& object) const {
  std::size_t count = 0;
  if (H5Pget_virtual_count(properties, &count) < 0) fail(path_, object, "describe dataset");
  std::uint64_t bytes = 0;
  std::set<std::pair<std::string, std::string>> seen;
  const auto text_of = [&](auto get, std::size_t i) {
    const ssize_t size = get(properties, i, nullptr, 0);
    if (size < 0) fail(path_, object, "describe dataset");
    std::string text(static_cast<std::size_t>(size) + 1, '\0');
    if (get(properties, i, text.data(), text.size()) < 0) fail(path_, object, "describe dataset");
    text.pop_back();
    return text;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = text_of(H5Pget_virtual_filename, i),
                      source = text_of(H5Pget_virtual_dsetname, i);
    if (!seen.emplace(name, source).second) continue;
    const std::string what = path_ + ": " + object + ", a virtual data set, ";
    if (name.find('%') != std::string::npos || source.find('%') != std::string::npos)
      throw data_error(what +
                       "has sources whose names have a pattern (%); copy the data into one file with "
                       "h5repack");
    // A source that is open when the library opens it again is not read: it gives fill values without a word.
    linked_.clear();
    const File& file = name == "."
                           ? *this
                           : linked(name, "dataset " + object + ", which is virtual and has the source " +
                                              printable(source, 200) + ",");
    const auto found = file.place(source);
    // What the library follows from here on is not looked at again, so nothing may lead further.
    if (!found || found->file != &file || found->object == "/")
      throw data_error(
          what + "has the source " + printable(source, 200) + " in " + file.path_ + ", which " +
          (found ? "is a link to another file" : "does not exist") +
          ", and HDF5 would read fill values instead; copy the data into one file with h5repack");
    Handle data(H5Dopen2(file.id_, found->object.c_str(), H5P_DEFAULT), H5Dclose);
    if (data < 0) fail(file.path_, source, "open dataset");
    Handle own(H5Dget_create_plist(data), H5Pclose);
    if (own < 0) fail(file.path_, source, "describe dataset");
    if (H5Pget_layout(own) == H5D_VIRTUAL || H5Pget_external_count(own) != 0)
      throw data_error(what + "has the source " + printable(source, 200) + " of " + file.path_ +
                       ", whose data lie in further files; copy the data into one file with h5repack");
    bytes += file.bytes_;
  }
  linked_.clear();
  return bytes;
}

hid_t File::open_dataset(const std::string& object) const {
  Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  // Else relative names of raw data begin at the current folder.
  if (access < 0 || H5Pset_efile_prefix(access, "${ORIGIN}") < 0) fail(path_, object, "open dataset");
  return H5Dopen2(id_, object.c_str(), access);
}

std::uint64_t File::bytes_behind(hid_t dataset, const std::string& object, std::uint64_t needed) const {
  Handle properties(H5Dget_create_plist(dataset), H5Pclose);
  if (properties < 0) fail(path_, object, "describe dataset");
  return H5Pget_layout(properties) == H5D_VIRTUAL ? bytes_ + virtual_bytes(properties, object)
                                                  : bytes_ + external_bytes(properties, object, needed);
}

}  // namespace qmtl::hdf5
