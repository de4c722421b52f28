// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/sources/csv_header.h"
#include "runtime/model/meaning.h"
#include "runtime/train/state.h"

namespace qmtl {

/// Files with new samples for a trained model.
struct NewSamples {
  /// A table, an array, a picture or a folder of pictures; the content tells which.
  std::string file = {};
  std::map<std::string, std::string> inputs = {};  ///< further files by the input that they hold
  std::string images = {};              ///< where the pictures lie that a table names; "": beside the table
  CsvHeader header = CsvHeader::guess;  ///< has the table a first row of names? yes, no, or guess
};

/// What was done with some columns of a table.
struct ColumnUse {
  std::string use;  ///< "input body", "ids", ...
  std::vector<std::string> columns;
};

struct FoundSamples {
  Dataset data;  ///< all samples of the split test
  std::vector<ColumnUse> uses;
  std::vector<std::string> notes;  ///< of those who read the files
};

/// New samples read as the description reads that made the model's data set (Meaning::description): columns
/// by their names in any order, with the same categories, fills and scaling. Of a model that has no
/// description, columns by their names or, without any, one after another in the order of ModelSpec::inputs.
/// Ids and columns that the model does not read may be there. With `labels` those of the model's tasks are
/// read too, as far as there are columns of them; else there are no tasks. `statistics` are those of the
/// model's inputs. Throws Error (data) naming file, line and column for other columns than the model's with
/// both lists, for a first row that may be names or numbers, and for what the description refuses; Error
/// (usage) for files that cannot hold the model's inputs.
class NewSampleBlocks {
 public:
  /// The arguments outlive it.
  NewSampleBlocks(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
                  const std::vector<Standardisation>& statistics, bool labels = false);
  ~NewSampleBlocks();
  NewSampleBlocks(const NewSampleBlocks&) = delete;
  NewSampleBlocks& operator=(const NewSampleBlocks&) = delete;

  /// The next samples, `most` of them where the numbers of a sample do not depend on the others; false at the
  /// end. They have no hash, and notes that were there before do not come again.
  bool next(FoundSamples& found, std::size_t most);

 private:
  class Reading;
  std::unique_ptr<Reading> reading_;
};

/// All samples as one block, with its hash.
FoundSamples read_new_samples(const NewSamples& given, const ModelSpec& spec, const Meaning& meaning,
                              const std::vector<Standardisation>& statistics, bool labels = false);

}  // namespace qmtl
