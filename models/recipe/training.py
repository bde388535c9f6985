"""What both training programs share: a clock-driven schedule, averaged weights and resumable checkpoints."""

import math
import os
import time

import torch


class Schedule:
    """Learning rate by elapsed share of `minutes`: short warm-up, constant, cosine to 2% over the last half."""

    def __init__(self, peak, minutes, spent=0.0):
        self.peak, self.total, self.spent = peak, minutes * 60, spent
        self.started = self.saved = time.time()

    def time_to_save(self):
        """True every two minutes, and at the end."""
        due = time.time() - self.saved > 120 or self.share() >= 1
        if due:
            self.saved = time.time()
        return due

    def elapsed(self):
        return self.spent + time.time() - self.started

    def share(self):
        return self.elapsed() / self.total

    def rate(self, step):
        share = min(self.share(), 1.0)
        decay = 1.0 if share < 0.5 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (share - 0.5) / 0.5))
        return self.peak * min(1, (step + 1) / 150) * decay


class Average:
    """Exponential average of the weights: what is evaluated and exported."""

    def __init__(self, module, decay=0.998):
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module, step):
        weight = 1 - min(self.decay, (step + 1) / (step + 10))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, weight)


def optimizer_for(module):
    """AdamW without weight decay on vectors, embeddings and position tables."""
    decayed, plain = [], []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            matrix = parameter.ndim >= 2 and "embed" not in name and "token" not in name
            (decayed if matrix else plain).append(parameter)
    groups = [dict(params=decayed, weight_decay=0.05), dict(params=plain, weight_decay=0.0)]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def update(module, optimizer, loss, rate):
    """One optimizer step; skipped when the gradient is not finite."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    if torch.isfinite(norm):
        optimizer.step()


def save(path, **state):
    """Writes a checkpoint so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


class Meter:
    """Running means for the log."""

    def __init__(self, keep=0.97):
        self.keep, self.values = keep, {}

    def add(self, **values):
        for key, value in values.items():
            value = float(value.detach())
            if value == value:
                self.values[key] = self.values.get(key, value) * self.keep + value * (1 - self.keep)

    def __str__(self):
        return " ".join(f"{key} {value:.3f}" for key, value in self.values.items())


class Training:
    """A module on its way to a checkpoint, from where an earlier run stopped.

    `clock` names the checkpoint's entry with the seconds spent, so that stages that share a checkpoint have their own.
    """

    def __init__(self, path, module, rate, minutes, clock="spent"):
        self.path, self.module, self.clock = path, module, clock
        self.optimizer, self.average, self.meter = optimizer_for(module), Average(module), Meter()
        self.step, spent = self.restore() if path.exists() else (0, 0.0)
        self.schedule = Schedule(rate, minutes, spent)

    def restore(self):
        state = torch.load(self.path, weights_only=False)
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.state = state["average"]
        return state["step"], state.get(self.clock, 0.0)

    def goes_on(self):
        return self.schedule.share() < 1

    def learn(self, loss):
        update(self.module, self.optimizer, loss, self.schedule.rate(self.step))
        self.step += 1
        self.average.update(self.module, self.step)
        if self.step % 25 == 0:
            print(f"step {self.step} {self.schedule.elapsed() / 60:.1f} min {self.meter}", flush=True)
        if self.schedule.time_to_save():
            state = dict(module=self.module.state_dict(), optimizer=self.optimizer.state_dict(), average=self.average.state)
            save(self.path, **state, step=self.step, **{self.clock: self.schedule.elapsed()})
