"""Proximal training steps against the same mathematics in PyTorch, and against the recurrence of the published code.

exact and cgN are those of training.py: a factorisation in whichever form is smaller, textbook conjugate gradients from zero, one recurrence
for each output unit. `published` runs what the published code runs: the primal system for the new weights themselves, started from the old
ones, its matrix applied by a forward and a backward pass through the layer, the residual updated in place while the search direction is still the same tensor,
one eps in every denominator; its exact step solves the columns x columns system by LU. As there, a convolution has one recurrence over all
its parameters, and only linear layers have an exact step. What it does beyond need is done here as well, because it is part of its time: each
application of the system's matrix also differentiates with respect to the layer's input, and the layer is run forward once more to
differentiate it for the layer before, the first one too. (What it does not need is left out: the plain gradient of hidden weights.)

A row's ratio is the peer's time over ours in the same round.
"""
import training

STEPS = {
    "mlp": ["gradient", "exact", "published exact", "cg3", "published cg3", "published cg10"],
    "convnet": ["gradient", "exact", "cg3", "published cg3", "cg10", "published cg10"],
}
# The published code has no exact convolution: its best step there, cg10, stands beside our exact one too.
AGAINST = {("convnet", "published cg10"): "exact"}


class Published(training.Peer):
    """Directions by the published recurrence."""

    EPS = 1e-6
    TOLERANCE = 1e-2

    def __init__(self, torch, net, step):
        super().__init__(torch, net, step)
        self.samples.requires_grad_()
        for layer in [m for m in self.model if hasattr(m, "weight")][:-1]:
            layer.weight.requires_grad_(False)
            layer.bias.requires_grad_(False)

    def run(self):
        self.samples.grad = None
        super().run()

    def direct(self, layer, a, delta):
        torch = self.torch
        weights = torch.cat([layer.weight.flatten(1), layer.bias[:, None]], 1)
        if self.step == "exact":
            columns = torch.cat([a, a.new_ones(len(a), 1)], 1)
            matrix = columns.t() @ columns
            matrix.diagonal().add_(self.shift)
            target = columns @ weights.t() - delta
            new = torch.linalg.solve(matrix, columns.t() @ target + self.shift * weights.t()).t()
        else:
            new = self.recurrence(layer, a, delta, weights, int(self.step[2:]))
        difference = weights - new
        layer.weight.grad = difference[:, :-1].reshape(layer.weight.shape)
        layer.bias.grad = difference[:, -1].clone()
        self.forward(layer, a, weights)

    def recurrence(self, layer, a, delta, weights, iterations):
        torch = self.torch
        joint = a.dim() == 4

        def inner(p, q):
            return (p * q).sum() if joint else (p * q).sum(1, keepdim=True)

        def normal(p):
            return self.adjoint(layer, a, self.forward(layer, a, p), p) + self.shift * p

        target = self.forward(layer, a, weights) - delta
        x = weights.clone()
        r = self.adjoint(layer, a, target) + self.shift * weights - normal(x)
        p, rr = r, inner(r, r)
        scale = rr.mean()
        for k in range(iterations):
            q = normal(p)
            alpha = rr / (inner(p, q) + self.EPS)
            x += p * alpha
            if k + 1 == iterations:
                break
            r -= q * alpha
            next_rr = inner(r, r)
            if next_rr.max() < self.TOLERANCE ** 2 * scale:
                break
            p = r + p * (next_rr / (rr + self.EPS))
            rr = next_rr
        return x

    def forward(self, layer, a, p):
        weight, bias = p[:, :-1].reshape(layer.weight.shape), p[:, -1]
        if a.dim() == 2:
            return self.torch.addmm(bias, a, weight.t())
        return self.torch.nn.functional.conv2d(a, weight, bias, padding=layer.padding)

    def adjoint(self, layer, a, z, p=None):
        """With the parameters p also what nobody asks for, the derivative with respect to the input."""
        if a.dim() == 2:
            if p is not None:
                z @ p[:, :-1]
            return self.torch.cat([z.t() @ a, z.sum(0)[:, None]], 1)
        current = layer.weight if p is None else p[:, :-1].reshape(layer.weight.shape)
        _, weight, bias = self.torch.ops.aten.convolution_backward(
            z, a, current, [len(current)], [1, 1], list(layer.padding), [1, 1], False, [0, 0], 1, [p is not None, True, True])
        return self.torch.cat([weight.flatten(1), bias[:, None]], 1)


def rows(options):
    import torch

    server = training.ours.Server(options.width, "steps")
    print(f"Peer: PyTorch {torch.__version__}, milliseconds a step")
    for threads in options.threads:
        training.set_threads(torch, threads)
        for net, steps in STEPS.items():
            for step in steps:
                name = f"{net} {step}"
                if options.only not in name:
                    continue
                kind = step.removeprefix("published ")
                mine = AGAINST.get((net, step), kind)
                peer = Published if step.startswith("published") else training.Peer
                label = name if mine == kind else f"{name}, ours {mine}"
                yield training.measure(options, torch, server, label, net, mine, training.NETS[net], threads, peer(torch, net, kind))
    server.close()
