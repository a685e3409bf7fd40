"""Rounds in which both sides take turns on the same processors."""
import os


def rounds(count, threads, server):
    """Counts rounds. In each both processes are held to as many processors as they have threads, and in the next one to others.

    A virtual machine's processors may be halves of cores whose other halves work for somebody else, one while its neighbour is idle: a process stays where
    it is, so one side would run on the busy one for minutes, and the ratio would say how busy that was.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield from range(count)
        return
    processors = sorted(os.sched_getaffinity(0))
    processes = (os.getpid(), server.process.pid)
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
