// SPDX-License-Identifier: Apache-2.0
#include "qmtl/report.h"

#include "runtime/base/error.h"
#ifdef QMTL_REPORT
#include "tools/workflows/report/report.h"
#endif

namespace qmtl {

#ifdef QMTL_REPORT
std::string write_report(const std::vector<std::string>& paths, const std::string& out,
                         const std::string& title) {
  return write_report_page({paths, out, title}).out;
}
#else
std::string write_report(const std::vector<std::string>&, const std::string&, const std::string&) {
  throw usage_error(
      "expected a library that writes reports, found one without; build it with QMTL_REPORT=ON");
}
#endif

}  // namespace qmtl
