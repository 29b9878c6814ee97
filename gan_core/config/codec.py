"""Configurations to JSON, to `--set a.b=v` pairs and URL queries, and back, without loss.

Everything that comes in is checked field by field; a `ConfigError` is one sentence that names the field, the
value and what is allowed.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from gan_core.config.fields import FieldSpec, spec_of, specs

C = TypeVar("C")

NAME_KEY = "name"  # in JSON, the member of a family that the other keys belong to
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class ConfigError(ValueError):
    """A configuration value that cannot be used, said in one sentence."""


def _shown(value: object) -> str:
    """A value as a message may quote it: on one line, not too long."""
    try:
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    except ValueError:  # more digits than Python writes out
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"


def allowed_words(spec: FieldSpec) -> str:
    """What a field takes, in words: "a number from 0 to 1"."""
    if spec.kind == "float":
        return f"a number from {_plain(spec.low)} to {_plain(spec.high)}"
    if spec.kind == "int":
        return f"a whole number from {_plain(spec.low)} to {_plain(spec.high)}"
    if spec.kind == "bool":
        return "true or false"
    if spec.kind == "choice":
        return "one of " + ", ".join(str(c) for c in spec.choices)
    if spec.kind == "one_of":
        assert spec.family is not None
        return "one of " + ", ".join(spec.family.names())
    if spec.kind == "section":
        return "a group of fields"
    return f"a text of at most {spec.max_length} characters"


def _refuse(path: str, value: object, spec: FieldSpec) -> ConfigError:
    return ConfigError(f"{path} is {_shown(value)}; it must be {allowed_words(spec)}.")


def check_value(path: str, value: object, spec: FieldSpec) -> Any:
    """The value in the field's own type, or a ConfigError; `path` is the dotted name for the message."""
    if spec.kind == "bool":
        if isinstance(value, bool):
            return value
    elif spec.kind == "int":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if whole and not isinstance(value, bool):
            number = int(value)  # type: ignore[call-overload]
            if spec.low is not None and spec.high is not None and spec.low <= number <= spec.high:
                return number
    elif spec.kind == "float":
        if isinstance(value, int | float) and not isinstance(value, bool):
            if spec.low is not None and spec.high is not None and spec.low <= value <= spec.high:  # no NaN either
                return float(value)
    elif spec.kind == "choice":
        for known in spec.choices:
            if type(known) is type(value) and known == value:
                return known
    elif spec.kind == "text" and isinstance(value, str) and len(value) <= spec.max_length:
        if not spec.pattern or re.fullmatch(spec.pattern, value):
            return value
    raise _refuse(path, value, spec)


def parse_text(path: str, text: str, spec: FieldSpec) -> Any:
    """A value typed by a person (`--set`, a URL) in the field's own type, or a ConfigError."""
    value: object = text
    if spec.kind == "bool":
        word = text.strip().lower()
        value = True if word in _TRUE else False if word in _FALSE else text
    elif spec.kind in ("int", "float"):
        try:
            value = int(text) if spec.kind == "int" else float(text)
        except ValueError:
            raise _refuse(path, text, spec) from None
    elif spec.kind == "choice":
        value = next((c for c in spec.choices if str(c) == text.strip()), text)
    return check_value(path, value, spec)


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as plain JSON-ready data; family members carry their `name`."""
    out: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        spec, value = spec_of(field), getattr(config, field.name)
        if spec.kind == "one_of":
            assert spec.family is not None
            out[field.name] = {NAME_KEY: spec.family.name_of(value), **to_dict(value)}
        elif spec.kind == "section":
            out[field.name] = to_dict(value)
        else:
            out[field.name] = value
    return out


def from_dict(cls: type[C], data: object, path: str = "") -> C:
    """The configuration of class `cls` that `data` describes; fields left out take their defaults.

    A class may have a static method `upgraded`, which turns what its earlier versions wrote into what it is now.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{path or 'The configuration'} is {_shown(data)}; it must be a group of fields.")
    known, upgraded = specs(cls), getattr(cls, "upgraded", None)
    given: Mapping[Any, Any] = data if upgraded is None else upgraded(data)
    for key in given:
        if key not in known:
            raise _unknown(_join(path, str(key)), known)
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if name in given:
            values[name] = _value_from(_join(path, name), given[name], spec)
    return cls(**values)


def _value_from(path: str, value: object, spec: FieldSpec) -> Any:
    if spec.kind == "section":
        assert spec.section is not None
        return from_dict(spec.section, value, path)
    if spec.kind == "one_of":
        assert spec.family is not None
        if isinstance(value, str):
            value = {NAME_KEY: value}
        if not isinstance(value, Mapping) or not isinstance(value.get(NAME_KEY), str):
            raise _refuse(path, value, spec)
        if value[NAME_KEY] not in spec.family:
            raise _refuse(path, value[NAME_KEY], spec)
        rest = {k: v for k, v in value.items() if k != NAME_KEY}
        return from_dict(spec.family.get(value[NAME_KEY]).cls, rest, path)
    return check_value(path, value, spec)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _unknown(path: str, known: Mapping[str, FieldSpec]) -> ConfigError:
    there_are = f"the fields are {', '.join(known)}" if known else "there is none"
    return ConfigError(f"{path} is not a field here; {there_are}.")


def walk(config: Any, path: str = "") -> Iterator[tuple[str, FieldSpec, Any]]:
    """Every leaf and family of a configuration as (dotted path, spec, value), depth first.

    A family yields itself (its value is the member's name), then the member's own fields.
    """
    for field in dataclasses.fields(config):
        spec, value, here = spec_of(field), getattr(config, field.name), _join(path, field.name)
        if spec.kind == "section":
            yield from walk(value, here)
        elif spec.kind == "one_of":
            assert spec.family is not None
            yield here, spec, spec.family.name_of(value)
            yield from walk(value, here)
        else:
            yield here, spec, value


def get_at(config: Any, path: str) -> Any:
    """The value at a dotted path; for a family, its member."""
    for name in path.split("."):
        if not dataclasses.is_dataclass(config) or name not in {f.name for f in dataclasses.fields(config)}:
            raise ConfigError(f"{path} is not a field of this configuration.")
        config = getattr(config, name)
    return config


def spec_at(config: Any, path: str) -> FieldSpec:
    """The description of the field at a dotted path of this configuration."""
    head, _, last = path.rpartition(".")
    owner = get_at(config, head) if head else config
    if not dataclasses.is_dataclass(owner) or last not in (known := specs(type(owner))):
        raise ConfigError(f"{path} is not a field of this configuration.")
    return known[last]


def replace_at(config: C, path: str, value: object) -> C:
    """A copy with one field changed, checked; for a family `value` is a member's name, instance or mapping."""
    new: C = _replace(config, path.split("."), path, value, typed=False)
    return new


def set_at(config: C, path: str, text: str) -> C:
    """A copy with one field changed to what a person typed (`--set path=text`).

    A class may have a method `renamed` (path, text -> path, text), for links made by earlier versions.
    """
    if (renamed := getattr(config, "renamed", None)) is not None:
        path, text = renamed(path, text)
    new: C = _replace(config, path.split("."), path, text, typed=True)
    return new


def _replace(config: Any, names: list[str], path: str, value: object, *, typed: bool) -> Any:
    name, rest = names[0], names[1:]
    known = specs(type(config))
    if name not in known:
        here = path.split(".")[: -len(names) + 1 or None]
        raise _unknown(".".join(here), known)
    spec = known[name]
    if not rest:
        if typed and spec.kind not in ("one_of", "section"):
            new = parse_text(path, str(value), spec)
        elif spec.kind == "one_of" and dataclasses.is_dataclass(value):
            new = value
        else:
            new = _value_from(path, value, spec)
        return dataclasses.replace(config, **{name: new})
    if spec.kind not in ("one_of", "section"):
        raise ConfigError(f"{path} is not a field: {'.'.join(path.split('.')[: -len(rest)])} has no parts.")
    if spec.kind == "one_of" and rest == [NAME_KEY]:
        return dataclasses.replace(config, **{name: _value_from(path, str(value), spec)})
    inner = _replace(getattr(config, name), rest, path, value, typed=typed)
    return dataclasses.replace(config, **{name: inner})


def apply_sets(config: C, pairs: Mapping[str, str]) -> C:
    """A copy with many typed changes; families are changed first, so that their members' fields are known."""
    for path in sorted(pairs, key=lambda p: (not _names_family(config, p), p.count("."))):
        config = set_at(config, path, pairs[path])
    return config


def _names_family(config: Any, path: str) -> bool:
    path = path.removesuffix(f".{NAME_KEY}")
    try:
        return spec_at(config, path).kind == "one_of"
    except ConfigError:
        return False


def _text_of(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def differences(config: Any, base: Any) -> dict[str, str]:
    """The fewest `--set` pairs that turn `base` into `config`: `apply_sets(base, differences(...)) == config`.

    Also the query of a run's URL: `?preset=...&g_optimizer.lr=0.0005`.
    """
    pairs: dict[str, str] = {}
    for field in dataclasses.fields(config):
        pairs.update(
            _field_differences(field.name, spec_of(field), getattr(config, field.name), getattr(base, field.name))
        )
    return pairs


def _field_differences(path: str, spec: FieldSpec, value: Any, before: Any) -> dict[str, str]:
    if spec.kind == "one_of":
        assert spec.family is not None
        name = spec.family.name_of(value)
        pairs = {}
        if name != spec.family.name_of(before):
            pairs[path] = name
            before = spec.family.get(name).cls()
        return pairs | {f"{path}.{k}": v for k, v in differences(value, before).items()}
    if spec.kind == "section":
        return {f"{path}.{k}": v for k, v in differences(value, before).items()}
    return {} if value == before else {path: _text_of(value)}
