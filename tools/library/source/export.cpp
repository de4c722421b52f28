// SPDX-License-Identifier: Apache-2.0
#include "qmtl/export.h"

#include "runtime/base/error.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/model_body.h"
#ifdef QMTL_HARDWARE
#include "tools/workflows/export/export.h"
#endif

namespace qmtl {

#ifdef QMTL_HARDWARE
std::vector<std::string> export_forms() {
  std::vector<std::string> forms;
  for (const ExportFormat* format : export_formats()) forms.emplace_back(format->name);
  return forms;
}

std::string export_model(const Model& model, const std::string& form, const std::string& path, Rows x,
                         const std::map<std::string, std::string>& options) {
  const Checkpoint& checkpoint = ModelAccess::checkpoint(model);
  Dataset data = inputs_of(x, checkpoint.config.model);
  data.split.assign(data.samples, static_cast<std::uint8_t>(Split::train));
  ExportRequest request;
  request.checkpoint = "the model";
  request.data = "x";
  request.format = form;
  request.out = path;
  request.samples = data.samples;
  request.options = read_export_options(export_format(form), options);
  return export_checkpoint(OneRank(), checkpoint, data, request).dump(2);
}
#else
std::vector<std::string> export_forms() { return {}; }

std::string export_model(const Model&, const std::string&, const std::string&, Rows,
                         const std::map<std::string, std::string>&) {
  throw without_hardware("exporting");
}
#endif

}  // namespace qmtl
