// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/import/new_samples.h"
#include "io/runs/checkpoint.h"
#include "runtime/noise/noise_model.h"
#include "runtime/train/learner.h"
#include "runtime/train/loop/ranks.h"
#include "runtime/train/predictor.h"

namespace qmtl {

/// The data set in `path`: every rank reads the shared file; where a rank has no such file, rank 0 sends its
/// own. Collective; all ranks fail together, also when they have different data.
Dataset load_dataset(const Ranks& ranks, const std::string& path);
/// The same for training: of inputs larger than `memory` MB (0: never) the numbers stay in a temporary file
/// on each node, from which Input::rows reads. A node without the data set's file has them in memory.
Dataset load_training_data(const Ranks& ranks, const std::string& path, double memory);

/// Names run.folder after the configuration's file where it is not given.
void choose_run_folder(Config& config);

/// train, validation or test; throws Error (usage) for the option --split otherwise.
Split parse_split(const std::string& text);

/// The checkpoint file that `path` means: the file itself, or best.h5 (else last.h5) of a run folder. Throws
/// Error (data) if there is none.
std::string checkpoint_file(const std::string& path);

/// Reads a checkpoint on every rank. Collective; all ranks fail together.
Checkpoint load_checkpoint(const Ranks& ranks, const std::string& path);

/// A data set for a model that is trained already: tasks that a model took on later count without labels
/// where the data set lacks them, and columns and classes are put into the model's order by their names
/// (io/data/match_data.h), which the log says. Collective; all ranks fail together.
Dataset load_dataset_for(const Ranks& ranks, const Checkpoint& checkpoint, const std::string& path);
/// The same of a data set that is on every rank; `say`: with what it did in the log.
void fit_to_model(const Ranks& ranks, const Checkpoint& checkpoint, const std::string& path, Dataset& data,
                  bool say = true);

/// Whether a file of samples is a data set: what it holds decides, not its name. Rank 0 looks, as others may
/// not have the file. Collective.
bool is_dataset(const Ranks& ranks, const std::string& path);

/// Samples with labels for a trained model: of a data set as above, or of other files, which are read by the
/// description that made the model's data set (io/import/new_samples.h); what each column was is in the log.
/// Every task of the model is there, without labels where the file has none. Collective.
Dataset load_samples(const Ranks& ranks, const Checkpoint& checkpoint, const NewSamples& given);

/// Logs what was noted about new samples, and with `uses` what each column was.
void say_found(const std::string& file, const FoundSamples& found, bool uses);

/// Refuses ranks whose instruction sets round differently: their share of the work would decide about bits.
/// Collective.
void require_equal_rounding(const Ranks& ranks, SimdTarget target);

/// The noise model in a file; what was assumed for lack of calibration is logged as a warning.
NoiseModel load_noise(const std::string& path);

/// The device of train.noise, empty where there is none; what was assumed for lack of calibration is logged
/// as a warning.
TrainingDevice training_device(const TrainSpec& train);

/// The model of a checkpoint, ready to predict new samples. Collective.
std::unique_ptr<Predictor> load_predictor(const Ranks& ranks, const Checkpoint& checkpoint,
                                          SimdTarget target);

/// The model of a checkpoint, its parameters bound, ready to predict the rows of `data`; on a device too, if
/// there is one. Collective.
std::unique_ptr<Learner> restore(const Ranks& ranks, const Checkpoint& checkpoint, const Dataset& data,
                                 SimdTarget target, const TrainingDevice& device = {});

}  // namespace qmtl
