"""The page's sample pictures, laid out by hand and drawn crisply from the art.

`python samples.py OUT` writes one WebP a scene and samples.json. Every style used here is also trained on.
`--benchmark DIR` writes what is to be found as well: `askmask eval --data DIR` tells whether nano finds it.
"""

import argparse
import io
import json
import shutil
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

from art import Style, load_objects, render
from benchmark import rle

WIDTH, HEIGHT = 896, 640
SPRITE = 400


def svg(body):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">{body}</svg>'


def fade(name, *stops):
    colors = "".join(f'<stop offset="{i / (len(stops) - 1)}" stop-color="{c}"/>' for i, c in enumerate(stops))
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">{colors}</linearGradient>'


def band(y, height, fill):
    return f'<rect y="{y}" width="{WIDTH}" height="{height}" fill="{fill}"/>'


def shape(path, fill):
    return f'<path d="{path}" fill="{fill}"/>'


KITCHEN = (
    fade("wall", "#fdf3dc", "#f6e2b8") + fade("table", "#c98f5a", "#a86f3e")
    + band(0, 400, "url(#wall)") + band(400, 240, "url(#table)") + band(400, 10, "#e0ab77")
    + '<rect x="560" y="40" width="270" height="200" rx="8" fill="#ffffff"/>'
    + '<rect x="572" y="52" width="118" height="176" fill="#bfe3f5"/><rect x="700" y="52" width="118" height="176" fill="#bfe3f5"/>'
)  # fmt: skip
BEACH = (
    fade("sky", "#8fd0f5", "#e3f5ff") + fade("sea", "#2f9fd0", "#6fcbe0") + fade("sand", "#f7e3ae", "#ecc982")
    + band(0, 270, "url(#sky)") + band(270, 120, "url(#sea)") + band(380, 260, "url(#sand)")
    + shape("M0 380 Q150 360 300 384 T620 380 T896 384 V400 H0Z", "#d9f2f2")
)  # fmt: skip
FARM = (
    fade("sky", "#a9dcf7", "#eef9ff") + fade("field", "#a7d36b", "#79b143")
    + band(0, 330, "url(#sky)") + shape("M0 300 Q220 210 460 300 T896 270 V360 H0Z", "#8cc45a")
    + band(330, 310, "url(#field)") + shape("M0 520 Q448 470 896 520 V640 H0Z", "#b98a56")
)  # fmt: skip
CAMPING = (
    fade("dusk", "#3c4f8a", "#c98aa0", "#f6c28b") + fade("meadow", "#5d8a4c", "#3f6b38")
    + band(0, 360, "url(#dusk)") + shape("M0 330 L170 190 L300 320 L470 160 L640 330 L760 230 L896 340 V380 H0Z", "#50527f")
    + band(350, 290, "url(#meadow)")
)  # fmt: skip
MUSIC = (
    fade("wall", "#8fb4c9", "#b7d0dc") + fade("floor", "#a9744a", "#8a5a36")
    + band(0, 410, "url(#wall)") + band(410, 230, "url(#floor)") + band(398, 14, "#f3ede2")
    + '<rect x="50" y="248" width="250" height="18" fill="#7d5232"/>'
    + '<ellipse cx="448" cy="545" rx="400" ry="80" fill="#b9504f"/><ellipse cx="448" cy="545" rx="360" ry="66" fill="#cf6a62"/>'
)  # fmt: skip
STREET = (
    fade("sky", "#bfe2f7", "#f3fbff") + band(0, 380, "url(#sky)")
    + '<rect x="30" y="150" width="150" height="240" fill="#c9b8c9"/><rect x="690" y="110" width="170" height="280" fill="#b9c4d6"/>'
    + band(380, 60, "#c8c6c0") + band(440, 200, "#6d7078") + band(434, 8, "#e9e6df")
    + "".join(f'<rect x="{x}" y="535" width="90" height="10" fill="#f4f1e6"/>' for x in range(20, 896, 160))
)  # fmt: skip

# Each object: name, center x, bottom y, height in pixels. Each question: family, text, what is to be found.
SAMPLES = [
    dict(
        id="kitchen", title="Kitchen", style="fluent-emoji", ground=KITCHEN,
        objects=[("coffee", 140, 460, 200), ("candle", 480, 405, 190), ("banana", 390, 560, 220),
                 ("cheese", 600, 545, 200), ("apple", 790, 500, 190), ("carrot", 190, 630, 165)],
        alt="A kitchen table with coffee, a candle, a banana, cheese, an apple and a carrot",
        questions=[
            ("function", "Which of these wakes you up in the morning?", ["coffee"]),
            ("direct", "Where is the banana?", ["banana"]),
            ("several", "Segment the apple and the carrot.", ["apple", "carrot"]),
            ("spatial", "Find the rightmost thing.", ["apple"]),
            ("conditional", "If there is a dog, show the cheese, otherwise the apple.", ["apple"]),
            ("false-premise", "Where is the pizza?", []),
        ],
    ),
    dict(
        id="beach", title="Beach", style="noto", ground=BEACH,
        objects=[("palm tree", 130, 520, 430), ("sailboat", 470, 350, 210), ("umbrella", 690, 470, 270),
                 ("crab", 360, 600, 210), ("ice cream", 820, 620, 210), ("soccer ball", 590, 615, 150)],
        alt="A beach with a palm tree, a sailboat, an umbrella, a crab, an ice cream and a ball",
        questions=[
            ("function", "What keeps the rain off?", ["umbrella"]),
            ("direct", "Find the crab.", ["crab"]),
            ("several", "Segment the umbrella and the soccer ball.", ["umbrella", "soccer ball"]),
            ("attribute", "Where is the smallest thing?", ["soccer ball"]),
            ("presence", "Is there a sailboat?", ["sailboat"]),
            ("false-premise", "Where is the penguin?", []),
        ],
    ),
    dict(
        id="farm", title="Farm", style="twemoji", ground=FARM,
        objects=[("house", 150, 390, 240), ("tractor", 420, 460, 240), ("sunflower", 800, 430, 270),
                 ("cow", 640, 590, 230), ("pig", 190, 620, 190), ("duck", 420, 625, 150)],
        alt="A farm with a house, a tractor, a sunflower, a cow, a pig and a duck",
        questions=[
            ("function", "Which of these gives us milk?", ["cow"]),
            ("direct", "Segment the tractor.", ["tractor"]),
            ("several", "Segment the cow and the pig.", ["cow", "pig"]),
            ("spatial", "Find the leftmost animal.", ["pig"]),
            ("conditional", "If there is a tractor, show the house, otherwise the cow.", ["house"]),
            ("false-premise", "Where is the elephant?", []),
        ],
    ),
    dict(
        id="camping", title="Camping", style="fluent-emoji", ground=CAMPING,
        objects=[("pine tree", 120, 470, 380), ("tent", 420, 470, 270), ("fire", 590, 620, 200),
                 ("guitar", 755, 500, 230), ("backpack", 300, 620, 200), ("mushroom", 110, 620, 140)],
        alt="A camp at dusk with a tent, a fire, a guitar, a backpack, a pine tree and a mushroom",
        questions=[
            ("function", "Which of these gives heat and burns wood?", ["fire"]),
            ("direct", "Where is the tent?", ["tent"]),
            ("several", "Segment the guitar and the backpack.", ["guitar", "backpack"]),
            ("spatial", "Find the lowest plant.", ["mushroom"]),
            ("presence", "Is there a guitar?", ["guitar"]),
            ("false-premise", "Where is the bicycle?", []),
        ],
    ),
    dict(
        id="music", title="Music room", style="fluent-emoji-flat", ground=MUSIC,
        objects=[("piano", 450, 470, 250), ("drum", 170, 590, 230), ("trumpet", 710, 620, 210),
                 ("guitar", 760, 390, 250), ("books", 170, 250, 170), ("cat", 440, 620, 170)],
        alt="A music room with a piano, a drum, a trumpet, a guitar, books and a cat",
        questions=[
            ("function", "Which of these has black and white keys?", ["piano"]),
            ("direct", "Find the cat.", ["cat"]),
            ("attribute", "Where is the largest musical instrument?", ["piano"]),
            ("spatial", "Show the leftmost musical instrument.", ["drum"]),
            ("conditional", "If there is a cat, show the drum, otherwise the guitar.", ["drum"]),
            ("false-premise", "Where is the violin?", []),
        ],
    ),
    dict(
        id="street", title="Street", style="noto", ground=STREET,
        objects=[("bus", 240, 560, 260), ("traffic light", 560, 440, 290), ("house", 760, 430, 230),
                 ("bicycle", 520, 625, 200), ("dog", 790, 620, 190), ("balloon", 420, 210, 180)],
        alt="A street with a bus, a traffic light, a house, a bicycle, a dog and a balloon",
        questions=[
            ("function", "What tells drivers when to stop?", ["traffic light"]),
            ("direct", "Where is the bus?", ["bus"]),
            ("negation", "Show the vehicle that is not the bicycle.", ["bus"]),
            ("attribute", "Where is the largest vehicle?", ["bus"]),
            ("conditional", "If there is a dog, show the balloon, otherwise the house.", ["balloon"]),
            ("false-premise", "Where is the airplane?", []),
        ],
    ),
]  # fmt: skip


def draw(sample, icons):
    """The picture, and what shows of each object by name: boolean, HEIGHT x WIDTH."""
    png = resvg_py.svg_to_bytes(svg_string=svg(sample["ground"]), width=WIDTH, height=HEIGHT)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    style, masks = Style(sample["style"]), {}
    for name, x, bottom, height in sample["objects"]:
        sprite = render(style.svg(icons[name]), SPRITE)
        sprite = sprite.crop(sprite.getbbox())
        scale = height / max(sprite.size)
        sprite = sprite.resize((round(sprite.width * scale), round(sprite.height * scale)), Image.LANCZOS)
        corner = (max(x - sprite.width // 2, 0), max(bottom - sprite.height, 0))
        picture.alpha_composite(sprite, corner)
        layer = Image.new("L", picture.size)
        layer.paste(sprite.getchannel("A"), corner)
        covered = np.asarray(layer) > 127
        masks = {other: mask & ~covered for other, mask in masks.items()} | {name: covered}
    return picture.convert("RGB"), masks


def as_benchmark(sample, file, masks):
    """The sample's questions as `askmask eval` reads them, one line each."""
    for number, (family, text, wanted) in enumerate(sample["questions"]):
        targets = [dict(name=target, mask=rle(masks[target])) for target in wanted]
        yield json.dumps(dict(
            id=f"{sample['id']}#{number}", picture=file, split="samples", family=family, question=text,
            size=[HEIGHT, WIDTH], targets=targets, constraints=[], answer="",
        ))  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--benchmark", type=Path, help="also write the questions and true masks there, for askmask eval")
    args = parser.parse_args()
    for folder in filter(None, (args.out, args.benchmark)):
        folder.mkdir(parents=True, exist_ok=True)
    icons = {entry["name"]: entry["icons"] for entry in load_objects()}
    index, lines = [], []
    for sample in SAMPLES:
        file = f"{sample['id']}.webp"
        picture, masks = draw(sample, icons)
        picture.save(args.out / file, quality=88, method=6)
        if args.benchmark:
            shutil.copy(args.out / file, args.benchmark)
            lines += as_benchmark(sample, file, masks)
        kept = dict(alt=sample["alt"], questions=[text for _, text, _ in sample["questions"]])
        index.append(dict(id=sample["id"], title=sample["title"], file=file, width=WIDTH, height=HEIGHT, **kept))
    (args.out / "samples.json").write_text(json.dumps(index, indent=2) + "\n")
    if args.benchmark:
        (args.benchmark / "questions.jsonl").write_text("".join(line + "\n" for line in lines))


if __name__ == "__main__":
    main()
