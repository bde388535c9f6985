"""The token numbers that prompts need; without torch."""

import hashlib

import tokenizer as tokens
from sizes import IMAGE_TOKENS
from wording import sentence

MOST_KNOWN = 200_000  # answers whose numbers are kept


class Vocabulary:
    """A tokenizer with nano's prompt: an image prefix, then the question in the form that `question_form` asks for."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.image = tokenizer.token_to_id("<IMG_CONTEXT>")
        self.seg = tokenizer.token_to_id("[SEG]")
        self.end = tokenizer.token_to_id("<|im_end|>")
        self.pad = tokenizer.token_to_id("<|endoftext|>")
        self.size = tokenizer.get_vocab_size()
        self.prefix = self.encode("<|im_start|>user\n<img>" + "<IMG_CONTEXT>" * IMAGE_TOKENS + "</img>")
        self.start = self.prefix.index(self.image)  # of the image tokens
        self.known = {}
        self.tail = len(self.question(""))  # what stands between a question's words and its answer

    def fingerprint(self):
        """The same only where every token has the same number."""
        return hashlib.sha256(self.tokenizer.to_str().encode()).hexdigest()

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def words(self, text):
        """Of a question, without what ends it."""
        return self.encode(sentence(text))

    def question(self, text):
        return self.encode(f"{sentence(text)}<|im_end|>\n<|im_start|>assistant\n")

    def answer(self, text):
        ids = self.known.get(text)
        if ids is None:
            ids = self.encode(f"{text}<|im_end|>")
            if len(self.known) < MOST_KNOWN:
                self.known[text] = ids
        return ids


def load_vocabulary():
    """The vocabulary of .work/tokenizer.json."""
    if not tokens.PATH.exists():
        raise SystemExit(f"{tokens.PATH} is missing: run `python tokenizer.py`")
    try:
        return Vocabulary(tokens.load())
    except Exception as error:  # tokenizers raises nothing more special
        raise SystemExit(f"{tokens.PATH} cannot be read ({error}): run `python tokenizer.py`") from None
