// SPDX-License-Identifier: Apache-2.0
#include "edge_check.h"

#include "edge_parts.h"
#include "edge_sections.h"
#include "qmtl_edge.h"
#if QE_HAS(QE_F_STATE | QE_F_EXPECT)
#include "kernels/parity.h"
#endif

/* How many numbers an operation reads, writes and has as data, in their order. None is above `most`, so that
   sums of them with places and offsets fit. */
typedef struct {
  uint32_t source, second, target;
  uint32_t floats, words, packed;
} extent;

enum { most = 1 << 29 };

/* What a run may take at most: a file that somebody made must not stop the device. */
#ifndef QMTL_EDGE_MOST_STEPS
#define QMTL_EDGE_MOST_STEPS 1073741824
#endif
static const uint64_t most_steps = QMTL_EDGE_MOST_STEPS;

qe_sections qe_sections_of(const uint32_t* file) {
  qe_sections at;
  at.ops = file + QE_HEADER_WORDS;
  at.data = at.ops + QE_OP_WORDS * file[QE_W_OPS];
  at.inputs = at.data + file[QE_W_DATA];
  at.tasks = at.inputs + QE_ITEM_WORDS * file[QE_W_INPUTS];
  at.samples = at.tasks + QE_ITEM_WORDS * file[QE_W_TASKS];
  at.text = at.samples + file[QE_W_SAMPLES] * (file[QE_W_X] + file[QE_W_Y]);
  return at;
}

static uint32_t kind_of(const uint32_t* op) { return op[QE_O_KIND] & 0xffu; }
static uint32_t variant_of(const uint32_t* op) { return op[QE_O_KIND] >> 8 & 0xffu; }
#if QE_HAS(QE_F_STATE | QE_F_PAULI)
static uint32_t extra_of(const uint32_t* op) { return op[QE_O_KIND] >> 16; }
#endif

#if QE_HAS(QE_F_DENSE | QE_F_IMAGES | QE_F_FUSION)
/* a * b, or `most` if that is larger. */
static uint32_t times(uint32_t a, uint32_t b) {
  const uint64_t product = (uint64_t)a * b;
  return product < (uint32_t)most ? (uint32_t)product : (uint32_t)most;
}

/* Biases and weights of `outputs` sums of `inputs` products each. */
static int weights_of(extent* e, uint32_t variant, uint32_t inputs, uint32_t outputs) {
  if (variant > (QE_HAS(QE_F_PACKED) ? 2u : 0u)) return 0;
  e->floats = times(outputs, variant ? 2u : inputs + 1u);
  e->packed = variant ? (times(times(outputs, inputs), variant) + 3u) >> 2 : 0;
  return 1;
}
#endif

#if QE_HAS(QE_F_STATE | QE_F_EXPECT)
static uint32_t state_of(const uint32_t* op) { return (uint32_t)1 << (op[QE_O_A] + variant_of(op)); }

static int string_fits(uint32_t string, uint32_t qubits, uint32_t is_complex) {
  const uint32_t x = string & 0xffffu, z = string >> 16;
  return !((x | z) >> qubits) && (is_complex || qe_parity(x & z));
}

#endif

#if QE_HAS(QE_F_STATE)
static int check_rotations(const uint32_t* op, const uint32_t* word) {
  const uint32_t product = kind_of(op) == QE_PRODUCT;
  uint32_t i, ends = 0;
  for (i = 0; i < op[QE_O_B]; ++i, word += 2) {
    const uint32_t number = word[1] & 0xffffffu;
    if (!string_fits(word[0], product ? 1u : op[QE_O_A], product || variant_of(op))) return 0;
    if (word[1] >> 31 ? number >= op[QE_O_C] : number >= extra_of(op)) return 0;
    ends += word[1] >> 29 & 1u;
  }
  return !product || (ends == op[QE_O_A] && word[-1] >> 29 & 1u);
}
#endif

/* Fills e and says whether kind, variant and counts are meaningful. */
static int measure(const uint32_t* op, extent* e) {
  const uint32_t a = op[QE_O_A], b = op[QE_O_B], c = op[QE_O_C], variant = variant_of(op);
#if QE_HAS(QE_F_IMAGES)
  const uint32_t height = op[QE_O_SECOND] & 0xffffu, width = op[QE_O_SECOND] >> 16;
#endif
  e->source = e->target = a;
  e->second = e->floats = e->words = e->packed = 0;
  (void)variant; /* of parts that may be left out */
  switch (kind_of(op)) {
#if QE_HAS(QE_F_PLAIN)
    case QE_COPY:
    case QE_ADD:
    case QE_RELU:
      return 1;
    case QE_STANDARDISE:
      e->floats = 3u * a;
      return 1;
#endif
    case QE_SPARSE:
      e->source = b;
      e->floats = e->words = a + c;
      return 1;
    case QE_TRIG:
      e->target = 2u * a;
      e->floats = 1;
      return 1;
#if QE_HAS(QE_F_TANH)
    case QE_TANH:
      e->floats = 3;
      return 1;
#endif
#if QE_HAS(QE_F_ATAN)
    case QE_ATAN:
      e->floats = 3;
      return 1;
#endif
#if QE_HAS(QE_F_GELU)
    case QE_GELU:
      return 1;
#endif
#if QE_HAS(QE_F_PAULI)
    case QE_PAULI:
      e->source = b;
      e->second = variant + 1u;
      e->target = extra_of(op);
      e->floats = extra_of(op) + a;
      e->words = c + ((a + 1u) >> 1);
      return 1;
#endif
#if QE_HAS(QE_F_STATE)
    case QE_PRODUCT:
    case QE_ROTATE:
    case QE_SPECTRUM:
      if (a - 1u >= QE_MOST_QUBITS || variant > 1u) return 0;
      e->source = state_of(op);
      e->target = (uint32_t)1 << a;
      if (kind_of(op) == QE_SPECTRUM) return 1;
      e->target = e->source;
      e->source = 2u * c;
      e->floats = 2u * extra_of(op);
      e->words = 2u * b;
      return b != 0;
#endif
#if QE_HAS(QE_F_EXPECT)
    case QE_EXPECT:
      if (a - 1u >= QE_MOST_QUBITS || variant > 1u) return 0;
      e->source = state_of(op);
      e->target = e->words = b;
      return 1;
#endif
#if QE_HAS(QE_F_DENSE)
    case QE_DENSE:
      e->target = b;
      return weights_of(e, variant, a, b);
#endif
#if QE_HAS(QE_F_IMAGES)
    case QE_CONV: {
      const uint32_t kernel = c & 0xffu, stride = c >> 8 & 0xffu, padding = c >> 16;
      if (kernel == 0 || stride == 0 || height + 2u * padding < kernel || width + 2u * padding < kernel)
        return 0;
      if (a >> 16 || b >> 16) return 0;
      e->source = times(a, height * width);
      e->target = times(times(b, (height + 2u * padding - kernel) / stride + 1u),
                        (width + 2u * padding - kernel) / stride + 1u);
      return weights_of(e, variant, times(a, kernel * kernel), b);
    }
    case QE_POOL:
      if (variant > 1u || b == 0 || c == 0 || b > height || c > width || a >> 16) return 0;
      e->source = times(a, height * width);
      e->target = times(a, (height / b) * (width / c));
      return 1;
#endif
#if QE_HAS(QE_F_NORM)
    case QE_NORM:
      e->floats = 2u * a;
      return 1;
#endif
#if QE_HAS(QE_F_FUSION)
    case QE_PAIR:
      e->second = a;
      e->target = 4u * a;
      return 1;
    case QE_GATED:
      e->source = e->second = times(a, b);
      return b != 0;
#endif
#if QE_HAS(QE_F_AMPLITUDES)
    case QE_AMPLITUDES:
      if (a - 1u >= QE_MOST_QUBITS) return 0;
      e->source = (uint32_t)1 << a;
      e->target = (uint32_t)2 << a;
      return 1;
#endif
    default:
      return 0;
  }
}

#if QE_HAS(QE_F_PAULI)
static int check_tree(const uint32_t* op, const uint32_t* node) {
  const uint32_t* value = node + op[QE_O_C];
  uint32_t i, leaves = 0, deepest = 0;
  for (i = 0; i < op[QE_O_C]; ++i) {
    const uint32_t depth = node[i] >> 24;
    if (depth > deepest || depth >= variant_of(op) || (node[i] & 0xffffu) >= op[QE_O_B]) return 0;
    deepest = depth + 1u;
    leaves += node[i] >> 16 & 0xffu;
  }
  for (i = 0; i < op[QE_O_A]; ++i)
    if ((value[i >> 1] >> (i & 1u ? 16 : 0) & 0xffffu) >= extra_of(op)) return 0;
  return leaves == op[QE_O_A];
}
#endif

/* The tables behind an operation's floats: every number in them leads inside. */
static int check_words(const uint32_t* op, const uint32_t* word) {
  uint32_t i, sum = 0;
  switch (kind_of(op)) {
    case QE_SPARSE:
      for (i = 0; i < op[QE_O_A]; ++i) {
        if (word[i] > op[QE_O_C] - sum) return 0;
        sum += word[i];
      }
      for (i = 0; i < op[QE_O_C]; ++i)
        if (word[op[QE_O_A] + i] >= op[QE_O_B]) return 0;
      return sum == op[QE_O_C];
#if QE_HAS(QE_F_PAULI)
    case QE_PAULI:
      return check_tree(op, word);
#endif
#if QE_HAS(QE_F_STATE)
    case QE_PRODUCT:
    case QE_ROTATE:
      return check_rotations(op, word);
#endif
#if QE_HAS(QE_F_EXPECT)
    case QE_EXPECT:
      /* Strings with an odd number of Y vanish on a real state, which has no imaginary parts to read. */
      for (i = 0; i < op[QE_O_B]; ++i)
        if (!string_fits(word[i], op[QE_O_A], 1) ||
            (!variant_of(op) && qe_parity(word[i] & word[i] >> 16 & 0xffffu)))
          return 0;
      return 1;
#endif
    default:
      return 1;
  }
}

static int place_fits(const uint32_t* file, uint32_t place, uint32_t count, int written) {
  const uint32_t where = place >> 30;
  if (where > QE_Y || (written && where == QE_X)) return 0;
  return (place & 0x3fffffffu) + count <= file[QE_W_ARENA + where];
}

static int check_op(const uint32_t* file, const uint32_t* op, const uint32_t* data, extent* e) {
  const uint32_t begin = op[QE_O_DATA];
  if ((op[QE_O_A] | op[QE_O_B] | op[QE_O_C]) >> 24) return QMTL_EDGE_LIMIT;
  if (begin > file[QE_W_DATA] || !measure(op, e)) return QMTL_EDGE_OP;
  if (begin + e->floats + e->words + e->packed > file[QE_W_DATA]) return QMTL_EDGE_OP;
  if (!place_fits(file, op[QE_O_SOURCE], e->source, 0) || !place_fits(file, op[QE_O_TARGET], e->target, 1))
    return QMTL_EDGE_OP;
  /* The stack of a pauli operation is written, images have no second source. */
  if (e->second && !place_fits(file, op[QE_O_SECOND], e->second, kind_of(op) == QE_PAULI))
    return QMTL_EDGE_OP;
  return check_words(op, data + begin + e->floats) ? QMTL_EDGE_OK : QMTL_EDGE_OP;
}

/* What a run of an operation takes: multiplications with additions, and functions and moves. */
typedef struct {
  uint64_t multiply_adds, others;
} work;

static work work_is(uint64_t multiply_adds, uint64_t others) {
  work w;
  w.multiply_adds = multiply_adds;
  w.others = others;
  return w;
}

#if QE_HAS(QE_F_STATE)
static work rotate_work(const uint32_t* op, const uint32_t* word) {
  const uint64_t size = (uint64_t)1 << op[QE_O_A];
  uint64_t sum = 0;
  uint32_t i;
  for (i = 0; i < op[QE_O_B]; ++i, word += 2)
    sum += word[0] & 0xffffu ? size << (variant_of(op) ? 2 : 1) : size << 2;
  return work_is(sum, 0);
}
#endif

#if QE_HAS(QE_F_EXPECT)
static work expect_work(const uint32_t* op, const uint32_t* string) {
  const uint64_t size = (uint64_t)1 << (op[QE_O_A] + variant_of(op));
  uint64_t sum = 0;
  uint32_t i;
  for (i = 0; i < op[QE_O_B]; ++i) sum += string[i] & 0xffffu ? size >> 1 : size;
  return work_is(sum, 3u * sum);
}
#endif

/* Of an operation that has been checked; FORMAT.md has the formulas. */
static work work_of(const uint32_t* op, const uint32_t* words) {
  const uint64_t a = op[QE_O_A], b = op[QE_O_B], c = op[QE_O_C];
  const uint32_t variant = variant_of(op);
#if QE_HAS(QE_F_IMAGES)
  const uint32_t height = op[QE_O_SECOND] & 0xffffu, width = op[QE_O_SECOND] >> 16;
#endif
  (void)b, (void)variant, (void)words; /* of parts that may be left out */
  switch (kind_of(op)) {
    case QE_STANDARDISE:
      return work_is(a, a);
    case QE_TANH:
    case QE_ATAN:
    case QE_GELU:
    case QE_TRIG:
      return work_is(a, a);
    case QE_SPARSE:
      return work_is(c, a);
#if QE_HAS(QE_F_PAULI)
    case QE_PAULI:
      return work_is(a + c, 2u * a + 3u * c + extra_of(op));
#endif
#if QE_HAS(QE_F_STATE)
    case QE_PRODUCT:
      return work_is(8u * b + ((uint64_t)(variant ? 8u : 2u) << a), 0);
    case QE_ROTATE:
      return rotate_work(op, words);
    case QE_SPECTRUM:
      return work_is((uint64_t)1 << (a + variant), a << a);
#endif
#if QE_HAS(QE_F_EXPECT)
    case QE_EXPECT:
      return expect_work(op, words);
#endif
#if QE_HAS(QE_F_DENSE)
    case QE_DENSE:
      return work_is(a * b + (variant ? b : 0u), b);
#endif
#if QE_HAS(QE_F_IMAGES)
    case QE_CONV: {
      const uint32_t kernel = op[QE_O_C] & 0xffu, stride = op[QE_O_C] >> 8 & 0xffu,
                     padding = op[QE_O_C] >> 16;
      const uint64_t places = b * ((height + 2u * padding - kernel) / stride + 1u) *
                              ((width + 2u * padding - kernel) / stride + 1u);
      return work_is(places * a * kernel * kernel, places);
    }
    case QE_POOL:
      return work_is(0, a * height * width);
#endif
#if QE_HAS(QE_F_NORM)
    case QE_NORM:
      return work_is(4u * a, 2u * a + 1u);
#endif
#if QE_HAS(QE_F_FUSION)
    case QE_PAIR:
      return work_is(a, 4u * a);
    case QE_GATED:
      return work_is(a * b, 3u * a * b);
#endif
#if QE_HAS(QE_F_AMPLITUDES)
    case QE_AMPLITUDES:
      return work_is((uint64_t)2 << a, (3u + a) << a);
#endif
    default:
      return work_is(0, a);
  }
}

int qe_check_ops(const uint32_t* file) {
  const qe_sections at = qe_sections_of(file);
  const uint32_t* op;
  work sum = work_is(0, 0);
  for (op = at.ops; op != at.data; op += QE_OP_WORDS) {
    extent e;
    work w;
    const int code = check_op(file, op, at.data, &e);
    if (code != QMTL_EDGE_OK) return code;
    w = work_of(op, at.data + op[QE_O_DATA] + e.floats);
    /* An operation's own is below 2^56. */
    if (w.multiply_adds + w.others > most_steps - sum.multiply_adds - sum.others) return QMTL_EDGE_WORK;
    sum.multiply_adds += w.multiply_adds;
    sum.others += w.others;
  }
  if (sum.multiply_adds > 0xffffffffu) sum.multiply_adds = 0xffffffffu;
  return sum.multiply_adds == file[QE_W_WORK] ? QMTL_EDGE_OK : QMTL_EDGE_WORK;
}
