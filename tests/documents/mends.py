"""The slips of the pen in the documents, each with what stands there, what was meant, and why.

A block that is only a fragment (a signature, a method without its class, a few lines about a
network of another block) is completed here too, so that every block runs. `START`, `END` and
`WHOLE` stand for the ends of a block and all of it; every other `old` must occur in it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

START = re.compile(r"\A")
END = re.compile(r"\Z")


class Mend(NamedTuple):
    """One correction of a block's code or of the output printed beneath it."""

    block: str
    old: str | re.Pattern[str]
    new: str
    reason: str


def mended(text: str, block: str, mends: list[Mend]) -> str:
    """Returns a block's text with its mends made; a mend that no longer fits is an error."""
    for mend in mends:
        if mend.block != block:
            continue
        pattern = re.compile(re.escape(mend.old)) if isinstance(mend.old, str) else mend.old
        text, count = pattern.subn(lambda _, new=mend.new: new, text)
        if not count:
            raise LookupError(f"{block}: nothing to mend at {mend.old!r}")
    return text


WHOLE = re.compile(r"\A.*\Z", re.DOTALL)

SIGNATURE = """
import inspect
import torch
for name, parameter in inspect.signature({callable}).parameters.items():
    print(name, "required" if parameter.default is parameter.empty else parameter.default)
"""

LAYER_IMPORTS = """
import math
import torch
from torch.nn import Parameter, init
"""

SAME_WEIGHTS = """
torch.manual_seed(1)
written = {written}
torch.manual_seed(1)
built_in = {built_in}
for (name, ours), (_, theirs) in zip(written.named_parameters(), built_in.named_parameters()):
    print(name, ours.shape, torch.equal(ours, theirs))
"""

SAME_BOUNDS = """
torch.manual_seed(1)
written = kaiming_uniform_(torch.empty(3, 4), math.sqrt(5))
torch.manual_seed(1)
print(torch.equal(written, init.kaiming_uniform_(torch.empty(3, 4), math.sqrt(5))))
"""

SAME_FANS = """
import torch
print(_calculate_fan_in_and_fan_out(torch.empty(6, 4, 3, 5)))
print(torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(6, 4, 3, 5)))
"""

LENET_USED = """
import torch
net = LeNet()
print(net)
print(net(torch.randn(2, 3, 32, 32)))
"""

NAMED_LAYERS = """
import torch.nn as nn
from collections import OrderedDict
net = nn.Sequential(OrderedDict(
    conv=nn.Conv2d(1, 2, 3), norm=nn.BatchNorm2d(2), linear=nn.Linear(3, 4)))
"""

MODULE_ATTRIBUTES = """
import types
import torch
excerpt = types.SimpleNamespace()
__init__(excerpt)
module = torch.nn.Module()
for name, value in vars(excerpt).items():
    print(name, getattr(module, name) == value)
"""

SMALL_VGG = """
import torch as t
import torch.nn as nn

class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer8 = nn.Linear(3, 4)
        self.layer9 = nn.ReLU()

    def forward(self, x):
        return self.layer9(self.layer8(x))

input = t.randn(2, 3)
"""

SMALL_NET = """
import torch as t

class Net(t.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = t.nn.Linear(2, 3)

net = Net()
"""

LINEAR_NET = """
import torch
from torch import nn
net = nn.Linear(3, 2)
input = torch.randn(4, 3)
"""

CAUGHT = """
try:
    output = nn.parallel.data_parallel(net, input, device_ids=[0, 1])
except Exception as error:
    print(type(error).__name__, error)
"""

CODE = [
    # The full form (60,000 images, 100 epochs) is examples/lenet5_by_hand.py.
    Mend("module-and-layer-1", "epoch = 100\n", "epoch = 1\n", "shortened for the test"),
    Mend("module-and-layer-1", "batch_size = 10000", "batch_size = 1000", "shortened for the test"),
    Mend("module-and-layer-1", "train_x.astype(np.float64)", "train_x.astype(np.float64)[:2000]",
         "shortened for the test"),
    Mend("module-and-layer-1", "train_y.astype(np.int64)", "train_y.astype(np.int64)[:2000]",
         "shortened for the test"),
    Mend("module-and-layer-1", '("datasets/t10k-images.idx3-ubyte")',
         '("datasets/t10k-images.idx3-ubyte")[:500]', "shortened for the test"),
    Mend("module-and-layer-1", '("datasets/t10k-labels.idx1-ubyte")',
         '("datasets/t10k-labels.idx1-ubyte")[:500]', "shortened for the test"),
    Mend("module-and-layer-3", START, "import math\n", "imported in an earlier cell"),

    Mend("module-and-layer-12", WHOLE,
         SIGNATURE.format(callable="torch.nn.Module.parameters"), "a signature: looked up"),
    Mend("module-and-layer-13", WHOLE,
         SIGNATURE.format(callable="torch.nn.Module.apply"), "a signature: looked up"),
    Mend("module-and-layer-14", START, LAYER_IMPORTS + "class _ConvNd(torch.nn.Module):\n",
         "methods without their class"),
    Mend("module-and-layer-14", END, SAME_WEIGHTS.format(
        written="_ConvNd(4, 6, (3, 5), 1, 0, 1, False, 0, 2, True, 'zeros')",
        built_in="torch.nn.Conv2d(4, 6, (3, 5), groups=2)"), "used once"),
    Mend("module-and-layer-15", START, LAYER_IMPORTS + "class Linear(torch.nn.Module):\n",
         "methods without their class"),
    Mend("module-and-layer-15", END, SAME_WEIGHTS.format(
        written="Linear(5, 3)", built_in="torch.nn.Linear(5, 3)"), "used once"),
    Mend("module-and-layer-16", START,
         LAYER_IMPORTS + "class BatchNorm2d(torch.nn.BatchNorm2d):\n",
         "a method without its class"),
    Mend("module-and-layer-16", END, SAME_WEIGHTS.format(
        written="BatchNorm2d(4)", built_in="torch.nn.BatchNorm2d(4)"), "used once"),
    Mend("module-and-layer-17", START,
         LAYER_IMPORTS + "from torch.nn.init import _calculate_correct_fan, calculate_gain\n",
         "imports that the excerpt leaves out"),
    Mend("module-and-layer-17", END, SAME_BOUNDS, "used once"),
    Mend("module-and-layer-18", END, SAME_FANS, "used once"),
    Mend("module-and-layer-19", WHOLE,
         SIGNATURE.format(callable="torch.nn.Module.buffers"), "a signature: looked up"),
    Mend("module-and-layer-20", WHOLE,
         SIGNATURE.format(callable="torch.nn.Module.named_buffers"), "a signature: looked up"),
    Mend("module-and-layer-21", WHOLE,
         SIGNATURE.format(callable="torch.optim.Optimizer"), "a signature: looked up"),
    Mend("module-and-layer-22", "    model = nn.Sequential(",
         "if True:\n    import torch\n    from torch import nn\n    model = nn.Sequential(",
         "an indented fragment without its imports"),
    Mend("module-and-layer-22", "、", "", "a full-width comma after the comma"),
    Mend("module-and-layer-22", END, "\nprint(model, model(torch.randn(1, 1, 9, 9)).shape)\n",
         "used once"),

    Mend("nn-toolbox-8", "spuer(", "super(", "a slip of the pen"),
    Mend("nn-toolbox-8", "V.(", "V(", "a slip of the pen"),
    Mend("nn-toolbox-8", "'base_params':", "'params':", "the key of a group's parameters"),
    Mend("nn-toolbox-8", "'special_layers_params':", "'params':",
         "the key of a group's parameters"),
    Mend("nn-toolbox-8", END, "\nprint(optimizer)\nprint(output, net(input))\n", "shown"),
    Mend("nn-toolbox-10", "F.max_pool(", "F.max_pool2d(", "a slip of the pen"),
    Mend("nn-toolbox-10", END, LENET_USED, "used once"),
    Mend("nn-toolbox-11", END, "\ninput = t.randn(2, 4)\nprint(MyLinear()())\n", "used once"),
    Mend("nn-toolbox-13", START, NAMED_LAYERS, "a network with the names that the loop looks for"),
    Mend("nn-toolbox-13", END, "\n    print(name, params.shape)\n", "shown"),
    Mend("nn-toolbox-14", START, "from collections import OrderedDict\n",
         "the import that the excerpt leaves out"),
    Mend("nn-toolbox-14", END, MODULE_ATTRIBUTES, "compared with a module's attributes"),
    Mend("nn-toolbox-15", START, SMALL_VGG, "pseudo-code: the network is left to the reader"),
    Mend("nn-toolbox-15", "t.Tensor()", "t.zeros(2, 4)", "copy_ needs a target of the right shape"),
    Mend("nn-toolbox-15", END, "\nprint(features, len(model.layer8._forward_hooks))\n", "shown"),
    Mend("nn-toolbox-16", START, SMALL_NET, "a network of an earlier block"),
    Mend("nn-toolbox-16", END, "\nprint(net2.state_dict())\n", "shown"),
    Mend("nn-toolbox-17", START, LINEAR_NET, "the network and input of earlier blocks"),
    Mend("nn-toolbox-17", re.compile(r"(?m)^output = nn.parallel.*\n"), CAUGHT,
         "raises on a machine without accelerators"),
    Mend("nn-toolbox-17", "DataParallel(new_net,", "DataParallel(net,",
         "used before it is defined"),
    Mend("nn-toolbox-17", END, "\nprint(new_net, output)\n", "shown"),
]

OUTPUT = [
    Mend("module-and-layer-1", re.compile(r"第010轮.*(?=------训练)", re.DOTALL), "",
         "one epoch is run here"),
    Mend("module-and-layer-9", START, "before============\n", "lost in the notebook's conversion"),
    Mend("module-and-layer-9", re.compile(r"(?<=,\)\n)(?=Perceptron)"), "after============\n",
         "lost in the notebook's conversion"),
    Mend("nn-toolbox-4", "affine=True, track", "affine=True, bias=True, track",
         "today's batch norm shows its bias argument"),
    Mend("nn-toolbox-4", "TypeError: forward() takes 1 positional argument but 2 were given",
         'NotImplementedError: Module [ModuleList] is missing the required "forward" function',
         "today's error"),
    Mend("nn-toolbox-6", "<StackBackward>", "<MkldnnRnnLayerBackward0>",
         "today's name of the LSTM's node on a CPU"),
    Mend("nn-toolbox-6", re.compile(r", \n +tensor"), ", tensor", "a line broken by hand"),
]
