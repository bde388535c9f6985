"""Byte-level BPE with Qwen2's pre-tokenizer, trained on our own questions and requests; written to .work/tokenizer.json."""

import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from art import WORK, load_objects
from own_words import Requests
from questions import Asker
from scenes import World
from wording import sentence

PATH = WORK / "tokenizer.json"
VOCABULARY = 8192
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>",
    "[SEG]", "<p>", "</p>", "<vp>", "</vp>",
]  # fmt: skip
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(QWEN_SPLIT), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY - len(SPECIAL), initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIAL])
    return tokenizer


def corpus(world, rng, scenes=1500):
    """Questions and answers as the language side will see them, and every word of every object."""
    asker = Asker(world.objects, rng)
    yield from ["user\nassistant\n"] * 50
    for entry in world.objects:
        yield from (f"The {entry['name']} {fact}." for fact in [*entry["facts"], entry["reason"]])
        yield from (f" {name}" for name in entry.get("also", []))
    requests = Requests(load_objects(), rng)
    for texts in [*requests.known.values(), *requests.hints.values(), *(thing["words"] for thing in requests.things)]:
        yield from map(sentence, texts)
    for _ in range(scenes):
        for question in asker.several_families(world.draw(rng, world.train_styles), 8):
            yield sentence(question.text)
            yield question.answer.replace("[SEG]", "")


def load():
    return Tokenizer.from_file(str(PATH))


def main():
    tokenizer = train(corpus(World(ground_seed=1), random.Random(3)))
    tokenizer.save(str(PATH))
    print(tokenizer.get_vocab_size(), "tokens")
    print(tokenizer.encode(" where is the umbrella? The umbrella keeps the rain off. [SEG]<|im_end|>").tokens)


if __name__ == "__main__":
    main()
