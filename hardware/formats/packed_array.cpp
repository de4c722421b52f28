// SPDX-License-Identifier: Apache-2.0
#include "hardware/formats/packed_array.h"

#include "hardware/http/text_codes.h"
#include "runtime/base/error.h"

namespace qmtl {

std::string pack_array(const NpyArray& array) { return base64_encoded(zlib_encoded(write_npy(array))); }

NpyArray unpack_array(std::string_view text, std::size_t most, const std::string& name) {
  // The header of an array is short; its bytes are the shape's.
  constexpr std::size_t header = 1024;
  const auto packed = base64_decoded(text);
  if (!packed) throw data_error(name + ": expected base64, found other characters or a text that was cut");
  const auto bytes = zlib_decoded(*packed, most + header);
  if (!bytes)
    throw data_error(name + ": expected a zlib stream of at most " + std::to_string(most) +
                     " bytes, found a damaged or longer one");
  return read_npy(*bytes, name);
}

}  // namespace qmtl
