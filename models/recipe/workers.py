"""The processes that make training pictures, and the memory through which they hand them over.

Memory is an anonymous shared mapping, so the size of /dev/shm does not matter. Whether a slot is free or ready is one number in
it, written by one side at a time, so no locks can be left held. Everything is forked before torch is loaded.
"""

import ctypes
import math
import mmap
import os
import signal
import sys
import time
import traceback

import numpy as np

from packing import FIELDS, Maker, layout

FREE, READY = 0, 1


class Shared:
    """Slots of `chunk` pictures each; worker w owns slots w * each … and fills those that are free."""

    def __init__(self, workers, each, chunk):
        self.workers, self.each, self.chunk, self.slots = workers, each, chunk, workers * each
        places, size = layout(chunk)
        self.blocks = self.array((self.slots, size), np.uint8)
        self.fields = {
            name: self.blocks[:, slice(*places[name])].view(kind).reshape(self.slots, chunk, *shape)
            for name, (shape, kind) in FIELDS.items()
        }
        self.state = self.array((self.slots,), np.uint32)
        self.made = self.array((workers,), np.float64)  # pictures
        self.busy = self.array((workers,), np.float64)  # seconds
        self.failed = self.array((workers,), np.float64)

    @staticmethod
    def array(shape, kind):
        size = math.prod(shape) * np.dtype(kind).itemsize
        return np.frombuffer(mmap.mmap(-1, size), kind).reshape(shape)

    def ready(self):
        return np.flatnonzero(self.state == READY)

    def told(self):
        """For the log."""
        rate = self.made.sum() / max(self.busy.sum(), 1e-9)
        return f"workers {rate:.0f}/s each, slots ready {len(self.ready())} of {self.slots}, failed {int(self.failed.sum())}"


def die_with_parent():
    """The kernel ends this process when its parent ends, however that happens; the keyboard's interrupt is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGKILL)
    except OSError:
        pass


def work(shared, number, maker):
    while True:
        mine = [s for s in range(number * shared.each, (number + 1) * shared.each) if shared.state[s] == FREE]
        if not mine:
            time.sleep(0.002)
        for slot in mine:
            began = time.perf_counter()
            for index in range(shared.chunk):
                make(shared, number, maker, {name: field[slot, index] for name, field in shared.fields.items()})
            shared.busy[number] += time.perf_counter() - began
            shared.made[number] += shared.chunk
            shared.state[slot] = READY


def make(shared, number, maker, row, tries=20):
    """One picture; the first errors are shown, and all counted."""
    for _ in range(tries):
        try:
            return maker.fill(row)
        except Exception:
            if shared.failed[number] < 3:
                traceback.print_exc()
            shared.failed[number] += 1


def supervise(shared, world, vocabulary, seed):
    """Forks the workers and replaces any that ends."""
    pids, generation = {}, 0
    while True:
        for number in set(range(shared.workers)) - set(pids.values()):
            generation += 1
            pids[fork(work, shared, number, Maker(world, vocabulary, seed + 7919 * generation))] = number
        pid, status = os.wait()
        print(f"worker {pids.pop(pid, None)} ended with {status}; another takes its place", file=sys.stderr, flush=True)
        time.sleep(0.2)


def fork(job, *args):
    """Process id of a child that does `job`, and nothing else ever."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        die_with_parent()
        job(*args)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def start(workers, each, chunk, seed, world, vocabulary):
    """Returns the shared slots and the supervisor's process id."""
    shared = Shared(workers, each, chunk)
    return shared, fork(supervise, shared, world, vocabulary, seed)


def stop(supervisor):
    """Ends the supervisor, with which its workers die."""
    os.kill(supervisor, signal.SIGKILL)
    os.waitpid(supervisor, 0)
