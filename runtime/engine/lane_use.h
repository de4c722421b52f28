// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace qmtl {

/// What the lanes of a register are while a state is walked: samples of a tile, or (from 14 qubits on, AVX2
/// and AVX-512) amplitudes of one sample; automatic: the faster by the number of samples. No bit depends on
/// it.
enum class LaneUse { automatic, samples, amplitudes };

}  // namespace qmtl
