// SPDX-License-Identifier: Apache-2.0
#include "qmtl/train.h"

#include "io/config/config.h"
#include "io/data/dataset.h"
#include "runtime/base/error.h"
#include "tools/library/source/conversions.h"
#include "tools/library/source/follower.h"
#include "tools/library/source/model_body.h"
#include "tools/workflows/training/fit.h"

namespace qmtl {
namespace {

Config configuration_for(const std::string& text, const Dataset& data) {
  Config config = parse_config(text, "configuration");
  if (!config.model.generations.empty())
    throw usage_error(
        "configuration: head.generations: expected none for a model that starts untrained, found those of "
        "one that took on a task");
  // A file has its tasks in the order of their names; here it is the caller's.
  if (config.data_tasks.empty())
    for (const Task& task : data.tasks) config.data_tasks.push_back(task.name);
  resolve(config, data);
  return config;
}

}  // namespace

TrainFollower follower_of(const std::function<void(const Epoch&)>& on_epoch,
                          const std::function<void(const TrainProgress&)>& on_step,
                          const std::function<bool()>& stop) {
  TrainFollower follower;
  follower.stop = stop;
  if (on_epoch)
    follower.epoch = [on_epoch](const EpochRecord& record, bool best) {
      on_epoch({record.epoch, best, record.train_loss, record.validation_loss, record.validation_mean,
                record.validation});
    };
  if (on_step)
    follower.progress = [on_step](const Progress& progress) {
      on_step({progress.epoch, progress.epochs, progress.step, progress.total_steps, progress.loss,
               progress.samples_per_second, progress.seconds_left});
    };
  return follower;
}

Model train(const Samples& samples, const TrainOptions& options) {
  const Dataset data = dataset_of(samples);
  const Config config = configuration_for(options.configuration, data);
  const Fit made = fit(OneRank(), config, data, SimdTarget::best,
                       follower_of(options.on_epoch, options.on_step, options.stop));
  return ModelAccess::make_new(make_checkpoint(config, *made.learner, made.statistics, data, made.best));
}

Model train(Rows x, Rows y, const std::vector<LabelledTask>& tasks, const TrainOptions& options) {
  return train({.x = x, .y = y, .tasks = tasks}, options);
}

void save_data(const std::string& path, const Model& model, Rows x, Rows y,
               std::span<const std::uint8_t> split) {
  write_dataset(path, samples_for(ModelAccess::checkpoint(model).config.model, x, y, split));
}

void save_data(const std::string& path, const Samples& samples) { write_dataset(path, dataset_of(samples)); }

}  // namespace qmtl
