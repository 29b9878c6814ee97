"""Draw the emoji set anew: `python assets/data/emoji/make_emoji.py`, once, where Debian's packages
fonts-noto-color-emoji (the pictures) and unicode-data (their order, names and groups) are installed.

Writes emoji.png (one atlas of 64 x 64 cells, row by row) and emoji.json (what is in each cell).
Left out: flags, skin-tone variants (copies but for one colour), what the font lacks, and repeats.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, features

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
LIST = Path("/usr/share/unicode/emoji/emoji-test.txt")
FONT_PIXELS = 109  # the one size in which the font's bitmaps, 136 x 128, are stored
CANVAS, CELL, COLUMNS = 136, 64, 40
LEFT_OUT = ("Component", "Flags")
SKIN_TONES = {chr(code) for code in range(0x1F3FB, 0x1F400)}
LINE = re.compile(r"(?P<codes>[0-9A-F ]+?)\s*; fully-qualified\s*# \S+ E[\d.]+ (?P<name>.+)")


def listed(path: Path) -> Iterator[tuple[str, str, str]]:
    """(text, name, group) of every emoji that is wanted, in the list's order."""
    group = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif (match := LINE.fullmatch(line)) and group not in LEFT_OUT:
            text = "".join(chr(int(code, 16)) for code in match["codes"].split())
            if not SKIN_TONES & set(text):
                yield text, match["name"], group


def draw(text: str, font: ImageFont.FreeTypeFont) -> Image.Image | None:
    """The picture on white, or None where the font has no single glyph for it."""
    width = font.getlength(text)
    if not 0 < width <= CANVAS:  # two glyphs side by side: a sequence that the font does not know
        return None
    picture = Image.new("RGBA", (CANVAS, CANVAS), (255, 255, 255, 0))
    ImageDraw.Draw(picture).text((CANVAS // 2, CANVAS // 2), text, font=font, embedded_color=True, anchor="mm")
    if picture.getchannel("A").getbbox() is None:
        return None
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB").resize((CELL, CELL), Image.Resampling.LANCZOS)


def main() -> None:
    """Draw, drop repeats, write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--font", type=Path, default=FONT)
    parser.add_argument("--list", type=Path, default=LIST)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent)
    options = parser.parse_args()
    if not features.check("raqm"):
        raise SystemExit("Pillow lacks libraqm, without which joined emoji cannot be drawn.")
    font = ImageFont.truetype(options.font, FONT_PIXELS, layout_engine=ImageFont.Layout.RAQM)

    seen: set[bytes] = set()
    pictures, rows = [], []
    for text, name, group in listed(options.list):
        picture = draw(text, font)
        if picture is None or picture.tobytes() in seen:
            print("left out:", name)
            continue
        seen.add(picture.tobytes())
        pictures.append(picture)
        rows.append([" ".join(f"{ord(c):X}" for c in text), name, group])

    height = -(-len(pictures) // COLUMNS) * CELL
    atlas = Image.new("RGB", (COLUMNS * CELL, height), "white")
    for index, picture in enumerate(pictures):
        atlas.paste(picture, (index % COLUMNS * CELL, index // COLUMNS * CELL))
    atlas.save(options.out / "emoji.png", optimize=True)
    about = {
        "cell": CELL,
        "columns": COLUMNS,
        "count": len(rows),
        "sha256": hashlib.sha256((options.out / "emoji.png").read_bytes()).hexdigest(),
        "groups": list(dict.fromkeys(row[2] for row in rows)),
    }
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    head = json.dumps(about, ensure_ascii=False, indent=1)[:-2]
    (options.out / "emoji.json").write_text(f'{head},\n "emoji": [\n{lines}\n]}}\n', encoding="utf-8")
    print(len(rows), "emoji,", (options.out / "emoji.png").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
