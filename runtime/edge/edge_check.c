// SPDX-License-Identifier: Apache-2.0
#include "edge_check.h"

#include "edge_parts.h"
#include "edge_sections.h"
#include "qmtl_edge.h"
#if QE_HAS(QE_F_STATE | QE_F_EXPECT)
#include "kernels/parity.h"
#endif

/* How many numbers an operation reads, writes and has as data, in their order, and how many steps it takes
   besides one for each of them (four for data). None is above `most`, so that sums of them with places and
   offsets fit. */
typedef struct {
  uint32_t source, second, target;
  uint32_t floats, words, packed;
  uint32_t steps;
} extent;

enum { most = 1 << 29 };

/* What a run may take at most: a file that somebody made must not stop the device. */
#ifndef QMTL_EDGE_MOST_STEPS
#define QMTL_EDGE_MOST_STEPS 268435456u
#endif

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

#endif

#if QE_HAS(QE_F_DENSE | QE_F_IMAGES)
/* Biases and weights of `outputs` sums of `inputs` products each. */
static int weights_of(extent* e, uint32_t variant, uint32_t inputs, uint32_t outputs) {
  if (variant > (QE_HAS(QE_F_PACKED) ? 2u : 0u)) return 0;
  e->floats = times(outputs, variant ? 2u : inputs + 1u);
  e->packed = variant ? (times(times(outputs, inputs), variant) + 3u) >> 2 : 0;
  return 1;
}
#endif

#if QE_HAS(QE_F_STATE | QE_F_EXPECT | QE_F_AMPLITUDES)
/* Of `times` passes over 2 2^qubits numbers. */
static uint32_t steps_of(uint32_t times, uint32_t qubits) {
  return times >> (28u - qubits) ? (uint32_t)most : times << (qubits + 1u);
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
  e->second = e->floats = e->words = e->packed = e->steps = 0;
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
      e->steps = steps_of(kind_of(op) == QE_ROTATE ? 2u * b : a, a);
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
      e->steps = steps_of(b, a);
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
      e->steps = times(e->target, times(a, kernel * kernel));
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
      e->steps = steps_of(a, a);
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

/* `left`: steps that the file may still take. */
static int check_op(const uint32_t* file, const uint32_t* op, const uint32_t* data, uint32_t* left) {
  const uint32_t begin = op[QE_O_DATA];
  extent e;
  uint32_t numbers, steps;
  if ((op[QE_O_A] | op[QE_O_B] | op[QE_O_C]) >> 24) return QMTL_EDGE_LIMIT;
  if (begin > file[QE_W_DATA] || !measure(op, &e)) return QMTL_EDGE_OP;
  numbers = e.floats + e.words + e.packed;
  if (begin + numbers > file[QE_W_DATA]) return QMTL_EDGE_OP;
  if (!place_fits(file, op[QE_O_SOURCE], e.source, 0) || !place_fits(file, op[QE_O_TARGET], e.target, 1))
    return QMTL_EDGE_OP;
  /* The stack of a pauli operation is written, images have no second source. */
  if (e.second && !place_fits(file, op[QE_O_SECOND], e.second, kind_of(op) == QE_PAULI)) return QMTL_EDGE_OP;
  if (!check_words(op, data + begin + e.floats)) return QMTL_EDGE_OP;
  /* All of these are below 2^25 or, the times, 2^29. */
  steps = e.source + e.target + 4u * numbers + e.steps;
  if (steps > *left) return QMTL_EDGE_WORK;
  *left -= steps;
  return QMTL_EDGE_OK;
}

int qe_check_ops(const uint32_t* file) {
  const qe_sections at = qe_sections_of(file);
  const uint32_t* op;
  uint32_t left = QMTL_EDGE_MOST_STEPS;
  for (op = at.ops; op != at.data; op += QE_OP_WORDS) {
    const int code = check_op(file, op, at.data, &left);
    if (code != QMTL_EDGE_OK) return code;
  }
  return QMTL_EDGE_OK;
}
