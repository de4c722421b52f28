// SPDX-License-Identifier: Apache-2.0
#include "io/edge/c.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "io/edge/file.h"
#include "io/edge/kernels.h"
#include "io/files/atomic_file.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/edge/qmtl_edge_tasks.h"

namespace qmtl {
namespace {

std::string decimal(std::uint64_t value) { return std::to_string(value); }

/// A float that reads back as itself.
std::string literal(float value) {
  std::string result = significant(static_cast<double>(value), 9);
  if (result.find_first_of(".e") == std::string::npos) result += ".0";
  return result + "f";
}

/// Kernels with what they include, each once, those they need first.
class Kernels {
 public:
  void need(std::string_view name) {
    if (!known_.insert(std::string(name)).second) return;
    for (const KernelText& kernel : kernel_texts())
      if (kernel.name == name) {
        append(kernel.text);
        return;
      }
    throw data_error("the program was built without the kernel '" + std::string(name) + "'");
  }
  const std::string& text() const { return text_; }

 private:
  void append(std::string_view text) {
    std::string own;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      constexpr std::string_view include = "#include \"";
      if (line.starts_with(include))
        need(line.substr(include.size(), line.size() - include.size() - 3));
      else if (!line.starts_with("#include") && !line.starts_with("#pragma once"))
        own += std::string(line) + "\n";
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    const std::size_t first = own.find_first_not_of('\n');
    text_ += own.substr(first == std::string::npos ? 0 : first) + "\n";
  }

  std::set<std::string> known_;
  std::string text_;
};

/// Constant arrays by type, filled operation by operation.
struct Arrays {
  std::string numbers, words, int8, int16;
  std::size_t number_count = 0, word_count = 0, int8_count = 0, int16_count = 0;

  template <class Values, class Text>
  static void append(std::string& to, std::size_t& count, const Values& values, Text text) {
    for (const auto& value : values) {
      to += count % 8 == 0 ? "\n    " : " ";
      to += text(value) + ",";
      ++count;
    }
  }
  void add(const EdgeOp& op) {
    append(numbers, number_count, op.floats, literal);
    append(words, word_count, op.words, [](std::uint32_t word) { return decimal(word) + "u"; });
    const auto whole = [](std::int16_t value) { return std::to_string(value); };
    if (op.variant == 1) append(int8, int8_count, op.packed, whole);
    if (op.variant == 2) append(int16, int16_count, op.packed, whole);
  }
};

/// Where an operation's data begin in the arrays.
struct Start {
  std::size_t numbers, words, packed;
};

std::string place(std::uint32_t place, const char* arena) {
  const char* const names[] = {arena, "x", "y"};
  return std::string(names[place >> 30]) + " + " + decimal(place & 0x3fffffff);
}

/// The kernel's name and the arguments of its call.
struct Call {
  std::string kernel, arguments;
};

/// Text of NAME_numbers + first + further and the like; "@" stands for the prefix.
std::string from(const char* array, std::size_t first) {
  return std::string("@") + array + " + " + decimal(first);
}

Call call_of(const EdgeOp& op, const Start& at) {
  const std::string name = edge_kind(op.kind).name, s = place(op.source, "arena"),
                    d = place(op.target, "arena");
  const std::string to = s + ", " + d, a = decimal(op.a), b = decimal(op.b);
  const auto f = [&](std::size_t further) { return from("numbers", at.numbers + further); };
  const auto u = [&](std::size_t further) { return from("words", at.words + further); };
  const std::string packing = op.packed.empty() ? "" : op.variant == 1 ? "_i8" : "_i16";
  const std::string weights =
      op.packed.empty() ? f(0) + ", " + f(op.b)
                        : f(0) + ", " + f(op.b) + ", " + from(op.variant == 1 ? "int8" : "int16", at.packed);
  const std::string image = decimal(op.second & 0xffff) + ", " + decimal(op.second >> 16);
  switch (op.kind) {
    case QE_STANDARDISE:
      return {name, to + ", " + a + ", " + f(0) + ", " + f(op.a) + ", " + f(2 * std::size_t{op.a})};
    case QE_TANH:
    case QE_ATAN:
      return {name, to + ", " + a + ", " + f(0)};
    case QE_SPARSE:
      return {name, to + ", " + a + ", " + f(0) + ", " + f(op.a) + ", " + u(0) + ", " + u(op.a)};
    case QE_TRIG:
      return {name, to + ", " + a + ", " + literal(op.floats[0])};
    case QE_PAULI:
      return {name, s + ", " + place(op.second, "arena") + ", " + d + ", " + decimal(op.extra) + ", " +
                        decimal(op.c) + ", " + f(0) + ", " + f(op.extra) + ", " + u(0) + ", " + u(op.c)};
    case QE_PRODUCT:
      return {name, to + ", " + a + ", " + decimal(op.variant) + ", " + f(0) + ", " + u(0)};
    case QE_ROTATE:
      return {"rotate_state",
              to + ", " + a + ", " + decimal(op.variant) + ", " + f(0) + ", " + u(0) + ", " + b};
    case QE_EXPECT:
      return {name, to + ", " + a + ", " + decimal(op.variant) + ", " + u(0) + ", " + b};
    case QE_SPECTRUM:
      return {name, to + ", " + a + ", " + decimal(op.variant)};
    case QE_DENSE:
      return {name + packing, to + ", " + a + ", " + b + ", " + weights};
    case QE_CONV:
      return {name + packing, to + ", " + a + ", " + image + ", " + b + ", " + decimal(op.c & 0xff) + ", " +
                                  decimal(op.c >> 8 & 0xff) + ", " + decimal(op.c >> 16) + ", " + weights};
    case QE_POOL:
      return {name,
              to + ", " + a + ", " + image + ", " + b + ", " + decimal(op.c) + ", " + decimal(op.variant)};
    case QE_NORM:
      return {name, to + ", " + a + ", " + f(0) + ", " + f(op.a)};
    case QE_PAIR:
      return {name, s + ", " + place(op.second, "arena") + ", " + d + ", " + a};
    case QE_GATED:
      return {name, s + ", " + place(op.second, "arena") + ", " + d + ", " + a + ", " + b};
    default:
      return {name, to + ", " + a};
  }
}

std::string replace(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

/// A text with "@NAME" replaced by what NAME stands for, and every other "@" by the prefix. What is put in is
/// not looked at again: names of data sets may have an "@".
std::string expand(std::string_view text, const std::map<std::string_view, std::string>& values,
                   const std::string& prefix) {
  std::string result;
  while (true) {
    const std::size_t at = text.find('@');
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    text.remove_prefix(at + 1);
    const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < 'A' || c > 'Z'; });
    const auto found = values.find(text.substr(0, static_cast<std::size_t>(end - text.begin())));
    result += found == values.end() ? prefix : found->second;
    if (found != values.end()) text.remove_prefix(found->first.size());
  }
}

std::string array(const char* type, const char* name, const std::string& content) {
  return content.empty() ? ""
                         : std::string("static const QE_ROM ") + type + " @" + name + "[] = {" + content + "};\n\n";
}

/// Names come from data sets: what would end a comment or a line does not get into one.
std::string comment_name(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || c == '*' || c == '/' || c == '\\' || c == '?') c = '_';
  return text;
}

/// Names for a comment, in lines that a person reads.
std::string name_lines(const std::vector<std::string>& names) {
  std::string text, line = "       ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = " " + comment_name(names[i]) + (i + 1 < names.size() ? "," : "");
    if (line.size() + name.size() > 110 && line.size() > 7) {
      text += line + "\n";
      line = "       ";
    }
    line += name;
  }
  return names.empty() ? "" : text + line + "\n";
}

/// A text as a C string: what is not plain in octal, '?' too, as two of them begin a trigraph.
std::string c_string(const std::string& text) {
  std::string quoted = "\"";
  for (unsigned char c : text) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '?') {
      quoted += static_cast<char>(c);
      continue;
    }
    quoted += '\\';
    for (int shift : {6, 3, 0}) quoted += static_cast<char>('0' + (c >> shift & 7));
  }
  return quoted + "\"";
}

/// A macro for each task whose classes have names: who does not use it pays nothing.
std::string class_macros(const std::vector<EdgeItem>& tasks, const std::string& prefix) {
  std::string text;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (tasks[t].names.empty() || tasks[t].kind == QMTL_EDGE_REGRESSION) continue;
    text += "/* Classes of " + comment_name(tasks[t].name) +
            ": static const char *const names[] = " + prefix + "classes_" + decimal(t) + "; */\n#define " +
            prefix + "classes_" + decimal(t) + " { \\\n";
    for (const std::string& name : tasks[t].names)
      text += "  " + c_string(name) + (&name == &tasks[t].names.back() ? " }\n" : ", \\\n");
  }
  return text.empty() ? "" : text + "\n";
}

std::string item_lines(const std::vector<EdgeItem>& items, const char* array_name) {
  constexpr const char* kinds[] = {"binary", "multiclass", "multilabel", "regression"};
  std::string text;
  for (const EdgeItem& item : items) {
    text += std::string("   ") + array_name + "[" + decimal(item.first);
    if (item.count > 1) text += " .. " + decimal(item.first + item.count - 1);
    text += "]  " + comment_name(item.name) +
            (*array_name == 'y' ? std::string(", ") + kinds[item.kind] : "") +
            (item.names.empty() ? "" : ":") + "\n" + name_lines(item.names);
  }
  return text;
}

constexpr const char* header_text = R"(/* Made by qmtl export from the model @HASH.
@ITEMS
   No library and no globals; the arena is memory for one run at a time and needs no initial values. */
#ifndef @GUARD
#define @GUARD

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  @inputs = @X,  /* numbers in x, in the units of the data set */
  @outputs = @Y, /* numbers in y: logits; regression in the unit of the labels */
  @arena = @A,   /* numbers in the arena */
  /* negative results */
  @bad_input = -14,  /* an input is NaN or infinite */
  @bad_result = -15, /* a result is NaN or infinite: the input is far outside the training data */
  @bad_selftest = -16
};

@CLASSES/* One sample; 0 or a negative result. x, y and the arena must not overlap. */
int @run(const float *x, float *y, float *arena);

/* Runs the stored samples and compares every bit; 0 if all agree. */
int @selftest(float *y, float *arena);

#ifdef __cplusplus
}
#endif

#endif
)";

constexpr const char* run_text = R"(static int @all_finite(const float *values, uint32_t count) {
  uint32_t i;
  for (i = 0; i < count; ++i)
    if ((@to_bits(values[i]) & 0x7f800000u) == 0x7f800000u) return 0;
  return 1;
}

int @run(const float *x, float *y, float *arena) {
  if (!@all_finite(x, @inputs)) return @bad_input;
  (void)arena;
@CALLS  return @all_finite(y, @outputs) ? 0 : @bad_result;
}

)";

constexpr const char* selftest_text = R"(int @selftest(float *y, float *arena) {
  const QE_ROM float *sample = @samples;
  uint32_t i, j;
  for (i = 0; i < @COUNT; ++i, sample += @inputs + @outputs) {
    int code;
#ifdef QE_ROM_APART /* @run reads inputs from RAM */
    float x[@inputs];
    for (j = 0; j < @inputs; ++j) x[j] = sample[j];
#else
    const float *x = sample;
#endif
    code = @run(x, y, arena);
    if (code != 0) return code;
    for (j = 0; j < @outputs; ++j)
      if (@to_bits(y[j]) != @to_bits(sample[@inputs + j])) return @bad_selftest;
  }
  return 0;
}
)";

/// Headers of C11 and POSIX without their ending: a file of that name would be included in the place of the
/// compiler's.
constexpr std::string_view standard_headers[] = {
    "assert",  "complex", "ctype",  "errno",  "fenv",   "float",       "inttypes", "iso646",  "limits",
    "locale",  "malloc",  "math",   "memory", "setjmp", "signal",      "stdalign", "stdarg",  "stdatomic",
    "stdbool", "stddef",  "stdint", "stdio",  "stdlib", "stdnoreturn", "string",   "strings", "tgmath",
    "threads", "time",    "uchar",  "unistd", "wchar",  "wctype",      "features"};

void check_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  bool good = !name.empty() && letter(name[0]);
  for (char c : name) good = good && (letter(c) || (c >= '0' && c <= '9') || c == '_');
  if (!good)
    throw usage_error(
        "--out: expected a path that ends with a C name such as digits or build/my_model (letters, "
        "digits, _, without an ending), found '" +
        name + "'");
  std::string lower = name;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (std::find(std::begin(standard_headers), std::end(standard_headers), lower) !=
      std::end(standard_headers))
    throw usage_error("--out: expected a name that no header of the C library has, found '" + name +
                      "': " + name +
                      ".h would be included instead of the compiler's; choose another, such as my_" + name);
}

}  // namespace

EdgeSourceCode generate_c(const EdgeModel& model, const std::string& name) {
  check_name(name);
  if (model.samples.empty()) throw data_error("generated C needs at least one sample for its self test");
  edge_words(model);  // refuses what the format cannot hold, and numbers that are not finite
  Kernels kernels;
  kernels.need("contract");
  kernels.need("rom");
  kernels.need("to_bits");
  Arrays arrays;
  std::string calls;
  for (const EdgeOp& op : model.ops) {
    const Start at{arrays.number_count, arrays.word_count,
                   op.variant == 1 ? arrays.int8_count : arrays.int16_count};
    const Call call = call_of(op, at);
    kernels.need(call.kernel);
    calls += "  @" + call.kernel + "(" + call.arguments + ");\n";
    arrays.add(op);
  }
  std::string samples;
  std::size_t sample_numbers = 0;
  Arrays::append(samples, sample_numbers, model.samples, literal);

  const std::string prefix = name + "_";
  EdgeSourceCode code;
  code.header = expand(header_text,
                       {{"HASH", model.hash.empty() ? "(without hash)" : model.hash.substr(0, 16)},
                        {"ITEMS", item_lines(model.inputs, "x") + item_lines(model.tasks, "y")},
                        // As written: a.h and A.h may be included by one file.
                        {"GUARD", "QMTL_HEAD_" + name + "_H"},
                        {"CLASSES", class_macros(model.tasks, prefix)},
                        {"X", decimal(model.x)},
                        {"Y", decimal(model.y)},
                        {"A", decimal(std::max<std::uint32_t>(model.arena, 1))}},
                       prefix);

  std::string body = array("float", "numbers", arrays.numbers) + array("uint32_t", "words", arrays.words) +
                     array("int8_t", "int8", arrays.int8) + array("int16_t", "int16", arrays.int16) +
                     array("float", "samples", samples) + expand(run_text, {{"CALLS", calls}}, "@") +
                     expand(selftest_text, {{"COUNT", decimal(model.sample_count())}}, "@");
  code.source = "/* Made by qmtl export; see " + name +
                ".h. Compile with -ffp-contract=off for the same bits everywhere. */\n" + "#include \"" +
                name + ".h\"\n\n" + replace(kernels.text(), "qe_", prefix) + expand(body, {}, prefix);
  return code;
}

void write_c(const std::string& path, const EdgeModel& model) {
  const EdgeSourceCode code = generate_c(model, std::filesystem::path(path).filename().string());
  write_file(path + ".h", code.header);
  write_file(path + ".c", code.source);
}

}  // namespace qmtl
