"""The page's sample pictures, laid out by hand and drawn crisply from the art.

`python samples.py OUT` writes one WebP a scene and samples.json. Every style used here is also trained on.
"""

import argparse
import io
import json
from pathlib import Path

import resvg_py
from PIL import Image

from art import Style, load_objects, render

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

# Each object: name, center x, bottom y, height in pixels.
SAMPLES = [
    dict(
        id="kitchen", title="Kitchen", style="fluent-emoji", ground=KITCHEN,
        objects=[("coffee", 140, 460, 200), ("candle", 480, 405, 190), ("banana", 390, 560, 220),
                 ("cheese", 600, 545, 200), ("apple", 790, 500, 190), ("carrot", 190, 630, 165)],
        alt="A kitchen table with coffee, a candle, a banana, cheese, an apple and a carrot",
        questions=["Where is the banana?", "Which of these wakes you up in the morning?", "What is full of holes?",
                   "Segment the apple and the carrot."],
    ),
    dict(
        id="beach", title="Beach", style="noto", ground=BEACH,
        objects=[("palm tree", 130, 520, 430), ("sailboat", 470, 350, 210), ("umbrella", 690, 470, 270),
                 ("crab", 360, 600, 210), ("ice cream", 820, 620, 210), ("soccer ball", 590, 615, 150)],
        alt="A beach with a palm tree, a sailboat, an umbrella, a crab, an ice cream and a ball",
        questions=["Find the crab.", "What melts in the sun?", "Which of these is driven by the wind?",
                   "Segment the umbrella and the soccer ball."],
    ),
    dict(
        id="farm", title="Farm", style="twemoji", ground=FARM,
        objects=[("house", 150, 390, 240), ("tractor", 420, 460, 240), ("sunflower", 800, 430, 270),
                 ("cow", 640, 590, 230), ("pig", 190, 620, 190), ("duck", 420, 625, 150)],
        alt="A farm with a house, a tractor, a sunflower, a cow, a pig and a duck",
        questions=["Which of these gives us milk?", "Segment the tractor.", "What rolls in the mud?",
                   "Segment the cow and the pig."],
    ),
    dict(
        id="camping", title="Camping", style="fluent-emoji", ground=CAMPING,
        objects=[("pine tree", 120, 470, 380), ("tent", 420, 470, 270), ("fire", 590, 620, 200),
                 ("guitar", 755, 500, 230), ("backpack", 300, 620, 200), ("mushroom", 110, 620, 140)],
        alt="A camp at dusk with a tent, a fire, a guitar, a backpack, a pine tree and a mushroom",
        questions=["Where is the tent?", "What is carried on the shoulders?", "Which of these gives heat and burns wood?",
                   "Segment the guitar."],
    ),
    dict(
        id="music", title="Music room", style="fluent-emoji-flat", ground=MUSIC,
        objects=[("piano", 450, 470, 250), ("drum", 170, 590, 230), ("trumpet", 710, 620, 210),
                 ("guitar", 760, 390, 250), ("books", 170, 250, 170), ("cat", 440, 620, 170)],
        alt="A music room with a piano, a drum, a trumpet, a guitar, books and a cat",
        questions=["Which of these has black and white keys?", "Segment the trumpet.", "What is beaten with sticks?",
                   "Find the cat."],
    ),
    dict(
        id="street", title="Street", style="noto", ground=STREET,
        objects=[("bus", 240, 560, 260), ("traffic light", 560, 440, 290), ("house", 760, 430, 230),
                 ("bicycle", 520, 625, 200), ("dog", 790, 620, 190), ("balloon", 420, 210, 180)],
        alt="A street with a bus, a traffic light, a house, a bicycle, a dog and a balloon",
        questions=["Where is the bus?", "What tells drivers when to stop?", "Which of these is moved by pedals?",
                   "Show me the dog."],
    ),
]  # fmt: skip


def draw(sample, icons):
    png = resvg_py.svg_to_bytes(svg_string=svg(sample["ground"]), width=WIDTH, height=HEIGHT)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    style = Style(sample["style"])
    for name, x, bottom, height in sample["objects"]:
        sprite = render(style.svg(icons[name]), SPRITE)
        sprite = sprite.crop(sprite.getbbox())
        scale = height / max(sprite.size)
        sprite = sprite.resize((round(sprite.width * scale), round(sprite.height * scale)), Image.LANCZOS)
        picture.alpha_composite(sprite, (max(x - sprite.width // 2, 0), max(bottom - sprite.height, 0)))
    return picture.convert("RGB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    icons = {entry["name"]: entry["icons"] for entry in load_objects()}
    index = []
    for sample in SAMPLES:
        file = f"{sample['id']}.webp"
        draw(sample, icons).save(out / file, quality=88, method=6)
        kept = {key: sample[key] for key in ("alt", "questions")}
        index.append(dict(id=sample["id"], title=sample["title"], file=file, width=WIDTH, height=HEIGHT, **kept))
    (out / "samples.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
