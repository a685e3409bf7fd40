"""Rounds in which all sides take turns on the same processors."""
import os
import statistics
import time


def rounds(count, threads, *servers):
    """Counts rounds. In each this process and the servers are held to as many processors as they have threads, and in the next one to others.

    A virtual machine's processors may be halves of cores whose other halves work for somebody else, one while its neighbour is idle: a process stays where
    it is, so one side would run on the busy one for minutes, and the ratio would say how busy that was.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield from range(count)
        return
    processors = sorted(os.sched_getaffinity(0))
    processes = (os.getpid(), *(server.process.pid for server in servers))
    try:
        for number in range(count):
            chosen = {processors[(number * threads + thread) % len(processors)] for thread in range(threads)}
            hold(processes, chosen)
            yield number
    finally:
        hold(processes, processors)


def hold(processes, processors):
    """Holds all threads of the processes to these processors."""
    for process in processes:
        for thread in os.listdir(f"/proc/{process}/task"):
            try:
                os.sched_setaffinity(int(thread), processors)
            except ProcessLookupError:
                pass  # it has ended meanwhile


def products(options, server, peer, name, flops, kind, threads, pause=0.0):
    """One row: the server's open case beside the peer's. The pause lets threads of the peer that go on spinning after a call fall asleep."""
    mine, theirs, peaks = [], [], []
    for _ in rounds(options.rounds, threads, server):
        time.sleep(pause)
        peaks.append(server.peak(kind, threads))
        mine.append(flops / server.time(options.fill) * 1e-9)
        theirs.append(flops / peer.time(options.fill) * 1e-9)
    return {
        "case": name,
        "type": kind,
        "threads": threads,
        "ours": statistics.median(mine),
        "peer": statistics.median(theirs),
        "unit": "GFLOP/s",
        "peak share": max(mine) / max(peaks),
        "ratio": statistics.median(a / b for a, b in zip(mine, theirs)),
        "best ratio": max(mine) / max(theirs),
    }
