// SPDX-License-Identifier: Apache-2.0
#include "io/sources/text_encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "runtime/base/error.h"

namespace qmtl {
namespace {

/// Bytes of the UTF-8 character that begins here, 0 if none does (RFC 3629: no surrogates, no longer forms).
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80   ? 1
                           : first < 0xC2 ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  if (first == 0 || size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if (byte(i) >> 6 != 2) return 0;
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return size;
}

/// What iconv calls the encoding.
std::string library_name(const std::string& encoding) {
  std::string name = encoding;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (name == "LATIN-1" || name == "LATIN1") return "ISO-8859-1";
  if (name == "UTF8") return "UTF-8";
  // A suffix such as //IGNORE would drop characters.
  const auto plain = [](unsigned char c) { return std::isalnum(c) || std::strchr("-_.:+", c); };
  return std::all_of(name.begin(), name.end(), plain) ? name : "";
}

/// How many of the last bytes begin a character of UTF-8 that is not finished.
std::size_t unfinished(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte >> 6 == 2) continue;
    const std::size_t size = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return size > back ? back : 0;
  }
  return 0;
}

std::size_t count_lines(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ++lines;
  return lines;
}

}  // namespace

std::size_t foreign_byte(std::string_view text) {
  constexpr std::uint64_t high = 0x8080808080808080, low = 0x0101010101010101;
  for (std::size_t at = 0; at < text.size();) {
    if (std::uint64_t word = 0; text.size() - at >= sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      // Eight ASCII characters, none of them NUL.
      if (((word | (word - low)) & high) == 0) {
        at += sizeof word;
        continue;
      }
    }
    const std::size_t size = character(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return std::string_view::npos;
}

std::string named_byte(std::string_view text, std::size_t at) {
  static constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(at < text.size() ? text[at] : 0);
  return std::string("byte 0x") + digits[byte >> 4] + digits[byte & 15];
}

void require_utf8(std::string_view text, const std::string& where) {
  const std::size_t at = foreign_byte(text);
  if (at == std::string_view::npos) return;
  throw data_error(where + ": expected a text in UTF-8, found \"" + shown(text) + "\" with the " +
                   named_byte(text, at) + "; convert it, or rename what is called so");
}

std::string shown(std::string_view text, std::size_t most) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = std::max<std::size_t>(1, character(text.substr(at)));
    if (result.size() + size > most) return result + "...";
    const auto first = static_cast<unsigned char>(text[at]);
    const bool good = size > 1 ? !(first == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0)
                               : first >= 0x20 && first < 0x7F;
    result.append(good ? text.substr(at, size) : std::string_view("?"));
    at += size;
  }
  return result;
}

TextDecoder::TextDecoder(std::string encoding, std::string path)
    : encoding_(std::move(encoding)), path_(std::move(path)) {}

TextDecoder::~TextDecoder() {
  if (converter_) iconv_close(static_cast<iconv_t>(converter_));
}

void TextDecoder::begin(std::string_view bytes, ImportReport& report) {
  begun_ = true;
  head_ = bytes.substr(0, 200);
  std::string name = library_name(encoding_);
  if (encoding_.empty()) {
    if (!bytes.starts_with("\xFF\xFE") && !bytes.starts_with("\xFE\xFF")) return;
    report.guess(path_, "UTF-16, told by its byte order mark", "encoding = \"utf-16\"");
    name = "UTF-16";
  }
  if (name == "UTF-8") return;
  iconv_t const opened = name.empty() ? reinterpret_cast<iconv_t>(-1) : iconv_open("UTF-8", name.c_str());
  if (opened == reinterpret_cast<iconv_t>(-1))
    throw usage_error(path_ + ": expected an encoding such as \"utf-8\", \"latin-1\", \"windows-1252\" or " +
                      "\"utf-16\", found \"" + shown(encoding_) + "\"; `iconv -l` lists them");
  converter_ = opened;
}

void TextDecoder::decode(std::string_view bytes, bool last, std::string& text, ImportReport& report) {
  if (!begun_) begin(bytes, report);
  const std::string joined = pending_.empty() ? "" : pending_ + std::string(bytes);
  if (!pending_.empty()) bytes = joined;
  pending_.clear();
  const std::size_t before = text.size();
  if (converter_) {
    convert(bytes, last, text);
  } else {
    const std::size_t cut = last ? 0 : unfinished(bytes);
    pending_ = bytes.substr(bytes.size() - cut);
    text += bytes.substr(0, bytes.size() - cut);
  }
  const std::string_view added = std::string_view(text).substr(before);
  check(added);
  line_ += count_lines(added);
}

void TextDecoder::convert(std::string_view bytes, bool last, std::string& text) {
  const std::size_t before = text.size();
  std::array<char, 1 << 16> piece;
  char* from = const_cast<char*>(bytes.data());  // iconv's signature; it does not write there
  std::size_t left = bytes.size();
  while (left > 0) {
    char* to = piece.data();
    std::size_t room = piece.size();
    const std::size_t done = iconv(static_cast<iconv_t>(converter_), &from, &left, &to, &room);
    const int error = errno;
    text.append(piece.data(), piece.size() - room);
    if (done != static_cast<std::size_t>(-1) || error == E2BIG) continue;
    if (error == EINVAL && !last) {
      pending_ = bytes.substr(bytes.size() - left);
      return;
    }
    throw data_error(
        path_ + ":" + std::to_string(line_ + count_lines(std::string_view(text).substr(before))) + ": " +
        named_byte(bytes, bytes.size() - left) + " is not of the encoding \"" +
        (encoding_.empty() ? "utf-16" : encoding_) + "\"; say another encoding, or repair the file");
  }
}

void TextDecoder::check(std::string_view text) const {
  const std::size_t at = foreign_byte(text);
  if (at == std::string_view::npos) return;
  const bool wide =
      std::count(head_.begin(), head_.end(), '\0') * 3 > static_cast<std::ptrdiff_t>(head_.size());
  throw data_error(
      path_ + ":" + std::to_string(line_ + count_lines(text.substr(0, at))) + ": " + named_byte(text, at) +
      " is not UTF-8" + (text[at] == '\0' ? " text" : "") + "; " +
      (wide ? "is it UTF-16? Say encoding = \"utf-16le\" or \"utf-16be\" in the description"
            : std::string("say encoding = \"latin-1\" (or \"windows-1252\", \"utf-16\", ...) in the "
                          "description, or convert the file")));
}

}  // namespace qmtl
