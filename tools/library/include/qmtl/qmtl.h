// SPDX-License-Identifier: Apache-2.0
#pragma once

// Everything.
#include "qmtl/error.h"
#include "qmtl/head.h"
#include "qmtl/model.h"
#include "qmtl/rows.h"
#include "qmtl/task.h"
#include "qmtl/tensor.h"
#include "qmtl/threads.h"
#include "qmtl/version.h"
