// SPDX-License-Identifier: Apache-2.0
#include "io/data/image_file.h"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "io/files/atomic_file.h"
#include "runtime/base/error.h"

namespace qmtl {
namespace {

constexpr std::size_t most_pixels = std::size_t{1} << 28;

Error damaged(const std::string& path, const std::string& reason) {
  return data_error(path + ": the picture is truncated or damaged (" + reason + "); fetch or save it again");
}

void check_size(const std::string& path, std::size_t height, std::size_t width) {
  if (height == 0 || width == 0 || height > most_pixels / width)
    throw data_error(path + ": expected a picture of 1 to " + std::to_string(most_pixels) +
                     " pixels, found " + std::to_string(width) + " x " + std::to_string(height));
}

Image read_png(const std::string& bytes, const std::string& path) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_imagep)> guard(&png, png_image_free);
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) throw damaged(path, png.message);
  check_size(path, png.height, png.width);
  const bool colour = png.format & PNG_FORMAT_FLAG_COLOR, alpha = png.format & PNG_FORMAT_FLAG_ALPHA;
  // Transparency is kept while reading: without it the library would mix colours with a background.
  png.format =
      colour ? (alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB) : (alpha ? PNG_FORMAT_GA : PNG_FORMAT_GRAY);
  const std::size_t stored = PNG_IMAGE_PIXEL_CHANNELS(png.format);
  std::vector<std::uint8_t> pixels(std::size_t{png.height} * png.width * stored);
  if (!png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr)) throw damaged(path, png.message);
  Image image{png.height, png.width, colour ? std::size_t{3} : std::size_t{1}, {}};
  if (!alpha) {
    image.pixels = std::move(pixels);
    return image;
  }
  image.pixels.reserve(pixels.size() / stored * image.channels);
  for (std::size_t at = 0; at < pixels.size(); at += stored)
    image.pixels.insert(image.pixels.end(), pixels.begin() + static_cast<std::ptrdiff_t>(at),
                        pixels.begin() + static_cast<std::ptrdiff_t>(at + image.channels));
  return image;
}

Image read_jpeg(const std::string& bytes, const std::string& path) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) throw damaged(path, "the JPEG library does not start");
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &sampling, &colours) != 0)
    throw damaged(path, tjGetErrorStr2(decoder.get()));
  if (width < 1 || height < 1) throw damaged(path, "it ends within its header");
  if (colours == TJCS_CMYK || colours == TJCS_YCCK)
    throw data_error(path + ": expected a grey or RGB picture, found CMYK; convert it");
  Image image{static_cast<std::size_t>(height),
              static_cast<std::size_t>(width),
              colours == TJCS_GRAY ? std::size_t{1} : std::size_t{3},
              {}};
  check_size(path, image.height, image.width);
  image.pixels.resize(image.height * image.width * image.channels);
  // The accurate transform gives the same pixels with every instruction set. Warnings are of damaged data.
  if (tjDecompress2(decoder.get(), data, bytes.size(), image.pixels.data(), width, 0, height,
                    image.channels == 1 ? TJPF_GRAY : TJPF_RGB,
                    TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING) != 0)
    throw damaged(path, tjGetErrorStr2(decoder.get()));
  return image;
}

/// PGM (P2, P5) and PPM (P3, P6): numbers separated by blanks and comments, then bytes or more numbers.
Image read_netpbm(const std::string& bytes, const std::string& path) {
  const char kind = bytes[1];
  std::size_t at = 2;
  const auto number = [&](const char* what) {
    while (at < bytes.size() && (std::isspace(static_cast<unsigned char>(bytes[at])) || bytes[at] == '#'))
      if (bytes[at++] == '#') at = std::min(bytes.find('\n', at), bytes.size());
    std::size_t value = 0, begin = at;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && at - begin < 9; ++at)
      value = value * 10 + static_cast<std::size_t>(bytes[at] - '0');
    if (at == begin) throw damaged(path, std::string("no ") + what);
    return value;
  };
  Image image;
  image.width = number("width");
  image.height = number("height");
  const std::size_t most = number("largest value");
  check_size(path, image.height, image.width);
  if (most == 0 || most > 65535) throw damaged(path, "the largest value is not 1 to 65535");
  image.channels = kind == '3' || kind == '6' ? 3 : 1;
  const std::size_t samples = image.height * image.width * image.channels, bytes_each = most > 255 ? 2 : 1;
  const bool text = kind == '2' || kind == '3';
  if (!text && bytes.size() < at + 1 + samples * bytes_each) throw damaged(path, "too few bytes");
  ++at;  // the one blank behind the largest value
  image.pixels.reserve(std::min(samples, bytes.size()));
  for (std::size_t i = 0; i < samples; ++i) {
    std::size_t value = 0;
    if (text)
      value = number("value of a pixel");
    else
      for (std::size_t b = 0; b < bytes_each; ++b)
        value = value << 8 | static_cast<unsigned char>(bytes[at++]);
    if (value > most) throw damaged(path, "a pixel above the largest value");
    image.pixels.push_back(static_cast<std::uint8_t>((value * 255 + most / 2) / most));
  }
  return image;
}

/// The share of each old pixel in each new one along one direction.
struct Share {
  std::size_t from;
  double weight;
};
std::vector<std::vector<Share>> shares(std::size_t before, std::size_t after) {
  std::vector<std::vector<Share>> all(after);
  const double step = static_cast<double>(before) / static_cast<double>(after);
  for (std::size_t i = 0; i < after; ++i) {
    const double low = static_cast<double>(i) * step, high = static_cast<double>(i + 1) * step;
    for (auto from = static_cast<std::size_t>(low); from < before && static_cast<double>(from) < high;
         ++from) {
      const double covered =
          std::min(high, static_cast<double>(from + 1)) - std::max(low, static_cast<double>(from));
      if (covered > 0) all[i].push_back({from, covered / step});
    }
  }
  return all;
}

}  // namespace

Image read_image(const std::string& path) {
  const std::string bytes = read_file(path);
  if (bytes.starts_with("\x89PNG")) return read_png(bytes, path);
  if (bytes.starts_with("\xFF\xD8")) return read_jpeg(bytes, path);
  if (bytes.size() > 2 && bytes[0] == 'P' && std::strchr("2356", bytes[1])) return read_netpbm(bytes, path);
  throw data_error(path + ": expected a picture (PNG, JPEG, PGM or PPM), found " +
                   (bytes.empty() ? "an empty file" : "another kind of file"));
}

bool is_image_name(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto ends = [&](const char* end) { return lower.ends_with(end); };
  return ends(".png") || ends(".jpg") || ends(".jpeg") || ends(".pgm") || ends(".ppm");
}

Image with_channels(const Image& image, std::size_t channels) {
  if (image.channels == channels) return image;
  Image result{image.height, image.width, channels, {}};
  const std::size_t count = image.height * image.width;
  result.pixels.reserve(count * channels);
  for (std::size_t i = 0; i < count; ++i) {
    if (channels == 3) {
      result.pixels.insert(result.pixels.end(), 3, image.pixels[i]);
      continue;
    }
    const std::uint8_t* const rgb = image.pixels.data() + 3 * i;
    result.pixels.push_back(
        static_cast<std::uint8_t>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16));
  }
  return result;
}

std::vector<float> area_averaged(const Image& image, std::size_t height, std::size_t width) {
  const auto rows = shares(image.height, height), columns = shares(image.width, width);
  std::vector<float> result(image.channels * height * width);
  std::vector<double> line(image.width);
  for (std::size_t channel = 0; channel < image.channels; ++channel)
    for (std::size_t y = 0; y < height; ++y) {
      std::fill(line.begin(), line.end(), 0.0);
      for (const Share& row : rows[y])
        for (std::size_t x = 0; x < image.width; ++x)
          line[x] += row.weight * image.pixels[(row.from * image.width + x) * image.channels + channel];
      for (std::size_t x = 0; x < width; ++x) {
        double sum = 0;
        for (const Share& column : columns[x]) sum += column.weight * line[column.from];
        result[(channel * height + y) * width + x] = static_cast<float>(sum);
      }
    }
  return result;
}

}  // namespace qmtl
