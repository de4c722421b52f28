// SPDX-License-Identifier: Apache-2.0
#include "io/data/file_kind.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>

#include "io/data/inflate.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

constexpr std::string_view hdf5_signature("\x89HDF\r\n\x1a\n", 8);

/// What numpy's and pandas' users type.
std::string by_pandas(const std::string& reader) {
  return "; convert it: python3 -c \"import pandas; pandas." + reader + ".to_csv('table.csv', index=False)\"";
}

struct Signature {
  std::string_view bytes;
  const char* kind;
  const char* reader;  ///< of pandas, or null
  const char* way;     ///< where there is no reader
};

constexpr Signature signatures[] = {
    {"PAR1", "a Parquet file", "read_parquet('FILE')", nullptr},
    {"ARROW1", "an Arrow (Feather) file", "read_feather('FILE')", nullptr},
    {"FEA1", "a Feather file", "read_feather('FILE')", nullptr},
    {"ORC", "an ORC file", "read_orc('FILE')", nullptr},
    {"\xD0\xCF\x11\xE0", "an old Excel file (XLS)", "read_excel('FILE')", nullptr},
    {"\x80\x04\x95", "a Python pickle", "read_pickle('FILE')", nullptr},
    {"<stata_dta>", "a Stata file", "read_stata('FILE')", nullptr},
    {"$FL2", "an SPSS file", "read_spss('FILE')", nullptr},
    {"Obj\x01", "an Avro file", nullptr, "; save it as CSV"},
    {"SQLite format 3", "an SQLite database", nullptr,
     "; save a query: sqlite3 -header -csv FILE \"select * from ...\""},
    {"MATLAB 5.0 MAT-file", "a MATLAB 5 file", nullptr, "; save it in MATLAB with -v7.3, or as CSV"},
    {"RDX", "an R data file", nullptr, "; save it in R with write.csv"},
    {"%PDF", "a PDF file", nullptr, "; fetch the table itself"},
    {"BZh", "a bzip2 file", nullptr, "; unpack it with bunzip2"},
    {"\xFD"
     "7zXZ",
     "an xz file", nullptr, "; unpack it with unxz"},
    {"\x28\xB5\x2F\xFD", "a Zstandard file", nullptr, "; unpack it with unzstd"},
    {"7z\xBC\xAF", "a 7-Zip archive", nullptr, "; unpack it"},
    {"\x93NUMPY", "an array (NPY)", nullptr,
     "; it is an input or a column: [input.x] or [column.y] with file = ..., or save it as CSV with "
     "numpy.savetxt"},
    {hdf5_signature, "an HDF5 file", nullptr,
     "; its arrays are inputs and columns: [input.x] or [column.y] with file = ... and dataset = \"/path\""},
    {"\x89PNG", "a picture (PNG)", nullptr, "; pictures are inputs: [input.x] with images = \"folder\""},
    {"\xFF\xD8\xFF", "a picture (JPEG)", nullptr,
     "; pictures are inputs: [input.x] with images = \"folder\""},
};

std::string zip_kind(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 4096);
  if (head.find("[Content_Types].xml") != head.npos || head.find("xl/") != head.npos ||
      head.find("_rels/.rels") != head.npos)
    return "an Excel workbook (XLSX)" + by_pandas("read_excel('FILE')");
  if (head.find("application/vnd.oasis.opendocument") != head.npos)
    return "an OpenDocument sheet (ODS)" + by_pandas("read_excel('FILE', engine='odf')");
  if (head.find(".npy") != head.npos)
    return "an archive of arrays (NPZ); its arrays are inputs and columns: [input.x] or [column.y] with file "
           "= ... "
           "and dataset = \"name in the archive\"";
  return "a ZIP archive; unpack it and name the table in it";
}

/// A short signature may be the name of a table's first column: then text follows.
bool is_binary(std::string_view head) {
  return std::any_of(head.begin(), head.end(), [](unsigned char c) {
    return c >= 0x80 || (c < 0x20 && c != '\t' && c != '\r' && c != '\n');
  });
}

bool starts_like(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(),
                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

/// {"a": 1} on a line of its own, or a list of such.
bool is_json(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  if (line.starts_with('[')) {
    const std::size_t inner = text.find_first_not_of(" \t\r\n", 1);
    return inner != text.npos && text[inner] == '{';
  }
  if (!line.starts_with('{')) return false;
  const std::size_t inner = text.find_first_not_of(" \t\r\n", 1);
  if (inner == text.npos || (text[inner] != '"' && text[inner] != '}')) return false;
  const std::size_t colon = text.find(':', inner);
  return text[inner] == '}' || (colon != text.npos && colon < 4096);
}

/// The beginning of a file, decompressed; "" where it cannot be read.
std::string first_bytes(const std::string& path) {
  if (file_kind(path) != FileKind::file) return "";
  try {
    return std::string(InflatedFile(path, "a file").next().substr(0, 4096));
  } catch (const Error&) {
    return "";  // what reads it next says so
  }
}

}  // namespace

bool is_hdf5_file(const std::string& path) {
  if (file_kind(path) != FileKind::file) return false;  // what reads it next says so
  std::ifstream file(path, std::ios::binary);
  char magic[8] = {};
  for (std::streamoff at = 0; file.seekg(at) && file.read(magic, sizeof magic); at = at == 0 ? 512 : 2 * at)
    if (std::string_view(magic, sizeof magic) == hdf5_signature) return true;
  return false;
}

bool is_array_file(const std::string& path) {
  if (is_hdf5_file(path)) return true;
  const std::string head = first_bytes(path);
  if (head.starts_with("\x93NUMPY")) return true;
  if (head.starts_with("PK\x03\x04")) return head.find(".npy") != head.npos;
  const auto byte = [&](std::size_t i) {
    return i < head.size() ? static_cast<unsigned char>(head[i]) : 255u;
  };
  // IDX: two zeros, the type of its elements, the number of extents.
  return byte(0) == 0 && byte(1) == 0 && byte(2) >= 8 && byte(2) <= 14 && byte(3) >= 1 && byte(3) <= 8;
}

bool is_picture_file(const std::string& path) {
  const std::string head = first_bytes(path);
  if (head.starts_with("\x89PNG") || head.starts_with("\xFF\xD8\xFF")) return true;
  if (head.size() < 3 || head[0] != 'P' || std::string_view("2356").find(head[1]) == std::string_view::npos)
    return false;
  const std::size_t next = head.find_first_not_of(" \t\r\n", 2);
  return next != head.npos && next > 2 &&
         (head[next] == '#' || std::isdigit(static_cast<unsigned char>(head[next])));
}

std::string kind_of_no_table(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06")) return zip_kind(bytes);
  for (const Signature& signature : signatures)
    if (bytes.starts_with(signature.bytes) && (signature.bytes.size() >= 8 || is_binary(bytes.substr(0, 64))))
      return signature.kind + (signature.reader ? by_pandas(signature.reader) : signature.way);
  for (std::size_t at = 512; at + hdf5_signature.size() <= bytes.size(); at *= 2)
    if (bytes.substr(at, hdf5_signature.size()) == hdf5_signature)
      return "an HDF5 file behind a user block (MATLAB 7.3?); its arrays are inputs and columns: [input.x] "
             "or "
             "[column.y] with file = ... and dataset = \"/path\"";
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == bytes.npos) return "";
  const std::string_view text = bytes.substr(first);
  if (is_json(text))
    return std::string(text[0] == '{' ? "JSON lines" : "a JSON list") +
           by_pandas(text[0] == '{' ? "read_json('FILE', lines=True)" : "read_json('FILE')");
  for (const char* begin : {"<!doctype html", "<html", "<?xml"})
    if (starts_like(text, begin))
      return "a web page or XML (a download that failed?); fetch the table itself, or save it as CSV";
  return "";
}

}  // namespace qmtl
