"""A trained network as one ONNX file that carries vocabulary, labels, threshold and card.

Written node by node: the graph is small, and so it holds what it should and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from training.network.rnn import FLOOR, Network, quantise

OPSET = 17
IR_VERSION = 10  # what the oldest supported ONNX Runtime reads


def save(
    network: Network,
    vocabulary: Sequence[str],
    labels: Sequence[str],
    threshold: float,
    card: dict[str, Any],
    folder: Path,
) -> Path:
    """Write ``sentiment-<content hash>.onnx`` and remove the file of an earlier model.

    Args:
        network: trained; its word vectors are stored as int8.
        vocabulary: token of each id.
        labels: label of each output.
        threshold: confidence under which the service says that it cannot tell.
        card: facts about the model, to be shown by the service.
        folder: where to write.

    Returns:
        The file.
    """
    model = graph(network)
    helper.set_model_props(
        model,
        {
            "labels": json.dumps(list(labels)),
            "vocabulary": "\n".join(vocabulary),
            "threshold": json.dumps(threshold),
            "card": json.dumps(card, sort_keys=True),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"sentiment-{hashlib.sha256(content).hexdigest()[:12]}.onnx"
    path.write_bytes(content)
    for old in folder.glob("sentiment-*.onnx"):
        if old != path:
            old.unlink()
    return path


def graph(network: Network) -> onnx.ModelProto:
    """The network's computation: ``tokens``, ``lengths`` to ``probabilities``.

    Args:
        network: trained.
    """
    vectors, scales = quantise(network.embedding.weight.detach())
    constants = {
        "vectors": vectors.numpy(),
        "scales": scales.numpy(),
        "output_w": network.output.weight.detach().numpy(),
        "output_b": network.output.bias.detach().numpy(),
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "first": np.array([0], np.int64),
        "second": np.array([1], np.int64),
        "third": np.array([2], np.int64),
        "nothing": np.array(0, np.float32),
        "lowest": np.array(-2, np.float32),
        "both": np.array([0, 0, -1], np.int64),
    }
    node = helper.make_node
    nodes = [
        # words, [batch, length] -> [length, batch, dimensions], the order that GRU wants
        node("Transpose", ["tokens"], ["by_time"], perm=[1, 0]),
        node("Gather", ["vectors", "by_time"], ["whole"]),
        node("Gather", ["scales", "by_time"], ["scale"]),
        node("Cast", ["whole"], ["floats"], to=TensorProto.FLOAT),
        node("Mul", ["floats", "scale"], ["states0"]),
        # a text of no tokens would divide by nothing
        node("Max", ["lengths", "one"], ["counts"]),
        node("Cast", ["counts"], ["counts32"], to=TensorProto.INT32),
        # the mask: place < length, so that padding counts for nothing
        node("Shape", ["tokens"], ["shape"]),
        node("Gather", ["shape", "one"], ["length"]),
        node("Range", ["zero", "length", "one"], ["places"]),
        node("Unsqueeze", ["places", "second"], ["places_column"]),
        node("Less", ["places_column", "counts"], ["inside2"]),
        node("Unsqueeze", ["inside2", "third"], ["inside"]),
    ]
    for layer in range(len(network.forwards)):
        some, weights = _gru(network, layer)
        nodes += some
        constants |= weights
    states = f"states{len(network.forwards)}"
    nodes += [
        node("Where", ["inside", states, "nothing"], ["kept"]),
        node("ReduceSum", ["kept", "first"], ["sum"], keepdims=0),
        node("Cast", ["counts"], ["counts_float"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["counts_float", "second"], ["divisor"]),
        node("Div", ["sum", "divisor"], ["mean"]),
        node("Where", ["inside", states, "lowest"], ["masked"]),
        node("ReduceMax", ["masked"], ["greatest"], axes=[0], keepdims=0),
    ]
    pooled = ["greatest", "mean"]
    if network.attention is not None:
        constants |= {
            "attention_w": network.attention.weight.detach().numpy().T,
            "unseen": np.array(-1e4, np.float32),
        }
        nodes += [
            node("MatMul", ["kept", "attention_w"], ["noticed"]),
            node("Where", ["inside", "noticed", "unseen"], ["noticed_inside"]),
            node("Softmax", ["noticed_inside"], ["attention"], axis=0),
            node("Mul", ["attention", "kept"], ["attended"]),
            node("ReduceSum", ["attended", "first"], ["attended_sum"], keepdims=0),
        ]
        pooled.append("attended_sum")
    nodes += [
        node("Concat", pooled, ["features"], axis=1),
        node("Gemm", ["features", "output_w", "output_b"], ["logits"], transB=1),
    ]
    if network.smoothing:
        share = network.smoothing / network.output.out_features
        constants |= {"share": np.array(share, np.float32), "floor": np.array(FLOOR, np.float32)}
        nodes += [
            node("Softmax", ["logits"], ["smoothed"], axis=1),
            node("Sub", ["smoothed", "share"], ["less"]),
            node("Max", ["less", "floor"], ["left"]),
            node("ReduceSum", ["left", "second"], ["total"], keepdims=1),
            node("Div", ["left", "total"], ["probabilities"]),
        ]
    else:
        nodes.append(node("Softmax", ["logits"], ["probabilities"], axis=1))
    labels = network.output.out_features
    return helper.make_model(
        helper.make_graph(
            nodes,
            "sentiment",
            [
                helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "length"]),
                helper.make_tensor_value_info("lengths", TensorProto.INT64, ["batch"]),
            ],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", labels])],
            [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="sentiment-on-aws",
    )


def _gru(network: Network, layer: int) -> tuple[list[onnx.NodeProto], dict[str, np.ndarray[Any, Any]]]:
    """Both directions of one layer: ``states<layer>`` to ``states<layer + 1>``, and their weights."""
    names = [f"gru{layer}_{kind}" for kind in "wrb"]
    biases = [_pair(network, layer, name) for name in ("bias_ih_l0", "bias_hh_l0")]
    weights = [_pair(network, layer, name) for name in ("weight_ih_l0", "weight_hh_l0")]
    nodes = [
        helper.make_node(
            "GRU",
            [f"states{layer}", *names, "counts32"],
            [f"sides{layer}"],
            hidden_size=weights[1].shape[2],
            direction="bidirectional",
            linear_before_reset=1,
        ),
        # [length, 2, batch, units] -> [length, batch, 2 * units]
        helper.make_node("Transpose", [f"sides{layer}"], [f"turned{layer}"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", [f"turned{layer}", "both"], [f"states{layer + 1}"]),
    ]
    return nodes, dict(zip(names, [*weights, np.concatenate(biases, axis=1)], strict=True))


def load(path: Path) -> Network:
    """The network of an artefact, back in torch.

    Args:
        path: what ``save`` wrote.
    """
    model = onnx.load(path)
    stored = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in model.graph.initializer}
    layers = sum(name.endswith("_r") for name in stored)
    units = stored["gru0_r"].shape[2]
    attention = stored.get("attention_w")
    network = Network(
        stored["vectors"] * stored["scales"],
        units,
        len(stored["output_b"]),
        layers=layers,
        attention=attention is not None,
    )
    network.smoothing = float(stored["share"]) * len(stored["output_b"]) if "share" in stored else 0.0
    network.output.weight.data, network.output.bias.data = stored["output_w"], stored["output_b"]
    if network.attention is not None and attention is not None:
        network.attention.weight.data = attention.T.contiguous()
    for layer, pair in enumerate(zip(network.forwards, network.backwards, strict=True)):
        for place, direction in enumerate(pair):
            inner, outer = stored[f"gru{layer}_b"][place].chunk(2)
            kept = {"weight_ih_l0": stored[f"gru{layer}_w"][place], "weight_hh_l0": stored[f"gru{layer}_r"][place]}
            for name, value in (kept | {"bias_ih_l0": inner, "bias_hh_l0": outer}).items():
                update, reset, new = value.chunk(3)
                _parameter(direction, name).copy_(torch.cat([reset, update, new]))
    return network.eval()


def _pair(network: Network, layer: int, name: str) -> np.ndarray[Any, Any]:
    """One parameter of both directions, with the gates in ONNX's order (update, reset, new); torch's is (r, z, n)."""
    both = []
    for direction in (network.forwards[layer], network.backwards[layer]):
        reset, update, new = _parameter(direction, name).chunk(3)
        both.append(np.concatenate([update.numpy(), reset.numpy(), new.numpy()]))
    return np.stack(both)


def _parameter(layer: nn.Module, name: str) -> Tensor:
    return dict(layer.named_parameters())[name].detach()
