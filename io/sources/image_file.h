// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qmtl {

/// A picture: pixels[(y * width + x) * channels + channel]; 1 channel is grey, 3 are red, green, blue.
struct Image {
  std::size_t height = 0, width = 0, channels = 1;
  std::vector<std::uint8_t> pixels;
  std::string warning = {};  ///< of the decoder, where the pixels may not be what was saved
};

/// Reads PNG, JPEG, PGM or PPM (binary or text), told by content. Samples of up to `most` become value * 255
/// / most, rounded, in every container: gamma and colour profiles are ignored, transparency is dropped,
/// palettes become colours. Throws Error (data) that names the file for a missing, damaged, truncated or
/// other file, or one of more than 2^28 pixels.
Image read_image(const std::string& path);

/// Does a file's name end as that of a picture that read_image knows?
bool is_image_name(const std::string& name);

/// Grey from colours: (19595 R + 38470 G + 7471 B + 32768) / 65536, the weights of ITU-R 601; or three equal
/// channels from grey.
Image with_channels(const Image& image, std::size_t channels);

/// Mean of the area that each new pixel covers, [channels, height, width]; edges that cut a pixel count their
/// share of it.
std::vector<float> area_averaged(const Image& image, std::size_t height, std::size_t width);

}  // namespace qmtl
