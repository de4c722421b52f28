// SPDX-License-Identifier: Apache-2.0
#include "io/sources/file_kind.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>

#include "io/sources/inflate.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace qmtl {
namespace {

constexpr std::string_view hdf5_signature("\x89HDF\r\n\x1a\n", 8);

/// The Python package's command for tables that this program does not read itself.
constexpr const char* by_convert =
    "; python3 -m qmtl.convert FILE makes a CSV of it (the Python package, tools/python/README.md)";

struct Signature {
  std::string_view bytes;
  const char* kind;
  const char* way;
};

constexpr Signature signatures[] = {
    {"PAR1", "a Parquet file", by_convert},
    {"ARROW1", "an Arrow (Feather) file", by_convert},
    {"\xFF\xFF\xFF\xFF", "an Arrow stream", by_convert},
    {"FEA1", "a Feather file", by_convert},
    {"ORC", "an ORC file", by_convert},
    {"\xD0\xCF\x11\xE0", "an old Excel file (XLS)", by_convert},
    {"\x80\x04\x95", "a Python pickle",
     "; loading one runs the code in it: save it as CSV where it was made"},
    {"<stata_dta>", "a Stata file", by_convert},
    {"$FL2", "an SPSS file", by_convert},
    {"Obj\x01", "an Avro file", "; save it as CSV"},
    {"SQLite format 3", "an SQLite database",
     "; save a query: sqlite3 -header -csv FILE \"select * from ...\""},
    {"MATLAB 5.0 MAT-file", "a MATLAB 5 file", "; save it in MATLAB with -v7.3, or as CSV"},
    {"RDX", "an R data file", "; save it in R with write.csv"},
    {"%PDF", "a PDF file", "; fetch the table itself"},
    {"BZh", "a bzip2 file", "; unpack it with bunzip2"},
    {"\xFD"
     "7zXZ",
     "an xz file", "; unpack it with unxz"},
    {"\x28\xB5\x2F\xFD", "a Zstandard file", "; unpack it with unzstd"},
    {"7z\xBC\xAF", "a 7-Zip archive", "; unpack it"},
    {"\x93NUMPY", "an array (NPY)",
     "; it is an input or a column: [input.x] or [column.y] with file = ..., or save it as CSV with "
     "numpy.savetxt"},
    {hdf5_signature, "an HDF5 file",
     "; its arrays are inputs and columns: [input.x] or [column.y] with file = ... and dataset = \"/path\""},
    {"\x89PNG", "a picture (PNG)", "; pictures are inputs: [input.x] with images = \"folder\""},
    {"\xFF\xD8\xFF", "a picture (JPEG)", "; pictures are inputs: [input.x] with images = \"folder\""},
};

std::string zip_kind(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 4096);
  if (head.find("[Content_Types].xml") != head.npos || head.find("xl/") != head.npos ||
      head.find("_rels/.rels") != head.npos)
    return std::string("an Excel workbook (XLSX)") + by_convert;
  if (head.find("application/vnd.oasis.opendocument") != head.npos)
    return std::string("an OpenDocument sheet (ODS)") + by_convert;
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
      return std::string(signature.kind) + signature.way;
  for (std::size_t at = 512; at + hdf5_signature.size() <= bytes.size(); at *= 2)
    if (bytes.substr(at, hdf5_signature.size()) == hdf5_signature)
      return "an HDF5 file behind a user block (MATLAB 7.3?); its arrays are inputs and columns: [input.x] "
             "or "
             "[column.y] with file = ... and dataset = \"/path\"";
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == bytes.npos) return "";
  const std::string_view text = bytes.substr(first);
  if (is_json(text)) return std::string(text[0] == '{' ? "JSON lines" : "a JSON list") + by_convert;
  for (const char* begin : {"<!doctype html", "<html", "<?xml"})
    if (starts_like(text, begin))
      return "a web page or XML (a download that failed?); fetch the table itself, or save it as CSV";
  return "";
}

}  // namespace qmtl
