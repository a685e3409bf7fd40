"""Whole training steps of native programs beside the JIT's, in turns: the first step of a process, then the median of further ones.

    dotnet build -c Release ProxProp.Engine.Bench
    dotnet publish ProxProp.Engine.Bench -c Release -r linux-x64 -p:PublishAot=true -o NATIVE
    python3 tools/peers/native.py NATIVE/ProxProp.Engine.Bench [--threads N] [--cases mlp/gradient ...]
"""
import argparse
import statistics
import time

import ours
import turns

BATCH = {"mlp": 500, "convnet": 500, "digits": 32}
ROUNDS = 7


def compare(programs, net, step, threads):
    servers, first, rest = [], [], [[] for _ in programs]
    for program in programs:
        start = time.perf_counter()
        server = ours.Server(command="steps", native=program)
        server.ask("open", net, step, BATCH[net], threads)
        opened = time.perf_counter() - start
        servers.append(server)
        first.append((opened, server.time(0)))
    for server in servers:
        server.time(0.3)
    for _ in turns.rounds(ROUNDS, threads, *servers):
        for server, seconds in zip(servers, rest):
            seconds.append(server.time(0.1))
    for server in servers:
        server.close()
    median = [statistics.median(seconds) for seconds in rest]
    for program, (opened, step_seconds), seconds in zip(programs, first, median):
        print(f"{net:8} {step:9} {threads} threads  {program or 'JIT':44} open {opened * 1e3:7.1f} ms  first step {step_seconds * 1e3:8.2f} ms"
              f"  median {seconds * 1e3:9.3f} ms  {median[0] / seconds:5.2f}x the JIT's speed", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("native", nargs="+")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--cases", nargs="+", default=["mlp/gradient", "mlp/exact", "convnet/exact", "digits/exact"])
chosen = parser.parse_args()
for case in chosen.cases:
    compare([None, *chosen.native], *case.split("/"), chosen.threads)
