// SPDX-License-Identifier: Apache-2.0
#include "io/sources/image_file.h"

#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
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

/// Samples of 0 .. most as 0 .. 255.
std::uint8_t eight_bits(std::size_t value, std::size_t most) {
  return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
}

/// What the PNG library reads from, and what it said when it gave up.
struct PngSource {
  const std::string& bytes;
  std::size_t at = 0;
  char reason[128] = "unknown reason";
};

void png_take(png_structp png, png_bytep to, std::size_t count) {
  auto& source = *static_cast<PngSource*>(png_get_io_ptr(png));
  if (count > source.bytes.size() - source.at) png_error(png, "the file ends too early");
  std::memcpy(to, source.bytes.data() + source.at, count);
  source.at += count;
}

[[noreturn]] void png_give_up(png_structp png, png_const_charp reason) {
  auto& source = *static_cast<PngSource*>(png_get_error_ptr(png));
  std::snprintf(source.reason, sizeof source.reason, "%s", reason);
  png_longjmp(png, 1);
}

struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

/// The size, channels and bytes of a row after what is not kept was taken away. False where the library gave
/// up: nothing that needs a destructor may live in here, as the library jumps out.
bool png_begin(PngReader& reader, PngSource& source, std::size_t& row_bytes) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_read_fn(reader.png, &source, png_take);
  png_set_benign_errors(reader.png, 1);
  png_set_user_limits(reader.png, 0x7fffffff, 0x7fffffff);  // check_size decides
  png_read_info(reader.png, reader.info);
  png_set_palette_to_rgb(reader.png);
  png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  row_bytes = png_get_rowbytes(reader.png, reader.info);
  return true;
}

bool png_rows(PngReader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

Image read_png(const std::string& bytes, const std::string& path) {
  PngSource source{bytes};
  PngReader reader;
  // Warnings are of what lies beside the pixels (profiles, texts): wrong pixels are errors.
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, png_give_up,
                                      [](png_structp, png_const_charp) {});
  reader.info = reader.png ? png_create_info_struct(reader.png) : nullptr;
  if (!reader.info) throw damaged(path, "the PNG library does not start");
  std::size_t row_bytes = 0;
  if (!png_begin(reader, source, row_bytes)) throw damaged(path, source.reason);
  Image image{png_get_image_height(reader.png, reader.info),
              png_get_image_width(reader.png, reader.info),
              png_get_channels(reader.png, reader.info),
              {}};
  check_size(path, image.height, image.width);
  std::vector<png_byte> samples(image.height * row_bytes);
  std::vector<png_bytep> rows(image.height);
  for (std::size_t y = 0; y < image.height; ++y) rows[y] = samples.data() + y * row_bytes;
  if (!png_rows(reader, rows.data())) throw damaged(path, source.reason);
  if (png_get_bit_depth(reader.png, reader.info) == 8) {
    image.pixels = std::move(samples);
    return image;
  }
  image.pixels.reserve(samples.size() / 2);
  for (std::size_t i = 0; i + 1 < samples.size(); i += 2)
    image.pixels.push_back(eight_bits(std::size_t{samples[i]} << 8 | samples[i + 1], 65535));
  return image;
}

/// Does a warning of the JPEG library leave the pixels as they were saved, as far as it can see?
bool is_harmless(const std::string& warning) {
  for (const char* text :
       {"extraneous bytes before marker", "unknown JFIF revision", "Unknown Adobe color transform"})
    if (warning.find(text) != std::string::npos) return true;
  return false;
}

Image read_jpeg(const std::string& bytes, const std::string& path) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) throw damaged(path, "the JPEG library does not start");
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &sampling, &colours) != 0)
    if (const std::string reason = tjGetErrorStr2(decoder.get());
        tjGetErrorCode(decoder.get()) != TJERR_WARNING || !is_harmless(reason))
      throw damaged(path, reason);
  if (width < 1 || height < 1) throw damaged(path, "it ends within its header");
  if (colours == TJCS_CMYK || colours == TJCS_YCCK)
    throw data_error(path + ": expected a grey or RGB picture, found CMYK; convert it");
  Image image{static_cast<std::size_t>(height),
              static_cast<std::size_t>(width),
              colours == TJCS_GRAY ? std::size_t{1} : std::size_t{3},
              {}};
  check_size(path, image.height, image.width);
  image.pixels.resize(image.height * image.width * image.channels);
  const auto decode = [&](int flags) {
    return tjDecompress2(decoder.get(), data, bytes.size(), image.pixels.data(), width, 0, height,
                         image.channels == 1 ? TJPF_GRAY : TJPF_RGB, flags) == 0;
  };
  // The accurate transform gives the same pixels with every instruction set. Most warnings are of damaged
  // data.
  if (decode(TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING)) return image;
  const std::string first = tjGetErrorStr2(decoder.get());
  if (!is_harmless(first)) throw damaged(path, first);
  if (!decode(TJFLAG_ACCURATEDCT))
    if (const std::string last = tjGetErrorStr2(decoder.get());
        tjGetErrorCode(decoder.get()) != TJERR_WARNING || !is_harmless(last))
      throw damaged(path, last);
  image.warning = first;
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
    image.pixels.push_back(eight_bits(value, most));
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
