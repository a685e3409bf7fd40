"""The convolutions of the paper's ConvNet against PyTorch: 500 images, 5x5, padding 2.

Ratios are of times for the same result. The Gram matrix's peer is what PyTorch offers for it: unfold, then one symmetric product an image;
its GFLOP/s are counted as im2col's, which is why ours, computed from offset correlations, can pass the peak.
"""
import time

import ours
import turns
from training import set_threads

BATCH = 500
LAYERS = [(3, 16, 32), (16, 20, 16), (20, 20, 8)]
OPERATIONS = ["conv-forward", "conv-input", "conv-parameter", "conv-gram"]


class Peer:
    def __init__(self, torch, operation, channels, filters, size, kind):
        self.torch, self.operation = torch, operation
        dtype = torch.float32 if kind == "float" else torch.float64
        self.input = torch.rand(BATCH, channels, size, size, dtype=dtype) - 0.5
        self.weight = torch.rand(filters, channels, 5, 5, dtype=dtype) - 0.5
        self.bias = torch.zeros(filters, dtype=dtype)
        self.gradient = torch.rand(BATCH, filters, size, size, dtype=dtype) - 0.5

    def call(self):
        functional = self.torch.nn.functional
        if self.operation == "conv-forward":
            return functional.conv2d(self.input, self.weight, self.bias, padding=2)
        if self.operation == "conv-gram":
            columns = functional.unfold(self.input, 5, padding=2)
            columns = self.torch.cat([columns, columns.new_ones(BATCH, 1, columns.shape[2])], 1)
            gram = columns.new_zeros(columns.shape[1], columns.shape[1])
            for image in columns:
                gram.addmm_(image, image.t())
            return gram
        mask = [self.operation == "conv-input", self.operation == "conv-parameter", self.operation == "conv-parameter"]
        return self.torch.ops.aten.convolution_backward(
            self.gradient, self.input, self.weight, [self.weight.shape[0]], [1, 1], [2, 2], [1, 1], False, [0, 0], 1, mask)

    def time(self, fill):
        self.call()
        start, calls = time.perf_counter(), 0
        while calls == 0 or time.perf_counter() - start < fill:
            self.call()
            calls += 1
        return (time.perf_counter() - start) / calls


def rows(options):
    import torch

    server = ours.Server(options.width)
    print(f"Peer: PyTorch {torch.__version__}")
    for threads in options.threads:
        set_threads(torch, threads)
        for operation in OPERATIONS:
            for layer in LAYERS:
                # The first layer's input needs no gradient.
                name = f"{operation} {layer[0]}->{layer[1]} {layer[2]}x{layer[2]}"
                if options.only in f"{name} float" and (operation, layer) != ("conv-input", LAYERS[0]):
                    yield measure(options, torch, server, name, (operation, *layer), threads)
    server.close()


def measure(options, torch, server, name, case, threads):
    flops = server.open(*case, "float", threads)["flops"]
    with torch.no_grad():
        return turns.products(options, server, Peer(torch, *case, "float"), name, flops, "float", threads)
