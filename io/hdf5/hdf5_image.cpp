// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "io/hdf5/hdf5.h"
#include "io/hdf5/hdf5_handle.h"

namespace qmtl::hdf5 {
namespace {

/// Jenkins' lookup3 hash of whole 4-byte words (little-endian), the checksum of HDF5 metadata.
std::uint32_t metadata_checksum(std::span<const std::uint32_t> words) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(words.size_bytes()), b = a, c = a;
  const auto turn = [](std::uint32_t& x, std::uint32_t from, int by, std::uint32_t& added,
                       std::uint32_t addend) {
    x -= from;
    x ^= std::rotl(from, by);
    added += addend;
  };
  for (; words.size() > 3; words = words.subspan(3)) {
    a += words[0], b += words[1], c += words[2];
    turn(a, c, 4, c, b), turn(b, a, 6, a, c), turn(c, b, 8, b, a);
    turn(a, c, 16, c, b), turn(b, a, 19, a, c), turn(c, b, 4, b, a);
  }
  if (words.size() > 0) a += words[0];
  if (words.size() > 1) b += words[1];
  if (words.size() > 2) c += words[2];
  c ^= b, c -= std::rotl(b, 14);
  a ^= c, a -= std::rotl(c, 11);
  b ^= a, b -= std::rotl(a, 25);
  c ^= b, c -= std::rotl(b, 16);
  a ^= c, a -= std::rotl(c, 4);
  b ^= a, b -= std::rotl(a, 14);
  c ^= b, c -= std::rotl(b, 24);
  return c;
}

/// H5Fget_file_image of HDF5 1.10 clears the "open for writing" flag in its copy of the superblock but leaves
/// the old checksum. Superblock version 3 (HDF5 file format specification, section II.A): 44 bytes, then
/// their checksum.
void renew_superblock_checksum(std::vector<std::byte>& image) {
  constexpr std::size_t version_at = 8, covered = 44;
  if (image.size() < covered + 4 || image[version_at] != std::byte{3}) return;
  std::array<std::uint32_t, covered / 4> words;
  std::memcpy(words.data(), image.data(), covered);
  const std::uint32_t checksum = metadata_checksum(words);
  std::memcpy(image.data() + covered, &checksum, sizeof checksum);
}

}  // namespace

std::vector<std::byte> File::image() {
  if (H5Fflush(id_, H5F_SCOPE_GLOBAL) < 0) fail(path_, "", "finish the file");
  const ssize_t size = H5Fget_file_image(id_, nullptr, 0);
  if (size < 0) fail(path_, "", "finish the file");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  if (H5Fget_file_image(id_, bytes.data(), bytes.size()) != size) fail(path_, "", "finish the file");
  renew_superblock_checksum(bytes);
  return bytes;
}

}  // namespace qmtl::hdf5
