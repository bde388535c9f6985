"""Where training begins: from nothing, from a shipped model, or from an earlier run's averaged weights."""

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer

from language_side import Speaker
from looking import look_for
from mask_side import Trainee
from model import LM_WIDTH
from shipped import dense, load_masks, load_speaker
from weights import fill, read

LANGUAGE_PARTS = ("vision_model.", "mlp1.", "language_model.model.layers.", "language_model.model.norm.", "text_")
PIECED = 0.01  # standard deviation that is added to the mean of a new token's pieces


@torch.no_grad()
def begin(folder, vocabulary, objects, known=None):
    """Both sides, whether their classifiers begin anew, and what to say of it.

    `folder` holds quantized weights, or language.pt and masks.pt, or is None. Quantized weights know the first `known` objects,
    all where it is None.
    """
    side, speaker = Trainee(len(objects)), Speaker(vocabulary, len(objects))
    speaker.begin(vocabulary, objects)
    if folder is None:
        return side, speaker, False, "begins from nothing"
    if (folder / "language.pt").exists():
        for module, name in ((speaker, "language.pt"), (side, "masks.pt")):
            fill(module, read(folder / name, "take another --start")["average"], folder / name)
        return side, speaker, False, f"begins from the averaged weights in {folder}"
    known = len(objects) if known is None else known
    return side, speaker, True, from_shipped(folder, side, speaker, vocabulary, objects, known)


def from_shipped(folder, side, speaker, vocabulary, objects, known):
    """Copies what quantized weights know; class codes come from a fixed seed, so the mask side answers to them at once."""
    path = folder / "tokenizer.json"
    if not path.exists() or not any(folder.glob("*.safetensors")):
        raise SystemExit(f"{folder} holds neither language.pt nor tokenizer.json and weights: take another --start")
    try:
        found, former = dense(folder), Tokenizer.from_file(str(path))
        load_masks(side.masks, found)
        load_speaker(speaker, found, LANGUAGE_PARTS)
    except (KeyError, RuntimeError, SafetensorError) as error:
        raise SystemExit(f"{folder} holds damaged weights, or those of another model ({error}): take another --start") from None
    rows = found["language_model.model.embed_tokens.weight"]
    count = load_words(speaker.vlm.get_input_embeddings().weight, vocabulary, former, rows)
    speaker.name_codes(vocabulary, objects, known)
    look_for(speaker.first_attention(), len(objects), known)
    return f"begins from {folder}: {count} of {vocabulary.size} tokens known, the first {known} of {len(objects)} objects"


def load_words(table, vocabulary, former, rows):
    """Fills the embeddings `table` from those of the `former` tokenizer by the tokens' texts; returns how many it knows.

    A new tokenizer numbers and cuts words differently. A token that is not known begins at the mean of its pieces.
    """
    old, count = former.get_vocab(), 0
    for text, number in vocabulary.tokenizer.get_vocab().items():
        if text in old:
            table[number] = rows[old[text]]
            count += 1
            continue
        pieces = former.encode(vocabulary.tokenizer.decode([number], skip_special_tokens=False)).ids
        if pieces:
            table[number] = rows[pieces].mean(0) + PIECED * torch.randn(LM_WIDTH)
    return count
