"""The tables of a run's database, their version, and the migrations from earlier versions.

To change the tables: raise SCHEMA_VERSION to n + 1, change TABLES, add MIGRATIONS[n] with the statements that turn
version n into n + 1, and keep a dump of version n under tests/runs/schemas. Writers migrate in place, before anything
else; readers migrate a copy in memory.
"""

from __future__ import annotations

import sqlite3

from gan_core.measure.plane import PLANE_MEASURES
from gan_core.training.statistics import METRICS

COLUMNS = (
    "step", "images", "elapsed_seconds", "images_per_second", *METRICS, "g_lr", "d_lr", "instance_noise",
    *(measure.name for measure in PLANE_MEASURES), "augmentation_strength", "d_sign_real", "d_held_out",
)  # fmt: skip
"""The curves. augmentation_strength: of an adaptive augmentation; d_sign_real: the mean sign of D's logits of real
images, seen from its threshold; d_held_out: D's mean score of real images that no run trains on."""
TIMING_COLUMNS = ("elapsed_seconds", "images_per_second")
"""The columns that differ between two runs of the same seed."""

SCHEMA_VERSION = 5
_GENERATORS = """CREATE TABLE generators (step INTEGER PRIMARY KEY, images INTEGER NOT NULL,
        elapsed_seconds REAL NOT NULL, sha256 TEXT NOT NULL)"""
_EVALUATIONS = """CREATE TABLE evaluations (step INTEGER NOT NULL, images INTEGER NOT NULL,
        elapsed_seconds REAL NOT NULL, features TEXT NOT NULL, samples INTEGER NOT NULL, "values" TEXT NOT NULL,
        floor TEXT NOT NULL, classes TEXT NOT NULL, cost_seconds REAL NOT NULL, best INTEGER NOT NULL,
        PRIMARY KEY (step, features, samples))"""
MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: tuple(
        f"ALTER TABLE points ADD COLUMN {name} REAL"
        for name in ("modes_covered", "high_quality_share", "reverse_kl", "sliced_wasserstein", "mmd")
    ),
    2: (
        *(
            f"ALTER TABLE points ADD COLUMN {name} REAL"
            for name in ("augmentation_strength", "d_sign_real", "d_held_out")
        ),
        _EVALUATIONS,
    ),
    3: ("ALTER TABLE state ADD COLUMN compiled_from_step INTEGER",),
    4: (
        "ALTER TABLE state ADD COLUMN until_step INTEGER",
        "ALTER TABLE state ADD COLUMN until_seconds REAL",
        _GENERATORS,
    ),
}
"""Version -> the statements that lead from it to the next one."""

TABLES = (
    """CREATE TABLE state (only INTEGER PRIMARY KEY CHECK (only = 1), state TEXT NOT NULL, step INTEGER NOT NULL,
        images INTEGER NOT NULL, elapsed_seconds REAL NOT NULL, error TEXT NOT NULL, advice TEXT NOT NULL,
        warnings TEXT NOT NULL, compiled_from_step INTEGER, until_step INTEGER, until_seconds REAL)""",
    f"CREATE TABLE points (step INTEGER PRIMARY KEY, {', '.join(f'{c} REAL' for c in COLUMNS[1:])})",
    """CREATE TABLE grids (step INTEGER PRIMARY KEY, images INTEGER NOT NULL, columns INTEGER NOT NULL,
        rows INTEGER NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL, scores BLOB NOT NULL)""",
    """CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, images INTEGER NOT NULL, elapsed_seconds REAL NOT NULL,
        sha256 TEXT NOT NULL, generator_sha256 TEXT NOT NULL, by_hand INTEGER NOT NULL)""",
    """CREATE TABLE changes (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, path TEXT NOT NULL,
        before TEXT NOT NULL, after TEXT NOT NULL)""",
    _EVALUATIONS,
    _GENERATORS,
)


class UnknownVersion(ValueError):
    """The database was written by a version of this program that this one does not know."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"it was written by another version of this program: its data has version {version}, "
            f"this program reads up to {SCHEMA_VERSION}"
        )


def version_of(db: sqlite3.Connection) -> int:
    """0 for a database without tables. Raises UnknownVersion for one that this program cannot read."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if not 0 <= version <= SCHEMA_VERSION:
        raise UnknownVersion(version)
    return version


def make_tables(db: sqlite3.Connection) -> None:
    """The tables of the present version in an empty database, inside the caller's transaction."""
    for statement in TABLES:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def migrate(db: sqlite3.Connection, version: int) -> None:
    """From `version` to the present one, inside the caller's transaction."""
    for old in range(version, SCHEMA_VERSION):
        for statement in MIGRATIONS[old]:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {old + 1}")
