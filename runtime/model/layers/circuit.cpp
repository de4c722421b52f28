// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/model/heads/circuit_stage.h"
#include "runtime/model/layers/circuit_copies.h"
#include "runtime/model/layers/layer_kinds.h"

namespace qmtl {
namespace {

/// The tensors of a layer, each copy's numbers one after another: the stage's angles, trained weights of
/// observables, the gain.
struct CopyTensors {
  std::size_t sets = 1;  ///< of trained numbers: one for each copy, or one for all
  std::size_t angles = 0, weights = 0;
  bool gain = false;

  CopyTensors(const CircuitCopies& spec, const ParamLayout& layout, std::size_t copies)
      : sets(spec.share ? 1 : copies),
        angles(static_cast<std::size_t>(layout.weights_begin)),
        weights(static_cast<std::size_t>(layout.total - layout.weights_begin)),
        gain(spec.train_gain) {}

  std::size_t gain_begin() const { return sets * (angles + weights); }
  std::size_t total() const { return gain_begin() + (gain ? 1 : 0); }
  /// Where number `i` of a copy's trained numbers lies among the layer's.
  std::size_t place(std::size_t set, std::size_t i) const {
    return i < angles ? set * angles + i : sets * angles + set * weights + i - angles;
  }
};

/// Copies of a circuit side by side: angles of the numbers in front, expectations behind. Exact, whatever
/// shot noise the head trains with. Copies that share their trained numbers are rows of one stage; others
/// have a stage each.
template <class Real>
class Circuits final : public Layer<Real> {
 public:
  Circuits(const CircuitCopies& spec, const Shape& input, const LayerMaking& making, const std::string& where)
      : Circuits(spec, assemble_copy(spec, where), input, making, where) {}

  Shape shape() const override { return layout_.shape; }
  double cost() const override {
    // The stage's is that of its gradient alone, which is about three times that of its values.
    return 4.0 / 3.0 * stages_.front()->group_cost(0) * static_cast<double>(layout_.copies);
  }
  void append_circuits(std::vector<LayerCircuit>& circuits) const override {
    const CircuitStage<Real>& stage = *stages_.front();
    circuits.push_back({where_, layout_.copies, tensors_.total(), layout_.inputs, layout_.outputs, spec_,
                        stage.circuit(), stage.layout().names(), stage.plan(), stage.target()});
  }
  void append_params(const std::string& prefix, std::vector<ParamInfo>& params) const override {
    const auto sized = [&](std::size_t numbers) {
      return spec_.share ? std::vector<std::size_t>{numbers}
                         : std::vector<std::size_t>{tensors_.sets, numbers};
    };
    if (tensors_.angles > 0) append_param(params, prefix + ".circuit", sized(tensors_.angles), false, false);
    if (tensors_.weights > 0) append_param(params, prefix + ".readout", sized(tensors_.weights), false, true);
    if (tensors_.gain) append_param(params, prefix + ".gain", {1}, false, false);
  }
  void initial(const InitialValues& random, std::uint32_t tensor, std::span<double> values) const override {
    const std::vector<TrainedNumber>& trained = stages_.front()->layout().trained;
    for (std::size_t set = 0; set < tensors_.sets; ++set)
      for (std::size_t i = 0; i < trained.size(); ++i) {
        const std::size_t at = tensors_.place(set, i);
        const bool factor = trained[i].role == TrainedRole::weight || trained[i].role == TrainedRole::readout;
        values[at] = factor ? trained[i].start
                            : spec_.start_deviation * random.normal(tensor, static_cast<std::uint32_t>(at));
      }
    if (tensors_.gain) values[tensors_.gain_begin()] = spec_.gain;
  }
  void bind(std::span<const double> params) override {
    const double gain = tensors_.gain ? params[tensors_.gain_begin()] : spec_.gain;
    std::vector<double> own(tensors_.angles + tensors_.weights);
    for (std::size_t set = 0; set < stages_.size(); ++set) {
      for (std::size_t i = 0; i < own.size(); ++i) own[i] = params[tensors_.place(set, i)];
      stages_[set]->bind(own, gain);
    }
  }

  void forward(const Pass&, const Matrix<Real>& x, Matrix<Real>& y, LayerCache<Real>& cache) const override {
    cache.inner.resize(stages_.size());
    y.resize(x.rows(), static_cast<Eigen::Index>(layout_.shape.size()));
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      gather(x, s, cache.inner[s].input);
      const std::vector<double> values = stages_[s]->values(cache.inner[s].input);
      const std::size_t columns = stages_[s]->outputs();
      for_each_circuit(x.rows(), s, [&](std::size_t number, std::size_t row, std::size_t copy) {
        for (std::size_t o = 0; o < layout_.outputs; ++o) {
          double sum = 0.0;
          for (const int part : stages_[s]->output_sums()[o])
            sum += values[number * columns + static_cast<std::size_t>(part)];
          y(static_cast<Eigen::Index>(row), place(copy, o)) = static_cast<Real>(sum);
        }
      });
    }
  }
  void backward(const LayerCache<Real>& cache, const Matrix<Real>& dy, Matrix<Real>* dx,
                std::span<double> gradient) const override {
    if (dx != nullptr) dx->setZero(dy.rows(), cache.input.cols());
    std::vector<double> own(tensors_.angles + tensors_.weights);
    Matrix<Real> dz;
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      std::fill(own.begin(), own.end(), 0.0);
      stages_[s]->gradient(Pass{}, 0, cache.inner[s].input, cotangents_of(dy, s), dz, own,
                           tensors_.gain ? &gradient[tensors_.gain_begin()] : nullptr);
      for (std::size_t i = 0; i < own.size(); ++i) gradient[tensors_.place(s, i)] += own[i];
      if (dx == nullptr) continue;
      for_each_circuit(dy.rows(), s, [&](std::size_t number, std::size_t row, std::size_t copy) {
        for (std::size_t i = 0; i < layout_.inputs; ++i)
          (*dx)(static_cast<Eigen::Index>(row), column(copy, i)) +=
              dz(static_cast<Eigen::Index>(number), static_cast<Eigen::Index>(i));
      });
    }
  }

 private:
  Circuits(const CircuitCopies& spec, const Assembly& assembly, const Shape& input, const LayerMaking& making,
           const std::string& where)
      : spec_(spec),
        where_(where),
        layout_(lay_out(spec, assembly, input, where)),
        tensors_(spec, assembly.layout, layout_.copies) {
    StageSetup setup;
    setup.head.angle_map = spec.angle_map;
    setup.plan = spec.plan;
    setup.options.model = making.cost;
    setup.target = making.target;
    const std::vector<BlockRange> all;
    try {
      for (std::size_t set = 0; set < tensors_.sets; ++set)
        stages_.push_back(std::make_unique<CircuitStage<Real>>(copy_ansatz(spec), setup, all, all));
    } catch (const Error& error) {
      throw layer_error(error, where);
    }
  }

  Eigen::Index column(std::size_t copy, std::size_t i) const {
    return static_cast<Eigen::Index>(layout_.column[copy * layout_.inputs + i]);
  }
  Eigen::Index place(std::size_t copy, std::size_t o) const {
    return static_cast<Eigen::Index>(layout_.place[copy * layout_.outputs + o]);
  }
  std::size_t copies_of_stage() const { return layout_.copies / stages_.size(); }

  /// visit(row of the stage, sample, copy) in order.
  template <class Visit>
  void for_each_circuit(Eigen::Index samples, std::size_t stage, const Visit& visit) const {
    const std::size_t copies = copies_of_stage();
    for (std::size_t number = 0; number < static_cast<std::size_t>(samples) * copies; ++number)
      visit(number, number / copies, stage * copies + number % copies);
  }

  void gather(const Matrix<Real>& x, std::size_t stage, Matrix<Real>& z) const {
    z.resize(x.rows() * static_cast<Eigen::Index>(copies_of_stage()),
             static_cast<Eigen::Index>(layout_.inputs));
    for_each_circuit(x.rows(), stage, [&](std::size_t number, std::size_t row, std::size_t copy) {
      for (std::size_t i = 0; i < layout_.inputs; ++i)
        z(static_cast<Eigen::Index>(number), static_cast<Eigen::Index>(i)) =
            x(static_cast<Eigen::Index>(row), column(copy, i));
    });
  }

  typename CircuitStage<Real>::Readout cotangents_of(const Matrix<Real>& dy, std::size_t stage) const {
    return [this, &dy, stage](std::size_t first, std::size_t count, std::span<const double>,
                              std::span<double> cotangents) {
      const std::size_t columns = stages_[stage]->outputs(), copies = copies_of_stage();
      for (std::size_t number = first; number < first + count; ++number)
        for (std::size_t o = 0; o < layout_.outputs; ++o)
          for (const int part : stages_[stage]->output_sums()[o])
            cotangents[(number - first) * columns + static_cast<std::size_t>(part)] = static_cast<double>(
                dy(static_cast<Eigen::Index>(number / copies), place(stage * copies + number % copies, o)));
    };
  }

  CircuitCopies spec_;
  std::string where_;
  CopyLayout layout_;
  CopyTensors tensors_;
  std::vector<std::unique_ptr<CircuitStage<Real>>> stages_;
};

template <class Real>
LayerPointer<Real> make_circuit_layer(const LayerSetup& setup) {
  return std::make_unique<Circuits<Real>>(setup.spec.circuit, setup.input, setup.making, setup.where);
}

/// Number o is the sum of the values in rows[o].
ops::Sparse sums_of(std::vector<std::vector<std::size_t>> rows) {
  ops::Sparse sums;
  sums.bias.assign(rows.size(), 0.0);
  for (const auto& row : rows) {
    sums.rows.emplace_back();
    for (std::size_t column : row) sums.rows.back().emplace_back(column, 1.0);
  }
  return sums;
}

/// As one circuit of all copies.
std::size_t list_circuit_layer(const LayerListing& to) {
  const CircuitCopies& spec = to.spec.circuit;
  const Assembly assembly = assemble_copy(spec, to.name);
  const Shape input = to.list[to.from].shape;
  const CopyLayout layout = lay_out(spec, assembly, input, to.name);
  const CopyTensors tensors(spec, assembly.layout, layout.copies);
  std::vector<double> all;
  for (const char* tensor : {".circuit", ".readout"})
    if (tensor[1] == 'c' ? tensors.angles > 0 : tensors.weights > 0) {
      const std::span<const double> numbers = to.model.tensor(to.name + tensor);
      all.insert(all.end(), numbers.begin(), numbers.end());
    }
  std::vector<double> trained;
  for (std::size_t copy = 0; copy < layout.copies; ++copy)
    for (std::size_t i = 0; i < tensors.angles + tensors.weights; ++i)
      trained.push_back(all[tensors.place(spec.share ? 0 : copy, i)]);

  std::size_t from = to.from;
  if (!layout.reads_in_order(input.size())) {
    std::vector<std::vector<std::size_t>> rows;
    for (std::size_t column : layout.column) rows.push_back({column});
    from = to.list.add(sums_of(std::move(rows)), {from}, Shape(layout.column.size()));
  }
  const double gain = tensors.gain ? to.model.tensor(to.name + ".gain")[0] : spec.gain;
  list_expectations(to.list, from, {spec.angle_map, gain}, side_by_side(assembly.circuit, layout.copies),
                    trained);
  if (assembly.plain() && layout.writes_in_order()) return to.list.last();
  std::vector<std::vector<std::size_t>> rows(layout.place.size());
  const auto columns = static_cast<std::size_t>(assembly.circuit.outputs());
  for (std::size_t copy = 0; copy < layout.copies; ++copy)
    for (std::size_t o = 0; o < layout.outputs; ++o)
      for (const int part : assembly.outputs[o])
        rows[layout.place[copy * layout.outputs + o]].push_back(copy * columns +
                                                                static_cast<std::size_t>(part));
  return to.list.add(sums_of(std::move(rows)), {to.list.last()}, layout.shape);
}

// Qubits: as many as a circuit has outputs, the Z of each.
constexpr LayerKey circuit_keys[] = {
    {"qubits", &AnsatzSpec::qubits, {1, 16384}, true, "of one copy"},
    {"copies",
     &CircuitCopies::copies,
     {0, 65536},
     false,
     "circuits side by side; 0: as many as what is in front fills"},
    {"share", &CircuitCopies::share, {}, false, "whether all copies have the same trained numbers"},
    {"reads", &CircuitCopies::reads, {}, false, "which of the numbers in front each copy reads"},
    {"window", &CircuitCopies::window, {1, 1e3}, false, "reads windows: height and width of one"},
    {"angle_map", &CircuitCopies::angle_map, {}, false, "how numbers become angles"},
    {"gain", &CircuitCopies::gain, above(0), false, "factor inside the angle map"},
    {"train_gain", &CircuitCopies::train_gain, {}, false, "whether it is trained"},
    {"start_deviation", &CircuitCopies::start_deviation, {0, 1e6}, false, "of the trained angles"},
    {"uploads",
     &AnsatzSpec::uploads,
     {1, 1e4},
     false,
     "how often numbers are uploaded; before layer u * layers / uploads"},
    {"repeat_uploads", &AnsatzSpec::repeat_uploads, {}, false, "each upload carries the same numbers"},
    {"upload", &AnsatzSpec::upload, {}, false, "the rotation that carries them"},
    {"layers", &AnsatzSpec::layers, {0, 1e4}, false, "each: rotations on every qubit, then the entangler"},
    {"rotations", &AnsatzSpec::rotations, {}, false, "of each layer, one after another"},
    {"entangler", &AnsatzSpec::entangler, {}, false, "the gates between qubits of each layer"},
    {"preset",
     &AnsatzSpec::preset,
     {},
     false,
     "a published circuit, `layers` times, instead; `qmtl presets` lists them"},
    {"layer", &AnsatzSpec::stage, {}, false, "the circuit layer by layer, instead"},
    {"observables",
     &AnsatzSpec::observables,
     {},
     false,
     "what a copy measures; default: the Z of every qubit"},
    {"plan", &CircuitCopies::plan, {}, false, "as engine.plan, of one copy"},
    {"activation", &LayerSpec::activation, {}, false, "the function behind it"}};

}  // namespace

constinit const LayerInfo circuit_layer{
    LayerKind::circuit,         "circuit",         circuit_keys, make_circuit_layer<float>,
    make_circuit_layer<double>, list_circuit_layer};

}  // namespace qmtl
