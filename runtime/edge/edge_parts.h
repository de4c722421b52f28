// SPDX-License-Identifier: Apache-2.0
#ifndef QMTL_EDGE_PARTS_H
#define QMTL_EDGE_PARTS_H

/* Which parts are built: define QMTL_EDGE_FEATURES as the sum of the features (FORMAT.md) that your heads
   need, and the rest takes no flash. A head that needs more is refused with QMTL_EDGE_FEATURE. */

#include <limits.h>

#include "edge_file.h"

#ifndef QMTL_EDGE_FEATURES
#define QMTL_EDGE_FEATURES QE_F_ALL
#endif

/* Counts and shifts are of ints with 32 bits. */
#if UINT_MAX < 0xffffffff
#error "head files need ints of 32 bits; for smaller processors (AVR) write C: qmtl export --to c"
#endif

#define QE_HAS(feature) (((QMTL_EDGE_FEATURES) & (feature)) != 0)

#endif
