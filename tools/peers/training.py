"""Whole training steps against PyTorch: plain steps, and the same proximal mathematics written in PyTorch.

Plain: forward, backward and the optimizer's update, as a PyTorch user writes them. Exact: the direction of each hidden layer by a Cholesky
factor of I/tau + A A^T (fully connected, fewer rows than columns) or of I/tau + A^T A from unfolded images (convolutions). cgN: N
iterations that apply the layer and its adjoint. The last layer is explicit, as in ProxProp.
"""
import statistics
import time

import openblas
import ours
import turns

NETS = {"mlp": 500, "convnet": 500, "digits": 32}
STEPS = ["gradient", "exact", "cg3"]
TINY = 1e-37  # a unit without a gradient stays where it is


def build(torch, net):
    nn = torch.nn
    if net == "convnet":
        layers, channels = [], 3
        for index, filters in enumerate((16, 20, 20)):
            layers += [nn.Conv2d(channels, filters, 5, padding=2), nn.ReLU()] + ([nn.MaxPool2d(2)] if index < 2 else [])
            channels = filters
        model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(20 * 8 * 8, 10))
        return model, (3, 32, 32), torch.optim.Adam(model.parameters(), 1e-3), 1.0
    widths = [3072, 4000, 1000, 4000, 10] if net == "mlp" else [64, 48, 24, 10]
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    return model, (widths[0],), torch.optim.SGD(model.parameters(), 1e-3, momentum=0.95, nesterov=True), 0.05


class Peer:
    def __init__(self, torch, net, step):
        self.torch, self.step, self.batch = torch, step, NETS[net]
        torch.manual_seed(1)
        self.model, shape, self.optimizer, tau = build(torch, net)
        self.shift = 1 / tau
        self.samples = torch.rand(self.batch, *shape)
        self.labels = torch.randint(10, (self.batch,))
        self.loss = torch.nn.CrossEntropyLoss()
        self.seen = {}
        if step != "gradient":
            hidden = [m for m in self.model if hasattr(m, "weight")][:-1]
            for layer in hidden:
                layer.register_forward_hook(self.keep)

    def keep(self, layer, inputs, output):
        output.register_hook(lambda delta: self.seen.__setitem__(layer, (inputs[0].detach(), delta)))

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.model(self.samples), self.labels).backward()
        with self.torch.no_grad():
            for layer, (a, delta) in self.seen.items():
                self.direct(layer, a, delta)
        self.optimizer.step()

    def direct(self, layer, a, delta):
        torch = self.torch
        if self.step.startswith("cg"):
            weight, bias = self.conjugate_gradients(layer, a, int(self.step[2:]))
        elif a.dim() == 2:
            gram = a @ a.t() + 1
            gram.diagonal().add_(self.shift)
            s = torch.cholesky_solve(delta, torch.linalg.cholesky(gram))
            weight, bias = s.t() @ a, s.sum(0)
        else:
            columns = torch.nn.functional.unfold(a, layer.kernel_size, padding=layer.padding)
            columns = torch.cat([columns, columns.new_ones(len(a), 1, columns.shape[2])], 1)
            gram = torch.eye(columns.shape[1]) * self.shift
            for image in columns:
                gram.addmm_(image, image.t())
            g = torch.cat([layer.weight.grad.flatten(1), layer.bias.grad[:, None]], 1)
            v = torch.cholesky_solve(g.t(), torch.linalg.cholesky(gram)).t()
            weight, bias = v[:, :-1].reshape(layer.weight.shape), v[:, -1]
        layer.weight.grad.copy_(weight)
        layer.bias.grad.copy_(bias)

    def conjugate_gradients(self, layer, a, iterations):
        def normal(p):
            weight, bias = p[:, :-1].reshape(layer.weight.shape), p[:, -1]
            if a.dim() == 2:
                z = self.torch.addmm(bias, a, weight.t())
                back = z.t() @ a
                return self.torch.cat([back, z.sum(0)[:, None]], 1) + self.shift * p
            z = self.torch.nn.functional.conv2d(a, weight, bias, padding=layer.padding)
            _, back, back_bias = self.torch.ops.aten.convolution_backward(
                z, a, weight, [len(weight)], [1, 1], list(layer.padding), [1, 1], False, [0, 0], 1, [False, True, True])
            return self.torch.cat([back.flatten(1), back_bias[:, None]], 1) + self.shift * p

        r = self.torch.cat([layer.weight.grad.flatten(1), layer.bias.grad[:, None]], 1)
        v, p, rr = self.torch.zeros_like(r), r.clone(), (r * r).sum(1, keepdim=True)
        for _ in range(iterations):
            q = normal(p)
            alpha = rr / (p * q).sum(1, keepdim=True).clamp_min(TINY)
            v, r = v + alpha * p, r - alpha * q
            next_rr = (r * r).sum(1, keepdim=True)
            p, rr = r + next_rr / rr.clamp_min(TINY) * p, next_rr
        return v[:, :-1].reshape(layer.weight.shape), v[:, -1]

    def time(self, fill):
        start, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - start < fill:
            self.run()
            calls += 1
        return (time.perf_counter() - start) / calls


def flops(torch, net):
    """Operations of a plain step, two for a multiply-add: forward, gradients of parameters, and those of inputs but for the first layer's."""
    model, shape, _, _ = build(torch, net)
    forward = []
    for layer in model:
        if hasattr(layer, "weight"):
            layer.register_forward_hook(lambda layer, _, output: forward.append(layer.weight.numel() * output.numel() // len(layer.weight)))
    model(torch.zeros(1, *shape))
    return 2 * NETS[net] * (3 * sum(forward) - forward[0])


def set_threads(torch, threads):
    """PyTorch's own threads, and those of OpenBLAS behind it, which PyTorch's setting does not reach."""
    torch.set_num_threads(threads)
    openblas.load().openblas_set_num_threads(threads)


def rows(options):
    import torch

    server, kernels = ours.Server(options.width, "steps"), ours.Server(options.width)
    print(f"Peer: PyTorch {torch.__version__}, milliseconds a step; share: a plain step's multiply-adds at the measured peak, by its time")
    for threads in options.threads:
        set_threads(torch, threads)
        for net, batch in NETS.items():
            for step in STEPS:
                name = f"{net} {step}"
                if options.only in name:
                    plain = kernels if step == "gradient" else None
                    yield measure(options, torch, server, name, net, step, batch, threads, kernels=plain)
    server.close()
    kernels.close()


def measure(options, torch, server, name, net, step, batch, threads, peer=None, kernels=None):
    server.ask("open", net, step, batch, threads)
    peer = peer or Peer(torch, net, step)
    mine, theirs, peaks = [], [], []
    for _ in turns.rounds(options.rounds, threads, *filter(None, (server, kernels))):
        if kernels is not None:
            peaks.append(kernels.peak("float", threads))
        for side, seconds in ((server, mine), (peer, theirs)):
            # One step untimed: the other side's threads go on spinning for a while, and its data are in the caches.
            side.time(0)
            seconds.append(side.time(options.fill) * 1e3)
    return {
        "case": f"{name} batch {batch}",
        "type": "float",
        "threads": threads,
        "ours": statistics.median(mine),
        "peer": statistics.median(theirs),
        "unit": "ms",
        "peak share": flops(torch, net) / max(peaks) / min(mine) * 1e-6 if peaks else None,
        "ratio": statistics.median(b / a for a, b in zip(mine, theirs)),
        "best ratio": min(theirs) / min(mine),
    }
