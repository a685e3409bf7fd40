#!/usr/bin/env python3
"""Runs ProxProp and other libraries side by side, in turns, on the same shapes, precision and thread count, and prints one table.

    dotnet build -c Release ProxProp.Engine.Bench
    python3 tools/peers/compare.py kernels --threads 1 2

A topic is a module of this folder with a function rows(options) that yields rows; each row is a dictionary with the keys of COLUMNS.
Every row is measured in rounds, both sides on the same processors: ours, the peer, ours, the peer ... so that drift of the machine hits both
alike. The ratio is the median over rounds of ours to the peer's speed in the same round: above 1, ours is faster.
"""
import argparse
import ctypes
import importlib
import json
import os
import subprocess
import sys

COLUMNS = ("case", "type", "threads", "ours", "peer", "unit", "peak share", "ratio", "best ratio")
# What tells a peer to take other kernels than those it chooses for this processor, or fewer threads than it is asked to.
OVERRIDES = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "MKL_CBWR",
    "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA")
TOPICS = ("kernels", "convolution", "training", "proximal")


def format_cell(value):
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    return "" if value is None else str(value)


def print_table(rows):
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + " --- |" * len(COLUMNS), flush=True)
    for row in rows:
        print("| " + " | ".join(format_cell(row.get(column)) for column in COLUMNS) + " |", flush=True)
        yield row


def free_peers():
    """Takes overrides out of the environment; before a topic loads the peer's library."""
    for name in OVERRIDES:
        value = os.environ.pop(name, None)
        if value is not None:
            print(f"Left out: {name}={value}, so that the peer runs as it would by itself")


def name_kernels():
    """Names OpenBLAS's kernels for the widest vectors there are, where it does not know the processor and would take those for SSE3."""
    ask = "import openblas; print(openblas.load().openblas_get_corename().decode())"
    folder = os.path.dirname(os.path.abspath(__file__))
    answer = subprocess.run([sys.executable, "-c", ask], cwd=folder, capture_output=True, text=True, check=False)
    if answer.stdout.strip() != "Prescott" or not os.path.exists("/proc/cpuinfo"):
        return
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next((line.split() for line in file if line.startswith("flags")), [])
    name = next((name for flag, name in (("avx512_bf16", "Cooperlake"), ("avx512vl", "SkylakeX"), ("avx2", "Haswell")) if flag in flags), None)
    if name is not None:
        os.environ["OPENBLAS_CORETYPE"] = name
        print(f"OPENBLAS_CORETYPE={name}: this OpenBLAS does not know the processor and would take its kernels for SSE3")


def keep_memory():
    """Lets glibc's malloc serve every block from its heap and never give any of it back."""
    trim_threshold, mmap_max, most = -1, -4, 2**31 - 1
    libc = ctypes.CDLL(None)
    if not (libc.mallopt(mmap_max, 0) and libc.mallopt(trim_threshold, most)):
        raise SystemExit("--keep-memory needs glibc's mallopt.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="+", choices=TOPICS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--fill", type=float, default=0.05, help="seconds that each measurement fills")
    parser.add_argument("--only", default="", help="only cases whose name contains this text")
    parser.add_argument("--width", type=int, help="vector width in bits for ours; the widest if not given")
    parser.add_argument("--json", help="also write the rows to this file")
    parser.add_argument("--keep-memory", action="store_true", help="the peer keeps what it frees, where a fresh page is slow to get")
    options = parser.parse_args()
    free_peers()
    name_kernels()
    if options.keep_memory:
        keep_memory()
    rows = []
    for topic in options.topics:
        rows.extend(print_table(importlib.import_module(topic).rows(options)))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
