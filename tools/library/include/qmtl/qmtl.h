// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @namespace qmtl
/// The public library: train, predict, export and replay models, or use a head's gradients in a training of
/// one's own. Whatever goes wrong is thrown as qmtl::Error. This header includes all others.

#include "qmtl/data.h"
#include "qmtl/error.h"
#include "qmtl/evaluate.h"
#include "qmtl/export.h"
#include "qmtl/head.h"
#include "qmtl/log.h"
#include "qmtl/model.h"
#include "qmtl/replay.h"
#include "qmtl/report.h"
#include "qmtl/rows.h"
#include "qmtl/run.h"
#include "qmtl/task.h"
#include "qmtl/tensor.h"
#include "qmtl/threads.h"
#include "qmtl/train.h"
#include "qmtl/version.h"
