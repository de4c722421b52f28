// SPDX-License-Identifier: Apache-2.0
#include "io/import/import_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "io/import/input_values.h"
#include "io/sources/image_file.h"
#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

namespace fs = std::filesystem;

void check_samples(const ArrayFile& array, const SampleCount& expected) {
  if (array.samples() != expected.samples)
    throw data_error(array.file + ": expected " + std::to_string(expected.samples) + " samples as in " +
                     expected.file + ", found " + std::to_string(array.samples()));
}

/// The height and width of the key `size`, if it is there.
std::optional<std::pair<std::size_t, std::size_t>> read_size(TableReader& reader) {
  const toml::node* node = reader.find("size");
  if (!node) return std::nullopt;
  const std::vector<double> extents = reader.numbers("size");
  for (double extent : extents)
    if (extents.size() != 2 || !(extent >= 1) || extent > 65536 || extent != std::floor(extent))
      wrong_value(*node, reader.file(), reader.full("size"), "[height, width] in pixels");
  if (extents.empty()) wrong_value(*node, reader.file(), reader.full("size"), "[height, width] in pixels");
  return std::pair{static_cast<std::size_t>(extents[0]), static_cast<std::size_t>(extents[1])};
}

/// Folders or pictures in a folder, in the order of their bytes. `other` gets a file that is neither.
std::vector<std::string> sorted_names(const fs::path& folder, bool folders, std::vector<std::string>& other) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with('.')) continue;
    require_utf8(name, "a name in " + folder.string());
    const bool is_folder = entry.is_directory();
    if (is_folder == folders && (folders || is_image_name(name)))
      names.push_back(std::move(name));
    else if (!is_folder)
      other.push_back((folder / name).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// What all pictures of an input must have in common.
struct Common {
  std::size_t height = 0, width = 0, channels = 0;
  std::string file;  ///< the first, that says so
};

void check_alike(const Image& image, const Common& common, const std::string& path, bool scaled) {
  if (!scaled && (image.height != common.height || image.width != common.width))
    throw data_error(path + ": expected " + std::to_string(common.height) + " rows of " +
                     std::to_string(common.width) + " pixels as in " + common.file + ", found " +
                     std::to_string(image.height) + " of " + std::to_string(image.width) +
                     "; size = [height, width] scales all pictures");
  if (image.channels != common.channels)
    throw data_error(path + ": expected a " + (common.channels == 1 ? "grey" : "coloured") + " picture as " +
                     common.file + ", found a " + (image.channels == 1 ? "grey" : "coloured") +
                     " one; grey = true or grey = false makes all alike");
}

}  // namespace

std::string path_beside(const std::string& description, const std::string& file) {
  return (fs::path(description).parent_path() / file).string();
}

ArrayFile read_input_array(TableReader& reader) {
  const std::string path = path_beside(reader.file(), reader.string("file"));
  std::vector<std::string> folders = reader.texts("external_folders");
  for (std::string& folder : folders) folder = path_beside(reader.file(), folder);
  return read_array(path, reader.string("dataset", ""), folders);
}

Input import_array(const std::string& name, const ArrayFile& array, const SampleCount& expected,
                   const std::vector<std::size_t>& origin, ImportReport& report, const KnownNumbers* known) {
  if (!array.texts.empty())
    throw data_error(
        array.file + ": expected numbers for an input, found texts" +
        (array.text_type.empty() ? "" : " (type " + array.text_type + ")") +
        "; texts are columns ([column.<name>]), or become numbers with tools/text_embeddings.py");
  check_samples(array, expected);
  if (!array.note.empty()) report.notes.push_back(array.file + ": " + array.note);
  Input input;
  input.name = name;
  input.width = array.width();
  input.shape.assign(array.shape.begin() + 1, array.shape.end());
  if (input.shape.empty()) input.shape = {1};
  const auto read = [&](std::size_t kept, double* numbers) {
    const std::size_t row = origin.empty() ? kept : origin[kept];
    for (std::size_t c = 0; c < input.width; ++c) {
      numbers[c] = array.value(row * input.width + c);
      if (!std::isfinite(static_cast<float>(numbers[c])))
        throw data_error(array.file + ", sample " + std::to_string(row) + ", value " + std::to_string(c) +
                         ": expected a finite number, found " +
                         (std::isnan(numbers[c]) ? "NaN" : "infinity or a number beyond float"));
    }
  };
  if (known) {
    fill_input(input, origin.empty() ? array.samples() : origin.size(), read, *known);
    return input;
  }
  fill_input(
      input, origin.empty() ? array.samples() : origin.size(), read,
      [&](std::size_t c) { return array.file + ", column " + std::to_string(c); }, report);
  return input;
}

std::vector<AddedColumn> import_columns(const std::string& name, TableReader& reader,
                                        std::optional<SampleCount>& expected, ImportReport& report) {
  const ArrayFile array = read_input_array(reader);
  if (!array.note.empty()) report.notes.push_back(array.file + ": " + array.note);
  if (!expected) expected = SampleCount{array.samples(), array.file};
  check_samples(array, *expected);
  if (array.shape.size() > 2)
    throw data_error(array.file + ": expected one value per sample, or a row of them, found " +
                     std::to_string(array.shape.size()) + " dimensions");
  std::vector<AddedColumn> columns(array.width());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    columns[i].name = array.shape.size() == 1 ? name : name + std::to_string(i);
    columns[i].source = array.file;
    if (columns.size() == 1 && columns[i].name != name) columns[i].alias = name;
    for (std::size_t row = 0; row < array.samples(); ++row)
      columns[i].cells.push_back(array.text(row * columns.size() + i));
  }
  return columns;
}

std::vector<AddedColumn> list_class_folders(const std::string& folder, ImportReport& report) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw data_error(folder + ": expected a folder of pictures, found " +
                     (fs::exists(folder, error) ? "a file" : "nothing") +
                     "; check the path (it is relative to the description's folder)");
  std::vector<AddedColumn> columns{{"class", folder, {}}, {"file", folder, {}}};
  std::vector<std::string> other;
  for (const std::string& name : sorted_names(folder, true, other)) {
    const std::vector<std::string> files = sorted_names(fs::path(folder) / name, false, other);
    if (files.empty())
      throw data_error((fs::path(folder) / name).string() +
                       ": expected pictures (.png, .jpg, .jpeg, .pgm, .ppm) of this class, found none");
    for (const std::string& file : files) {
      columns[0].cells.push_back(name);
      columns[1].cells.push_back((fs::path(name) / file).string());
    }
  }
  if (columns[0].cells.empty())
    throw data_error(folder +
                     ": expected a sub-folder of pictures for each class, found none; pictures in one " +
                     "folder need a table (file = ...) whose column names them (column = ...)");
  if (!other.empty())
    report.guess(folder,
                 std::to_string(other.size()) + " files are passed over, such as " + shown(other[0], 200) +
                     ", because they are no PNG, JPEG, PGM or PPM in the folder of a class",
                 "pictures of these kinds only, each in the folder of its class");
  return columns;
}

std::vector<std::string> list_pictures(const std::string& folder) {
  std::vector<std::string> other, names = sorted_names(folder, false, other);
  for (const std::string& inner : sorted_names(folder, true, other))
    for (const std::string& name : sorted_names(fs::path(folder) / inner, false, other))
      names.push_back((fs::path(inner) / name).string());
  if (names.empty())
    throw data_error(folder + ": expected pictures (.png, .jpg, .jpeg, .pgm, .ppm), found none");
  return names;
}

Input import_images(const std::string& name, TableReader& reader, const CsvTable& table,
                    const Columns& columns, ImportReport& report) {
  const std::string folder = path_beside(reader.file(), reader.string("images"));
  const toml::node& node = reader.find("column") ? *reader.find("column") : reader.need("images");
  const std::size_t column =
      columns.one(reader.string("column", "file"), where(node, reader.file()) + ": " + reader.full("column"));
  const auto size = read_size(reader);
  std::optional<bool> grey;
  if (reader.find("grey")) grey = reader.boolean("grey", false);
  Common common;
  Input input;
  input.name = name;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string path = (fs::path(folder) / table.cell(row, column)).string();
    Image image;
    try {
      image = read_image(path);
    } catch (const Error& error) {
      if (column < table.columns - table.sources.size())
        throw data_error(table.where(row, column) + ": " + error.what());
      throw;
    }
    report.tell("reading pictures of " + folder, row + 1, table.rows());
    if (!image.warning.empty())
      report.guess(path, "the picture was read with a warning (" + shown(image.warning, 200) + ")",
                   "a picture saved again");
    if (grey) image = with_channels(image, *grey ? 1 : 3);
    if (row == 0) common = {image.height, image.width, image.channels, path};
    check_alike(image, common, path, size.has_value());
    const auto [height, width] = size.value_or(std::pair{image.height, image.width});
    const std::vector<float> values = area_averaged(image, height, width);
    if (row == 0) {
      input.shape = {height, width};
      if (image.channels == 3) input.shape.insert(input.shape.begin(), 3);
      input.width = values.size();
    }
    input.values.insert(input.values.end(), values.begin(), values.end());
  }
  return input;
}

}  // namespace qmtl
