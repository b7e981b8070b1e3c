"""layers.py NAME SIZE LAYER...: a torchvision network with the weights and images of FormulaWeights.cs; prints a line for each layer: its name, its width,
and its output averaged over positions, images row by row. Channels are second but for layers that compute between two permutations (ConvNeXt's)."""
import sys
import zlib

import numpy
import torch
import torchvision

name, size, layers = sys.argv[1], int(sys.argv[2]), sys.argv[3:]


def made(shape, seed, value):
    count = int(numpy.prod(shape))
    result = numpy.empty(count, numpy.float32)
    for start in range(0, count, 1 << 22):  # in pieces: VGG's largest tensor has 103 million numbers
        i = numpy.arange(start, min(count, start + (1 << 22)), dtype=numpy.uint32)
        h = i * numpy.uint32(2654435761) + numpy.uint32(seed)
        h ^= h >> numpy.uint32(16)
        h *= numpy.uint32(0x85EBCA6B)
        h ^= h >> numpy.uint32(13)
        h *= numpy.uint32(0xC2B2AE35)
        h ^= h >> numpy.uint32(16)
        result[start:start + len(i)] = value(2 * (h / 4294967296.0) - 1)
    return torch.from_numpy(result.reshape(shape))


def weights(key, shape):
    if key.endswith("running_var"):
        value = lambda u: 1 + 0.5 * abs(u)
    elif key.endswith("running_mean"):
        value = lambda u: 0.1 * u
    elif "layer_scale" in key:
        value = lambda u: 0.5 + 0.1 * u
    elif len(shape) >= 2:
        factor = 3 ** 0.5 * (2 / numpy.prod(shape[1:])) ** 0.5
        value = lambda u: u * factor
    elif key.endswith("weight"):
        value = lambda u: 1 + 0.1 * u
    else:
        value = lambda u: 0.1 * u
    return made(shape, zlib.crc32(key.encode()), value)


torchvision.models.vgg.nn.init.normal_ = lambda tensor, *_: tensor  # the weights are replaced anyway
options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {"init_weights": False} if name == "vgg11" else {}
network = getattr(torchvision.models, name)(weights=None, num_classes=5, **options).eval()
with torch.no_grad():
    for key, tensor in network.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            tensor.copy_(weights(key, tuple(tensor.shape)))


def keep(layer):
    def hook(module, _, output):
        last = isinstance(module, torch.nn.Linear) or type(module) is torch.nn.LayerNorm
        rows = output if output.dim() == 2 else output.mean(dim=(1, 2) if last else (2, 3))
        found[layer] = rows.flatten().tolist(), rows.shape[1]
    return hook


found = {}
for layer in layers:
    network.get_submodule(layer).register_forward_hook(keep(layer))
with torch.no_grad():
    network(made((6, 3, size, size), 12345, lambda u: u))
for layer, (values, width) in found.items():
    print(layer, width, *("%.9g" % v for v in values))
