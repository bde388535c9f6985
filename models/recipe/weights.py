"""What becomes of the weights: the optimizer, averaging, and files that are never half written."""

import os
import pickle

import torch

HEADS = ("classify", "classify_patch", "ground")  # thrown away after training


def optimizer_for(module, faster=None):
    """AdamW without weight decay on vectors, embeddings and position tables; the classifiers' group is marked as `head`. `faster`
    are a parameter and how many times the others' rate it learns at.
    """
    decayed, plain, heads = [], [], []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and not (faster and parameter is faster[0]):
            matrix = parameter.ndim >= 2 and "embed" not in name and "token" not in name
            (heads if name.startswith(HEADS) else decayed if matrix else plain).append(parameter)
    groups = [dict(params=decayed, weight_decay=0.05), dict(params=plain, weight_decay=0.0)]
    groups += [dict(params=heads, weight_decay=0.0, head=True)] if heads else []
    groups += [dict(params=[faster[0]], weight_decay=0.0, times=faster[1])] if faster else []
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


class Learner:
    """A module with its optimizer and averaged weights. Gradients are clipped, and steps whose gradient is not finite are
    skipped, without waiting for the device.
    """

    def __init__(self, module, rate, decay=0.998, faster=None):
        self.module, self.rate, self.decay = module, rate, decay
        self.optimizer = optimizer_for(module, faster)
        self.parameters = [p for p in module.parameters() if p.requires_grad]
        self.live = {k: v for k, v in module.state_dict().items() if v.is_floating_point()}
        self.average = {k: v.detach().clone() for k, v in self.live.items()}
        self.skipped = torch.zeros((), device=self.parameters[0].device)

    def learn(self, share, step, heads_alone=False):
        """One step at `share` of the rate; heads that learn alone do so at twice the full rate. Returns the gradient's norm."""
        for group in self.optimizer.param_groups:
            group["lr"] = 2 * self.rate if group.get("head") and heads_alone else self.rate * share * group.get("times", 1)
        grads = [p.grad for p in self.parameters if p.grad is not None]
        norm = torch.stack(torch._foreach_norm(grads)).norm()
        bad = (~torch.isfinite(norm)).float()
        self.optimizer.grad_scale = torch.nan_to_num(norm, 1.0, 1.0, 1.0).clamp(min=1.0)
        self.optimizer.found_inf = bad
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.skipped += bad
        weight = 1 - min(self.decay, (step + 1) / (step + 10))
        torch._foreach_lerp_(list(self.average.values()), list(self.live.values()), weight)
        return norm

    def exported(self):
        """The averaged weights as they are exported: on the CPU, in bf16."""
        average = {k: v.to("cpu", torch.bfloat16) for k, v in self.average.items()}
        if "vlm.lm_head.weight" in average:  # one table, saved once
            average["vlm.lm_head.weight"] = average["vlm.model.language_model.embed_tokens.weight"]
        return average

    def state(self):
        """All that `restore` needs."""
        return dict(module=self.module.state_dict(), optimizer=self.optimizer.state_dict(), average=self.average)

    def restore(self, state, path):
        fill(self.module, state["module"], path)
        self.optimizer.load_state_dict(state["optimizer"])
        with torch.no_grad():
            for key, value in self.average.items():
                value.copy_(state["average"][key])

    def __enter__(self):
        """The averaged weights in place of the trained ones, for a while."""
        self.kept = {k: v.clone() for k, v in self.live.items()}
        self.put(self.average)

    def __exit__(self, *_):
        self.put(self.kept)

    @torch.no_grad()
    def put(self, values):
        for key, value in self.live.items():
            value.copy_(values[key])


class RunningMeans:
    """Of each value, for the log, kept on the device; a value that is no number does not count."""

    def __init__(self, keep=0.95):
        self.keep, self.names, self.values = keep, [], None

    def add(self, **values):
        """Begins anew when other values are told."""
        new = torch.stack([value.detach().float() for value in values.values()])
        if list(values) != self.names:
            self.names, self.values = list(values), new
        mixed = torch.where(self.values.isfinite(), self.values + (1 - self.keep) * (new - self.values), new)
        self.values = torch.where(new.isfinite(), mixed, self.values)

    def __str__(self):
        return " ".join(f"{name} {value:.3f}" for name, value in zip(self.names, self.values.tolist()))


# ---- files


def save(path, **state):
    """Writes a checkpoint so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def read(path, advice="run train.py first", objects=False):
    """A checkpoint; with `objects`, which only a file of one's own may have, of more than tensors."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: {advice}")
    try:
        return torch.load(path, map_location="cpu", weights_only=not objects)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0]
        raise SystemExit(f"{path} is damaged ({reason}): delete it, or take another --out") from None


@torch.no_grad()
def fill(module, state, path):
    """Copies a checkpoint's weights into `module`."""
    own = module.state_dict()
    for name in own.keys() | state.keys():
        shapes = [tuple(weights[name].shape) if name in weights else "missing" for weights in (state, own)]
        if shapes[0] != shapes[1]:
            raise SystemExit(
                f"{path} was made with other objects, tokenizer or sizes ({name}: {shapes[0]}, here {shapes[1]}): "
                "take those again, delete the file, or take another --out"
            )
    module.load_state_dict(state)
