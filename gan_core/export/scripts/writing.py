"""A settled program as the text of one script: introduction, imports, settings, then what does the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from gan_core.export.scripts.bundle import TEMPLATES, Program
from gan_core.export.scripts.definitions import Definition, Key
from gan_core.export.scripts.values import literal

SETTINGS: dict[str, str] = {
    "SEED": "everything random follows from it",
    "SIZE": "pixels a side",
    "LATENT_DIM": "numbers that the generator starts from",
    "CLASS_COUNT": "classes that the networks are told",
    "BATCH_SIZE": "real images in one update, and as many generated ones",
    "TOTAL_IMAGES": "real images that the whole run sees",
    "STEPS": "updates of the generator in the whole run",
    "D_UPDATES": "updates of the discriminator for each of the generator",
    "PACK": "images that the discriminator judges together (PacGAN, Lin et al. 2018)",
    "PENALTY_EVERY": "steps between two penalties, which then count so many times as much",
    "G_LEARNING_RATE": "of the generator, before the schedule",
    "D_LEARNING_RATE": "of the discriminator",
    "NOISE_SIGMA": "standard deviation of the noise on what the discriminator sees, at the start",
    "NOISE_IMAGES": "images after which that noise has faded out; 0: never",
    "EMA_HALF_LIFE": "images after which a weight's share in the moving average has halved",
    "EMA_RAMP_UP": "early on, the half-life is at most this share of the images seen",
    "GRID_COUNT": "samples in a picture",
    "SAMPLE_EVERY": "steps between two pictures of samples",
    "BLOCK": "samples that are drawn at once",
    "EXTENT": "of the plane that is shown: x from, to, y from, to",
}
"""What the settings are; they stand first, in this order."""


def written(
    program: Program, main: Key, introduction: str, sections: Sequence[tuple[str, Sequence[str]]],
    order: Mapping[str, str] = SETTINGS,
) -> str:  # fmt: skip
    """The script. sections: a title each, and the templates' functions that it is for, with all that those need."""
    live = {definition.key for definition in program.ordered(main, [])}
    done: list[Definition] = []
    parts = [f'"""{introduction}"""\n', "from __future__ import annotations\n", *program.import_blocks()]
    settings = len(parts)
    body: list[str] = []
    for title, roots in sections:
        definitions = [program.definition(f"{TEMPLATES}.loop", root) for root in roots if root != "main"]
        definitions += [program.definition(*main)] if "main" in roots else []
        texts = [d.text for root in definitions if root.key in live for d in program.ordered(root.key, done)]
        if texts:
            body += [f"# {'-' * 10} {title}\n", *texts]
    parts[settings:] = [_settings(program, order), *body, 'if __name__ == "__main__":\n    main()\n']
    return _joined(parts)


def _settings(program: Program, order: Mapping[str, str]) -> str:
    used = program.used_settings
    names = [*(name for name in order if name in used), *sorted(used - set(order))]
    lines = []
    for name in names:
        comment = f"  # {order[name]}" if order.get(name) else ""
        lines.append(f"{name} = {literal(program.settings[name])}{comment}\n")
    return "".join(lines)


def _joined(parts: Sequence[str]) -> str:
    """Pieces of source with the blank lines between them that Python's style asks for."""
    text = parts[0]
    for before, part in pairwise(parts):
        if any(p.startswith(("def ", "class ", "@", "if __name__")) for p in (before, part)):
            text += "\n\n"
        elif not (_is_constant(before) and _is_constant(part)):
            text += "\n"
        text += part
    return text


def _is_constant(part: str) -> bool:
    return " = " in part.split("\n", 1)[0] and not part.startswith(("#", '"""'))
