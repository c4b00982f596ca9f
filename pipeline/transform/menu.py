"""The shop's own rules, read from menu.toml: names, categories, order types, and what combos are
made of.

In: the text of the file (docs/menu.md describes every key). Out: a frozen Menu, whose digest is
equal for files of equal meaning. Raises ConfigError that names the key: unknown keys, spellings
claimed twice, combos within combos.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from pipeline.errors import ConfigError
from pipeline.transform.names import Aliases, Patterns, fold, is_pattern

SHARES = ("list_price", "weights", "equal")
REMAINDERS = ("largest", "first", "last")
_ALIASES = ("items", "dishes", "variants", "modifiers", "options", "category_names", "categories")
_COMBO = {"name", "sold_as", "item_ids", "categories", "share", "remainder", "parts", "with"}
_PART = {"modifier", "dish", "quantity", "weight", "choice", "nothing"}


@dataclass(frozen=True)
class Part:
    """Components of a combo: every choice of the modifiers that `modifier` fits, or the fixed
    `dish`.
    """

    modifier: str | None
    dish: str | None
    quantity: Decimal
    weight: int
    choice: bool
    nothing: tuple[str, ...]

    @cached_property
    def fits(self) -> Patterns:
        return Patterns([self.modifier] if self.modifier else [])

    @cached_property
    def no_dish(self) -> Patterns:
        return Patterns(self.nothing)


@dataclass(frozen=True)
class Extra:
    """Modifiers that go with the components of part `of`: the first `each` with the first, and so
    on.
    """

    modifier: str
    of: int
    each: int

    @cached_property
    def fits(self) -> Patterns:
        return Patterns([self.modifier])


@dataclass(frozen=True)
class Combo:
    """One rule: which items are this combo, what they are made of, how the money is shared."""

    name: str | None
    sold_as: tuple[str, ...]
    item_ids: tuple[str, ...]
    categories: tuple[str, ...]
    share: str
    remainder: str
    parts: tuple[Part, ...]
    extras: tuple[Extra, ...]

    def role(self, modifier: str) -> tuple[str, int] | None:
        """What a modifier of this combo is: ("part", index), ("extra", index), or None."""
        for kind, rules in (("part", self.parts), ("extra", self.extras)):
            for at, rule in enumerate(rules):
                if modifier in rule.fits:
                    return kind, at
        return None


@dataclass(frozen=True)
class Composites:
    """What is done with the catalog's composite items: exploded into their components, but for
    those kept `whole`.
    """

    explode: bool = True
    share: str = "list_price"
    remainder: str = "largest"
    whole: tuple[str, ...] = ()

    def takes(self, item: str) -> bool:
        return self.explode and item not in Patterns(self.whole)


@dataclass(frozen=True)
class Menu:
    """All rules of one menu.toml."""

    data: dict[str, Any] = field(repr=False)
    combos: tuple[Combo, ...]
    composites: Composites
    cash_rounding: Decimal | None
    digest: str
    names: dict[str, Aliases] = field(repr=False)
    channels: Aliases = field(repr=False)
    tickets: Aliases = field(repr=False)

    def combo(
        self, spellings: tuple[str, ...], item_id: str | None = None, category: str | None = None
    ) -> Combo | None:
        """The rule of an item: by id, by one of its spellings, by the longest pattern, by category."""
        return (
            self._by_id.get(item_id)
            or self._by_name.get(*spellings)
            or (self._by_category.get(category) if category else None)
        )

    @cached_property
    def _by_id(self) -> dict[str | None, Combo]:
        return {item_id: combo for combo in self.combos for item_id in combo.item_ids}

    @cached_property
    def _by_name(self) -> _Claims:
        return _Claims(self.combos, "sold_as")

    @cached_property
    def _by_category(self) -> _Claims:
        return _Claims(self.combos, "categories")


class _Claims:
    """Combos by the texts that they claim."""

    def __init__(self, combos: tuple[Combo, ...], attribute: str):
        self._combos = combos
        self._aliases = Aliases(
            {str(at): getattr(combo, attribute) for at, combo in enumerate(combos, 1)}, own=False
        )

    def get(self, *texts: str) -> Combo | None:
        found = self._aliases.get(*texts)
        return None if found is None else self._combos[int(found) - 1]


def read_menu(text: str, name: str) -> Menu:
    """The rules in `text`, the content of the file `name`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}") from error
    return _Reader(name).menu(data)


class _Reader:
    """Takes the keys out of the tables of one file, and refuses what it does not know."""

    def __init__(self, name: str):
        self.name = name

    def fail(self, where: str, what: str) -> ConfigError:
        return ConfigError(f"{self.name}: {where}: {what}")

    def known(self, table: Any, keys: set[str], where: str) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self.fail(where, "must be a table")
        for key in table:
            if key not in keys:
                raise self.fail(where, f"unknown key {key!r}; known are {', '.join(sorted(keys))}")
        return table

    def strings(self, value: Any, where: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.fail(where, 'must be a list of texts, such as ["Combo *"]')
        return tuple(value)

    def one_of(self, table: dict[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str:
        value = table.get(key, allowed[0])
        if value not in allowed:
            raise self.fail(where, f"{key} = {value!r} is none of {', '.join(allowed)}")
        return value

    def aliases(self, table: Any, where: str) -> Aliases:
        if not isinstance(table, dict):
            raise self.fail(where, "must be a table")
        spelled = {key: self.strings(value, f"[{where}] {key!r}") for key, value in table.items()}
        try:
            return Aliases(spelled, own=where not in ("channels", "tickets", "categories"))
        except ValueError as error:
            raise self.fail(f"[{where}]", str(error)) from error

    def menu(self, data: dict[str, Any]) -> Menu:
        self.known(
            data,
            {*_ALIASES, "channels", "tickets", "composites", "combos", "cash_rounding"},
            "the file",
        )
        names = {key: self.aliases(data.get(key, {}), key) for key in _ALIASES}
        channels, tickets = (
            self.aliases(data.get(key, {}), key) for key in ("channels", "tickets")
        )
        if not isinstance(data.get("combos", []), list):
            raise self.fail("combos", "each is written under its own [[combos]]")
        combos = tuple(
            self.combo(table, f"[[combos]] number {at}")
            for at, table in enumerate(data.get("combos", []), 1)
        )
        composites = self.composites(data.get("composites", {}))
        rounding = (
            self.decimal(data["cash_rounding"], "cash_rounding", Decimal(0))
            if "cash_rounding" in data
            else None
        )
        meaning = [
            {
                key: table.table
                for key, table in {**names, "channels": channels, "tickets": tickets}.items()
            },
            sorted(map(repr, combos)),
            repr(composites),
            str(rounding),
        ]
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]
        menu = Menu(data, combos, composites, rounding, digest, names, channels, tickets)
        self.refuse_clashes(menu)
        return menu

    def refuse_clashes(self, menu: Menu) -> None:
        for key in ("sold_as", "categories"):
            try:
                _Claims(menu.combos, key)
            except ValueError as error:
                raise self.fail(
                    "[[combos]]", f"{key}: two combos claim one text: {error}"
                ) from error
        ids = [item_id for combo in menu.combos for item_id in combo.item_ids]
        if len(set(ids)) < len(ids):
            raise self.fail("[[combos]]", "item_ids: two combos claim one item")
        for at, combo in enumerate(menu.combos, 1):
            for part in combo.parts:
                if part.dish and menu.combo((part.dish, menu.names["items"].unite(part.dish))):
                    raise self.fail(
                        f"[[combos]] number {at}",
                        f"its part {part.dish!r} is itself a combo; list the dishes of both"
                        " instead",
                    )

    def decimal(self, value: Any, where: str, least: Decimal) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.fail(where, "must be a number")
        try:
            number = Decimal(str(value))
        except ArithmeticError as error:
            raise self.fail(where, f"{value!r} is not a number") from error
        if (
            not number.is_finite()
            or number < least
            or number > 1000
            or number.as_tuple().exponent < -4
        ):
            raise self.fail(
                where, f"{value!r} must lie between {least} and 1000, with four decimals at most"
            )
        return number

    def composites(self, table: Any) -> Composites:
        self.known(table, {"explode", "share", "remainder", "whole"}, "[composites]")
        explode = table.get("explode", True)
        if not isinstance(explode, bool):
            raise self.fail("[composites] explode", "must be true or false")
        share = self.one_of(table, "share", ("list_price", "equal"), "[composites]")
        return Composites(
            explode,
            share,
            self.one_of(table, "remainder", REMAINDERS, "[composites]"),
            tuple(
                sorted(fold(t) for t in self.strings(table.get("whole", []), "[composites] whole"))
            ),
        )

    def combo(self, table: Any, where: str) -> Combo:
        self.known(table, _COMBO, where)
        claims = [
            tuple(sorted(self.strings(table.get(key, []), f"{where} {key}")))
            for key in ("sold_as", "item_ids", "categories")
        ]
        if not any(claims):
            raise self.fail(where, "names no items: give it sold_as, item_ids or categories")
        name = table.get("name")
        if name is not None and not isinstance(name, str):
            raise self.fail(where, "name must be a text")
        share = self.one_of(table, "share", SHARES, where)
        tables = [table.get(key, []) for key in ("parts", "with")]
        if not all(isinstance(rows, list) for rows in tables) or not tables[0]:
            raise self.fail(
                where, "needs parts = [...]: the modifiers, or dishes, that it is made of"
            )
        parts = tuple(
            self.part(row, share, f"{where}, part {at}") for at, row in enumerate(tables[0], 1)
        )
        extras = tuple(
            self.extra(row, parts, f"{where}, with {at}") for at, row in enumerate(tables[1], 1)
        )
        return Combo(
            name, *claims, share, self.one_of(table, "remainder", REMAINDERS, where), parts, extras
        )

    def part(self, row: Any, share: str, where: str) -> Part:
        self.known(row, _PART, where)
        modifier, dish, choice = row.get("modifier"), row.get("dish"), row.get("choice", False)
        if (
            not isinstance(modifier or dish, str)
            or (modifier and dish)
            or not isinstance(choice, bool)
        ):
            raise self.fail(
                where,
                'is either a modifier = "..." or a dish = "..." (and choice is true or false)',
            )
        if dish and (is_pattern(dish) or choice or "nothing" in row):
            raise self.fail(
                where, "a dish is one name, without * and ?, and has neither choice nor nothing"
            )
        weight = row.get("weight", 0)
        if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= 1_000_000:
            raise self.fail(where, "weight must be a whole number from 0 to 1000000")
        if (share == "weights") != ("weight" in row):
            raise self.fail(
                where, 'every part has a weight when share = "weights", and none otherwise'
            )
        quantity = self.decimal(row.get("quantity", 1), f"{where} quantity", Decimal("0.0001"))
        return Part(
            modifier,
            dish,
            quantity,
            weight,
            choice,
            tuple(sorted(map(fold, self.strings(row.get("nothing", []), where)))),
        )

    def extra(self, row: Any, parts: tuple[Part, ...], where: str) -> Extra:
        self.known(row, {"modifier", "of", "each"}, where)
        modifier, of, each = row.get("modifier"), row.get("of"), row.get("each", 1)
        if (
            not isinstance(modifier, str)
            or not isinstance(of, str)
            or isinstance(each, bool)
            or not isinstance(each, int)
            or each < 1
        ):
            raise self.fail(
                where, 'needs modifier = "..." and of = "...", and each, where given, is 1 or more'
            )
        found = [
            at
            for at, part in enumerate(parts)
            if fold(part.modifier or part.dish or "") == fold(of)
        ]
        if not found:
            raise self.fail(where, f"of = {of!r} is the modifier or dish of no part of this combo")
        return Extra(modifier, found[0], each)
