// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/any_error.h"

#include <filesystem>
#include <new>
#include <string>
#include <system_error>

#include "runtime/base/file.h"

namespace qmtl {

Error any_error(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return *ours;
  if (dynamic_cast<const std::bad_alloc*>(&error))
    return data_error("out of memory; `qmtl plan` says how much a model needs, fewer --threads need less");
  if (dynamic_cast<const std::length_error*>(&error))
    return data_error(
        "a size is beyond what this machine can address; `qmtl plan` says how much a model needs");
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
    return data_error(files->path1().string() + ": " + path_problem(files->code().value()));
  if (dynamic_cast<const std::system_error*>(&error))
    return data_error(std::string("the system refuses: ") + error.what() +
                      "; raise the limit (ulimit -a shows them), or use fewer --threads");
  return data_error(std::string("a fault of this program: ") + error.what() +
                    "; please report it with the command");
}

}  // namespace qmtl
