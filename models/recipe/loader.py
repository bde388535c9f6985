"""From the workers' shared memory to the device, ahead of the training."""

import queue
import random
import threading
import time
import traceback
from collections import deque

import numpy as np
import torch

from packing import FIELDS, layout
from workers import FREE

PATIENCE = 120  # seconds to wait for pictures
KEPT = 16  # batches that may be used again
REPLAYED = 2  # how often a batch may be used again, on average, where the workers are too slow


class Loader(threading.Thread):
    """Copies ready slots to the device."""

    def __init__(self, shared, batch, device, ahead=3):
        super().__init__(daemon=True)
        self.shared, self.device = shared, device
        self.chunks = min(max(batch // shared.chunk, 1), shared.slots)
        self.queue, self.stopped, self.next = queue.Queue(ahead), False, 0
        self.stream = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.recent, self.fresh, self.replayed, self.waited = deque(maxlen=KEPT), 0, 0, 0.0

    def run(self):
        try:
            while not self.stopped:
                self.put(self.load())
        except Exception:
            traceback.print_exc()
            self.queue.put(None)

    def put(self, item):
        while not self.stopped:
            try:
                return self.queue.put(item, timeout=0.5)
            except queue.Full:
                pass

    def slots(self):
        """Ready slots for one batch, taking turns."""
        found = []
        while len(found) < self.chunks and not self.stopped:
            ready = self.shared.ready()
            ready = ready[np.argsort((ready - self.next) % self.shared.slots)]
            more = [slot for slot in ready.tolist() if slot not in found]
            found += more[: self.chunks - len(found)]
            if not more:
                time.sleep(0.001)
        if found:
            self.next = (found[-1] + 1) % self.shared.slots
        return found

    def load(self):
        """Slots as bytes on the device, and the event after which they are there."""
        slots = self.slots()
        block = torch.empty((len(slots), self.shared.blocks.shape[1]), dtype=torch.uint8, pin_memory=self.stream is not None)
        for place, slot in enumerate(slots):
            block[place].copy_(torch.from_numpy(self.shared.blocks[slot]))
            self.shared.state[slot] = FREE
        if self.stream is None:
            return block, None
        with torch.cuda.stream(self.stream):
            sent = block.to(self.device, non_blocking=True)
            event = torch.cuda.Event()
            event.record(self.stream)
        return sent, event

    def told(self):
        """For the log."""
        return f"waited {self.waited:.0f} s, batches fresh {self.fresh} replayed {self.replayed}"

    def batch(self):
        """The next batch; one used before where the next is not ready."""
        if self.queue.empty() and self.recent and self.replayed < REPLAYED * self.fresh:
            self.replayed += 1
            return random.choice(self.recent)
        began = time.perf_counter()
        self.recent.append(self.get())
        self.waited += time.perf_counter() - began
        self.fresh += 1
        return self.recent[-1]

    def get(self):
        try:
            item = self.queue.get(timeout=PATIENCE)
        except queue.Empty:
            raise SystemExit(f"no pictures for {PATIENCE} seconds: see the workers' errors above") from None
        if item is None:
            raise SystemExit("pictures cannot be loaded: see the error above")
        block, event = item
        if event is not None:
            stream = torch.cuda.current_stream(self.device)
            stream.wait_event(event)
            block.record_stream(stream)
        return fields_of(block, self.shared.chunk)


def fields_of(block, chunk):
    """A batch's fields from slots of `chunk` pictures as bytes."""
    places = layout(chunk)[0]
    found = {}
    for name, (shape, kind) in FIELDS.items():
        part = block[:, slice(*places[name])].contiguous().view(torch.from_numpy(np.empty(0, kind)).dtype)
        found[name] = part.view(-1, *shape)
    return found
