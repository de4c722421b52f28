// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// Version of the library, such as "0.1.0"; checkpoints keep it.
const char* version();

}  // namespace qmtl
