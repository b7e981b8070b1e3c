"""run.py NAME FOLDER: a torchvision network with random weights and batch statistics, its state dict and what it computes, as raw little-endian values
that need no reader: FOLDER/index.txt has "name<TAB>d0,d1,...<TAB>offset" for FOLDER/data.bin. Names starting with ":" are not of the state dict."""
import copy
import pathlib
import sys

import torch
import torchvision

name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
torch.manual_seed(7)
options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
network = getattr(torchvision.models, name)(weights=None, num_classes=5, **options)
images = torch.rand(2, 3, 96, 96) * 2 - 1
batch = torch.rand(4, 3, 96, 96) * 2 - 1

for module in network.modules():  # dropout and stochastic depth draw numbers: off, so that training can be compared
    if isinstance(module, (torch.nn.Dropout, torchvision.ops.StochasticDepth)):
        module.p = 0.0
before = {key: value.clone() for key, value in network.state_dict().items()}
evaluated = copy.deepcopy(network).eval()
network.train()
trained = network(batch)
after = {":after." + key: value.clone() for key, value in network.state_dict().items() if "running" in key or "tracked" in key}

inputs = []
head = {"efficientnet_v2_s": "classifier.1", "mnasnet1_0": "classifier.1", "convnext_tiny": "classifier.2", "densenet121": "classifier",
        "mobilenet_v3_small": "classifier"}.get(name, "fc")
evaluated.get_submodule(head).register_forward_hook(lambda module, args, output: inputs.append(args[0].clone()))
logits = evaluated(images)

values = {**before, ":images": images, ":batch": batch, ":trained": trained, ":features": inputs[0], ":logits": logits, **after}
offset = 0
with open(folder / "data.bin", "wb") as data, open(folder / "index.txt", "w", encoding="utf-8") as index:
    for key, value in values.items():
        value = value.detach().to(torch.float32).contiguous()
        index.write(f"{key}\t{','.join(map(str, value.shape))}\t{offset}\n")
        offset += data.write(value.numpy().astype("<f4").tobytes())
