"""The losses that `proxprop selftest` compares with, by PyTorch in double precision: prints the table of ReferenceLosses.cs.

    /usr/bin/python3 tools/peers/selftest.py

45 steps on the digits, rows 0 to 1499, pixels / 16, batches of 100 in file order, softmax cross-entropy averaged over the batch, the last
layer explicit. Parameters start as x / 2^32 in [-1, 1) / sqrt(fan-in), where x runs through x <- 1664525 x + 1013904223 mod 2^32 from 1, in the
order of PyTorch's parameters().
"""
import gzip
import math

import ours
import training

RUNS = {
    "mlp_gradient_sgd": 0.5,
    "mlp_gradient_nesterov": 0.05,
    "mlp_gradient_adam": 1e-3,
    "mlp_exact_nesterov": 1,
    "mlp_cg3_nesterov": 1,
    "mlp_exact_adam": 1e-3,
    "conv_gradient_adam": 1e-3,
    "conv_exact_adam": 1e-3,
    "conv_cg3_adam": 1e-3,
}
SHOWN = [1, 15, 30, 45]


class Run(training.Peer):
    def __init__(self, torch, net, step, optimizer, rate, digits):
        nn = torch.nn
        self.torch, self.step, self.seen = torch, step, {}
        self.shift = 1 if optimizer == "adam" else 20
        self.loss = nn.CrossEntropyLoss()
        if net == "conv":
            layers = [nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10)]
            self.images = digits[:, :64].reshape(-1, 1, 8, 8)
        else:
            layers = [nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 10)]
            self.images = digits[:, :64]
        self.model = nn.Sequential(*layers)
        start(torch, self.model)
        self.targets = digits[:, 64].long()
        parameters = self.model.parameters()
        if optimizer == "adam":
            self.optimizer = torch.optim.Adam(parameters, rate)
        else:
            self.optimizer = torch.optim.SGD(parameters, rate, momentum=0.95 if optimizer == "nesterov" else 0, nesterov=optimizer == "nesterov")
        if step != "gradient":
            for layer in [m for m in self.model if hasattr(m, "weight")][:-1]:
                layer.register_forward_hook(self.keep)

    def losses(self):
        found = []
        for index in range(45):
            rows = slice(index * 100 % 1500, index * 100 % 1500 + 100)
            self.samples, self.labels = self.images[rows], self.targets[rows]
            found.append(self.loss(self.model(self.samples), self.labels).item())
            self.run()
        return found


def start(torch, model):
    x = 1
    for layer in model:
        for parameter in layer.parameters():
            fan_in = layer.weight[0].numel()
            values = []
            for _ in range(parameter.numel()):
                x = (1664525 * x + 1013904223) % 2**32
                values.append((2 * (x / 2**32) - 1) / math.sqrt(fan_in))
            with torch.no_grad():
                parameter.copy_(torch.tensor(values).reshape(parameter.shape))


def main():
    import torch

    torch.set_default_dtype(torch.float64)
    with gzip.open(ours.ROOT / "ProxProp.Engine/Data/Resources/digits.csv.gz", "rt") as file:
        digits = torch.tensor([[float(x) for x in line.split(",")] for line in file])
    digits[:, :64] /= 16
    for name, rate in RUNS.items():
        losses = Run(torch, *name.split("_"), rate, digits).losses()
        print(f'        ("{name}", [{", ".join(repr(losses[step - 1]) for step in SHOWN)}]),')


main()
