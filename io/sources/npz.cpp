// SPDX-License-Identifier: Apache-2.0
#include "io/sources/npz.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "io/sources/text_encoding.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

struct Member {
  std::string name;
  std::uint32_t method = 0, crc = 0;
  std::size_t packed = 0, size = 0, header = 0;  ///< header: where its local header begins
};

class ZipReader {
 public:
  ZipReader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  std::vector<Member> members() const {
    // The end record, before a comment of at most 65535 bytes.
    constexpr std::size_t end_size = 22;
    const std::size_t end = bytes_.rfind("PK\x05\x06");
    if (end == bytes_.npos || end + end_size > bytes_.size()) damaged("it has no directory");
    const std::size_t count = number(end + 10, 2);
    std::size_t at = number(end + 16, 4);
    if (count == 0xFFFF || at == 0xFFFFFFFF) large();
    std::vector<Member> members;
    for (std::size_t i = 0; i < count; ++i) {
      constexpr std::size_t entry_size = 46;
      if (at > bytes_.size() || bytes_.size() - at < entry_size || bytes_.substr(at, 4) != "PK\x01\x02")
        damaged("its directory is cut");
      Member member;
      member.method = static_cast<std::uint32_t>(number(at + 10, 2));
      member.crc = static_cast<std::uint32_t>(number(at + 16, 4));
      member.packed = number(at + 20, 4);
      member.size = number(at + 24, 4);
      member.header = number(at + 42, 4);
      if (number(at + 8, 2) & 1)
        throw data_error(path_ + ": the archive is encrypted; save it without a password");
      if (member.packed == 0xFFFFFFFF || member.size == 0xFFFFFFFF || member.header == 0xFFFFFFFF) large();
      const std::size_t name = number(at + 28, 2);
      if (bytes_.size() - at - entry_size < name) damaged("its directory is cut");
      member.name = bytes_.substr(at + entry_size, name);
      at += entry_size + name + number(at + 30, 2) + number(at + 32, 2);
      members.push_back(std::move(member));
    }
    return members;
  }

  std::string content(const Member& member) const {
    constexpr std::size_t header_size = 30;
    if (member.header > bytes_.size() || bytes_.size() - member.header < header_size ||
        bytes_.substr(member.header, 4) != "PK\x03\x04")
      damaged("an array is not where the directory says");
    const std::size_t begin =
        member.header + header_size + number(member.header + 26, 2) + number(member.header + 28, 2);
    if (begin > bytes_.size() || bytes_.size() - begin < member.packed) damaged("an array is cut");
    const std::string_view packed = bytes_.substr(begin, member.packed);
    // Deflate packs at most 1032 bytes into one.
    if (member.size / 1032 > member.packed) damaged("an array claims more than it can hold");
    std::string content = member.method == 0 ? std::string(packed) : inflated(packed, member);
    const auto crc =
        crc32_z(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), content.size());
    if (content.size() != member.size || crc != member.crc) damaged("a checksum does not match");
    return content;
  }

 private:
  [[noreturn]] void damaged(const std::string& reason) const {
    throw data_error(path_ + ": the archive (NPZ) is truncated or damaged (" + reason +
                     "); save it again with numpy.savez, or each array by itself with numpy.save");
  }
  [[noreturn]] void large() const {
    throw data_error(path_ + ": the archive is larger than 4 GB; save each array by itself with numpy.save");
  }
  std::size_t number(std::size_t at, std::size_t size) const {
    std::size_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    return value;
  }
  std::string inflated(std::string_view packed, const Member& member) const {
    if (member.method != 8)
      throw data_error(path_ + ": " + shown(member.name) + " is packed by another method than deflate (" +
                       std::to_string(member.method) +
                       "); save the archive again with numpy.savez_compressed");
    std::string content(member.size, '\0');
    z_stream stream{};
    constexpr int raw = -15;
    if (inflateInit2(&stream, raw) != Z_OK) damaged("zlib does not start");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.next_out = reinterpret_cast<Bytef*>(content.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.avail_out = static_cast<uInt>(content.size());
    const int code = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (code != Z_STREAM_END) damaged("an array does not unpack");
    content.resize(stream.total_out);
    return content;
  }

  std::string_view bytes_;
  const std::string& path_;
};

}  // namespace

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("PK\x05\x06");
}

std::vector<std::string> npz_names(std::string_view bytes, const std::string& path) {
  std::vector<std::string> names;
  for (const Member& member : ZipReader(bytes, path).members())
    if (member.name.ends_with(".npy")) names.push_back(member.name.substr(0, member.name.size() - 4));
  return names;
}

std::string npz_member(std::string_view bytes, const std::string& array, const std::string& path) {
  const ZipReader zip(bytes, path);
  const std::vector<Member> members = zip.members();
  std::string names;
  const Member* found = nullptr;
  std::size_t arrays = 0;
  for (const Member& member : members) {
    if (!member.name.ends_with(".npy")) continue;
    const std::string name = member.name.substr(0, member.name.size() - 4);
    names += (arrays++ ? ", " : "") + shown(name);
    if (array.empty() ? arrays == 1 : name == array) found = &member;
  }
  if (arrays == 0)
    throw data_error(path +
                     ": expected an archive of arrays (NPZ), found one without; save arrays with numpy.savez "
                     "or numpy.save");
  if (!found || (array.empty() && arrays > 1))
    throw data_error(path + ": expected a key dataset = \"name\" of one of its arrays (" + names +
                     "), found " + (array.empty() ? "none" : "\"" + shown(array) + "\""));
  return zip.content(*found);
}

}  // namespace qmtl
