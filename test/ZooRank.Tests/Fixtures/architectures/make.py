"""Writes NAME.txt for each of the nine architectures: a line per tensor of torchvision's state dict, "key<TAB>d0,d1,...".
The first line names the versions. Run with PyTorch and torchvision installed: python3 make.py"""
import pathlib

import torch
import torchvision

NAMES = ["resnet18", "densenet121", "efficientnet_v2_s", "googlenet", "mnasnet1_0", "mobilenet_v3_small", "vgg11", "convnext_tiny", "shufflenet_v2_x0_5"]

for name in NAMES:
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    state = getattr(torchvision.models, name)(weights=None, **options).state_dict()
    lines = [f"# {name} of torchvision {torchvision.__version__}, PyTorch {torch.__version__}"]
    lines += [f"{key}\t{','.join(map(str, value.shape))}" for key, value in state.items()]
    (pathlib.Path(__file__).parent / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
