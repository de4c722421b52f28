#include <zlib.h>

#include <array>
#include <cstdint>

#include "hardware/formats/npy.h"
#include "runtime/error.h"

namespace qmtl {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// An inflate stream that is given back.
struct Inflate {
  Inflate() {
    if (inflateInit(&stream) != Z_OK) throw data_error("zlib: cannot start to decompress");
  }
  ~Inflate() { inflateEnd(&stream); }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  z_stream stream{};
};

}  // namespace

std::string zlib_compress(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
                bytes.size(), Z_BEST_SPEED) != Z_OK)
    throw data_error("zlib: cannot compress " + std::to_string(bytes.size()) + " bytes");
  packed.resize(size);
  return packed;
}

std::string zlib_expand(std::string_view packed, std::size_t most, const std::string& name) {
  Inflate inflater;
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  std::array<char, 16384> buffer{};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.append(buffer.data(), buffer.size() - stream.avail_out);
    if (bytes.size() > most)
      throw data_error(name + ": expected at most " + std::to_string(most) +
                       " bytes after decompression, found more");
  }
  if (state != Z_STREAM_END)
    throw data_error(name + ": the compressed bytes are damaged (" +
                     (stream.msg ? stream.msg : "they end early") + ")");
  if (stream.avail_in > 0) throw data_error(name + ": expected nothing behind the compressed bytes");
  return bytes;
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      text += at + i > bytes.size() ? '=' : alphabet[group >> (18 - 6 * i) & 63];
  }
  return text;
}

std::string base64_decode(std::string_view text, const std::string& name) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int digits = 0, padding = 0;
  for (char c : text) {
    if (c == '\n' || c == '\r') continue;
    const std::size_t value = c == '=' ? 0 : alphabet.find(c);
    padding += c == '=' ? 1 : 0;
    if (value == std::string_view::npos || (c != '=' && padding > 0) || (c == '=' && digits < 2))
      throw data_error(name + ": expected base64, found the character '" + std::string(1, c) + "'");
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (++digits < 4) continue;
    for (int i = 0; i < 3 - padding; ++i) bytes += static_cast<char>(group >> (16 - 8 * i) & 0xff);
    group = 0;
    digits = 0;
  }
  if (digits != 0) throw data_error(name + ": expected base64 in groups of four characters, found it cut");
  return bytes;
}

}  // namespace qmtl
