// SPDX-License-Identifier: Apache-2.0
#include "runtime/train/config.h"

#include "runtime/model/choices.h"
#include "runtime/train/state.h"

namespace qmtl {
namespace {

constexpr Choices<OptimiserKind, 3> optimisers{"optimiser", {"adam", "adamw", "sgd"}};
constexpr Choices<ParamPart, param_parts> parts{"part",
                                                {"backbone", "shared", "blocks", "readout", "task_weights"}};
constexpr Choices<ScheduleKind, 2> schedules{"schedule", {"constant", "cosine"}};

}  // namespace

std::string_view name(OptimiserKind value) { return optimisers.name(value); }
std::string_view name(ParamPart part) { return parts.name(part); }
std::string_view name(ScheduleKind value) { return schedules.name(value); }
OptimiserKind parse_optimiser(std::string_view text) { return optimisers.parse(text); }
ScheduleKind parse_schedule(std::string_view text) { return schedules.parse(text); }

}  // namespace qmtl
