// SPDX-License-Identifier: Apache-2.0
#include "edge_check.h"
#include "edge_parts.h"
#include "edge_sections.h"
#include "kernels/contract.h"
#include "kernels/sparse.h"
#include "kernels/trig.h"
#if QE_HAS(QE_F_PLAIN)
#include "kernels/add.h"
#include "kernels/copy.h"
#include "kernels/relu.h"
#include "kernels/standardise.h"
#endif
#if QE_HAS(QE_F_TANH)
#include "kernels/tanh.h"
#endif
#if QE_HAS(QE_F_ATAN)
#include "kernels/atan.h"
#endif
#if QE_HAS(QE_F_GELU)
#include "kernels/gelu.h"
#endif
#if QE_HAS(QE_F_PAULI)
#include "kernels/pauli.h"
#endif
#if QE_HAS(QE_F_EXPECT)
#include "kernels/expect.h"
#endif
#if QE_HAS(QE_F_STATE)
#include "kernels/product.h"
#include "kernels/rotate_state.h"
#include "kernels/spectrum.h"
#endif
#if QE_HAS(QE_F_DENSE)
#include "kernels/dense.h"
#if QE_HAS(QE_F_PACKED)
#include "kernels/dense_i16.h"
#include "kernels/dense_i8.h"
#endif
#endif
#if QE_HAS(QE_F_IMAGES)
#include "kernels/conv.h"
#include "kernels/pool.h"
#if QE_HAS(QE_F_PACKED)
#include "kernels/conv_i16.h"
#include "kernels/conv_i8.h"
#endif
#endif
#if QE_HAS(QE_F_NORM)
#include "kernels/norm.h"
#endif
#if QE_HAS(QE_F_FUSION)
#include "kernels/gated.h"
#include "kernels/pair.h"
#endif
#if QE_HAS(QE_F_AMPLITUDES)
#include "kernels/amplitudes.h"
#endif

void qe_run_ops(const uint32_t* file, const float* x, float* arena, float* y) {
  const qe_sections at = qe_sections_of(file);
  const uint32_t* op = at.ops;
  const float* read[3]; /* where places lie */
  read[QE_ARENA] = arena;
  read[QE_X] = x;
  read[QE_Y] = y;
  for (; op != at.data; op += QE_OP_WORDS) {
    const uint32_t a = op[QE_O_A], b = op[QE_O_B], c = op[QE_O_C];
    const uint32_t variant = op[QE_O_KIND] >> 8 & 0xffu, extra = op[QE_O_KIND] >> 16;
    const uint32_t second = op[QE_O_SECOND];
    const float* s = read[op[QE_O_SOURCE] >> 30] + (op[QE_O_SOURCE] & 0x3fffffffu);
    float* d = (op[QE_O_TARGET] >> 30 ? y : arena) + (op[QE_O_TARGET] & 0x3fffffffu);
    const float* f = (const float*)(at.data + op[QE_O_DATA]);
    (void)b, (void)variant, (void)extra, (void)second; /* of parts that may be left out */
    switch (op[QE_O_KIND] & 0xffu) {
#if QE_HAS(QE_F_PLAIN)
      case QE_COPY:
        qe_copy(s, d, a);
        break;
      case QE_ADD:
        qe_add(s, d, a);
        break;
      case QE_STANDARDISE:
        qe_standardise(s, d, a, f, f + a, f + 2u * a);
        break;
      case QE_RELU:
        qe_relu(s, d, a);
        break;
#endif
      case QE_SPARSE:
        qe_sparse(s, d, a, f, f + a, (const uint32_t*)(f + a + c), (const uint32_t*)(f + 2u * a + c));
        break;
      case QE_TRIG:
        qe_trig(s, d, a, f[0]);
        break;
#if QE_HAS(QE_F_TANH)
      case QE_TANH:
        qe_tanh(s, d, a, f);
        break;
#endif
#if QE_HAS(QE_F_ATAN)
      case QE_ATAN:
        qe_atan(s, d, a, f);
        break;
#endif
#if QE_HAS(QE_F_GELU)
      case QE_GELU:
        qe_gelu(s, d, a);
        break;
#endif
#if QE_HAS(QE_F_PAULI)
      case QE_PAULI: {
        const uint32_t* node = (const uint32_t*)(f + extra + a);
        float* stack = (second >> 30 ? y : arena) + (second & 0x3fffffffu);
        qe_pauli(s, stack, d, extra, c, f, f + extra, node, node + c);
        break;
      }
#endif
#if QE_HAS(QE_F_STATE)
      case QE_PRODUCT:
        qe_product(s, d, a, variant, f, (const uint32_t*)(f + 2u * extra));
        break;
      case QE_ROTATE:
        qe_rotate_state(s, d, a, variant, f, (const uint32_t*)(f + 2u * extra), b);
        break;
#endif
#if QE_HAS(QE_F_EXPECT)
      case QE_EXPECT:
        qe_expect(s, d, a, variant, (const uint32_t*)f, b);
        break;
#endif
#if QE_HAS(QE_F_STATE)
      case QE_SPECTRUM:
        qe_spectrum(s, d, a, variant);
        break;
#endif
#if QE_HAS(QE_F_DENSE)
      case QE_DENSE:
#if QE_HAS(QE_F_PACKED)
        if (variant == 1u) {
          qe_dense_i8(s, d, a, b, f, f + b, (const int8_t*)(f + 2u * b));
          break;
        }
        if (variant == 2u) {
          qe_dense_i16(s, d, a, b, f, f + b, (const int16_t*)(f + 2u * b));
          break;
        }
#endif
        qe_dense(s, d, a, b, f, f + b);
        break;
#endif
#if QE_HAS(QE_F_IMAGES)
      case QE_CONV: {
        const uint32_t height = second & 0xffffu, width = second >> 16;
        const uint32_t kernel = c & 0xffu, stride = c >> 8 & 0xffu, padding = c >> 16;
#if QE_HAS(QE_F_PACKED)
        if (variant == 1u) {
          qe_conv_i8(s, d, a, height, width, b, kernel, stride, padding, f, f + b,
                     (const int8_t*)(f + 2u * b));
          break;
        }
        if (variant == 2u) {
          qe_conv_i16(s, d, a, height, width, b, kernel, stride, padding, f, f + b,
                      (const int16_t*)(f + 2u * b));
          break;
        }
#endif
        qe_conv(s, d, a, height, width, b, kernel, stride, padding, f, f + b);
        break;
      }
      case QE_POOL:
        qe_pool(s, d, a, second & 0xffffu, second >> 16, b, c, variant);
        break;
#endif
#if QE_HAS(QE_F_NORM)
      case QE_NORM:
        qe_norm(s, d, a, f, f + a);
        break;
#endif
#if QE_HAS(QE_F_FUSION)
      case QE_PAIR:
      case QE_GATED: {
        const float* t = read[second >> 30] + (second & 0x3fffffffu);
        if ((op[QE_O_KIND] & 0xffu) == QE_PAIR)
          qe_pair(s, t, d, a);
        else
          qe_gated(s, t, d, a, b);
        break;
      }
#endif
#if QE_HAS(QE_F_AMPLITUDES)
      case QE_AMPLITUDES:
        qe_amplitudes(s, d, a);
        break;
#endif
      default:
        break;
    }
  }
}
