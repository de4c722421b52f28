// SPDX-License-Identifier: Apache-2.0
// The keys that say what is trained: [backbone], [head], [circuit], [block].
#include "io/config/key_rows.h"

namespace qmtl {

std::vector<Key<Config>> model_keys() {
  using C = Config;
  return {
      key<C>("backbone.layers", QMTL_MEMBER(model.backbone.trunk), {},
             "the trunk, after the branches are joined; see io/FORMATS.md for the types of layers",
             "hidden_layers"),
      key<C>("backbone.fusion", QMTL_MEMBER(model.backbone.fusion), {}, "how branches are joined"),
      key<C>("backbone.pairs", QMTL_MEMBER(model.backbone.pairs), checked(check_filled),
             "fusion of pairs: the inputs of each"),
      key<C>("head.kind", QMTL_MEMBER(model.head.kind), checked(check_filled),
             "what turns the representation into logits: `qmtl`, `hybrid`, `separate`, `linear`, `mlp` or "
             "`local`",
             "model"),
      key<C>("head.width", QMTL_MEMBER(model.head.width), between(0, 1e6),
             "width of the representation, for heads without a circuit; 0: as many as the circuit of the "
             "qmtl head would have angles",
             "hidden_size"),
      key<C>("head.hidden", QMTL_MEMBER(model.head.hidden), between(1, 1e6),
             "mlp: hidden units of a task; low-rank: the rank"),
      key<C>("head.angle_map", QMTL_MEMBER(model.head.angle_map), {},
             "how the representation becomes angles"),
      key<C>("head.gain", QMTL_MEMBER(model.head.gain), positive(), "factor inside the angle map", "scale"),
      key<C>("head.train_gain", QMTL_MEMBER(model.head.train_gain), {}, "the gain is trained"),
      key<C>("head.start", QMTL_MEMBER(model.head.start), {},
             "how the blocks' angles start: 0 or pi at random plus noise, normal, or pairs of layers that "
             "undo each other",
             "init initialization"),
      key<C>("head.start_deviation", QMTL_MEMBER(model.head.start_deviation), at_least(0),
             "standard deviation of that noise"),
      key<C>("head.shared_start", QMTL_MEMBER(model.head.shared_start), {},
             "how the shared stage's angles start"),
      key<C>("head.shared_deviation", QMTL_MEMBER(model.head.shared_deviation), at_least(-1),
             "standard deviation of the shared stage's angles; -1: as `head.start_deviation`"),
      key<C>("head.scale_start", QMTL_MEMBER(model.head.scale_start), {},
             "start of the factor on each output, classification"),
      key<C>("head.scale_start_regression", QMTL_MEMBER(model.head.scale_start_regression), {},
             "the same for regression"),
      key<C>("head.block_per_task", QMTL_MEMBER(model.head.block_per_task), {},
             "multiclass: one block with an observable for each class instead of a block for each class"),
      key<C>("head.generations", QMTL_MEMBER(model.generations), at_least(1),
             "how many tasks came together, in order: the newest are trained, the others keep their logits; "
             "empty: one generation"),
      key<C>("circuit.qubits", QMTL_MEMBER(model.head.ansatz.qubits), between(0, 1e6),
             "qubits of the shared stage; 0: two for each output", "n_qubits wires num_qubits"),
      key<C>("circuit.uploads", QMTL_MEMBER(model.head.ansatz.uploads), between(1, 1e4),
             "how often angles are uploaded", "reuploading"),
      key<C>("circuit.repeat_uploads", QMTL_MEMBER(model.head.ansatz.repeat_uploads), {},
             "every upload carries the same angles; otherwise each has angles of its own"),
      key<C>("circuit.upload", QMTL_MEMBER(model.head.ansatz.upload), {}, "the gate that carries an angle",
             "encoding embedding"),
      key<C>("circuit.layers", QMTL_MEMBER(model.head.ansatz.layers), between(0, 1e4),
             "shared layers, each rotations on every qubit and then the entangler", "depth n_layers reps"),
      key<C>("circuit.rotations", QMTL_MEMBER(model.head.ansatz.rotations), {},
             "the rotations of a shared layer"),
      key<C>("circuit.entangler", QMTL_MEMBER(model.head.ansatz.entangler), {},
             "the two-qubit gates of a shared layer", "entanglement"),
      when<C>(
          [](const C& c) { return !c.model.head.ansatz.preset.empty(); },
          key<C>("circuit.preset", QMTL_MEMBER(model.head.ansatz.preset), checked(check_preset),
                 "a published circuit as the shared stage, `circuit.layers` times; `qmtl presets` lists them",
                 "ansatz template")),
      when<C>([](const C& c) { return !c.model.head.ansatz.stage.empty(); },
              key<C>("circuit.layer", QMTL_MEMBER(model.head.ansatz.stage), {},
                     "the shared stage layer by layer, instead of uploads, rotations and entangler")),
      key<C>("block.placement", QMTL_MEMBER(model.head.ansatz.placement), {},
             "which qubits a block acts on: a register of its own, or all"),
      key<C>("block.size", QMTL_MEMBER(model.head.ansatz.register_size), between(0, 1e6),
             "qubits of a register, local placement; 0: four, or all where there are fewer"),
      key<C>("block.stride", QMTL_MEMBER(model.head.ansatz.stride), between(0, 1e6),
             "the first qubit of register r is r times this, modulo the qubits; 0: so that registers cover "
             "the qubits"),
      key<C>("block.registers", QMTL_MEMBER(model.head.ansatz.registers), at_least(0),
             "registers by hand, one for each block; empty: laid out with the stride"),
      key<C>("block.layers", QMTL_MEMBER(model.head.ansatz.block_layers), between(0, 1e4),
             "layers of a block"),
      key<C>("block.rotations", QMTL_MEMBER(model.head.ansatz.block_rotations), {},
             "the rotations of a block's layer"),
      key<C>("block.entangler", QMTL_MEMBER(model.head.ansatz.block_entangler), {},
             "the two-qubit gates of a block's layer"),
      key<C>("block.order", QMTL_MEMBER(model.head.ansatz.block_order), {},
             "whether a block's layer begins with its entangler or its rotations"),
      key<C>("block.readout", QMTL_MEMBER(model.head.ansatz.readout), {},
             "what of the register is an output: Z of the first qubit, the mean of all Z, trained weights on "
             "them, or listed strings",
             "observable measurement"),
      key<C>("block.strings", QMTL_MEMBER(model.head.ansatz.strings), at_least(0),
             "readout of strings: positions in the register, a list for each string"),
      when<C>([](const C& c) { return !c.model.head.ansatz.block_preset.empty(); },
              key<C>("block.preset", QMTL_MEMBER(model.head.ansatz.block_preset), checked(check_preset),
                     "the same as every block, `block.layers` times")),
      when<C>([](const C& c) { return !c.model.head.ansatz.block_stage.empty(); },
              key<C>("block.layer", QMTL_MEMBER(model.head.ansatz.block_stage), {},
                     "every block layer by layer, instead of layers, rotations and entangler")),
      when<C>(
          [](const C& c) { return !c.model.head.ansatz.observables.empty(); },
          key<C>(
              "block.observables", QMTL_MEMBER(model.head.ansatz.observables), checked(check_filled),
              "what every block measures, one for each of its outputs: sums of Pauli strings such as `Z0` or "
              "`0.5 X0 X1 - w Z2` (w: a trained weight), or probabilities such as `P01`",
              "observable hamiltonian")),
      key<C>("block.outputs", QMTL_MEMBER(model.head.ansatz.block_outputs), at_least(1),
             "outputs of each block; set by the tasks"),
  };
}

}  // namespace qmtl
