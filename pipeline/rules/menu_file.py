"""Reads menu.toml: checks every key and makes a Menu.

Takes the text of the file. Returns a frozen Menu, whose digest is equal for files of equal meaning.
Raises ConfigError that names the key: unknown keys, a spelling of two names, combos within combos.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from decimal import Decimal
from typing import Any

from pipeline.errors import ConfigError
from pipeline.rules.menu import Combo, CombosByText, Composites, Extra, Menu, Part
from pipeline.rules.names import Aliases, fold, is_pattern

SHARES = ("list_price", "weights", "equal")
REMAINDERS = ("largest", "first", "last")
_ALIASES = ("items", "dishes", "variants", "modifiers", "options", "category_names", "categories")
_FILE = {*_ALIASES, "channels", "tickets", "composites", "combos", "cash_rounding", "dayparts"}
_COMBO = {"name", "sold_as", "item_ids", "categories", "share", "remainder", "parts", "with"}
_PART = {"modifier", "dish", "quantity", "weight", "choice", "nothing"}


def read_menu(text: str, name: str) -> Menu:
    """The rules in `text`, the content of the file `name`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}") from error
    return _Reader(name).menu(data)


class _Reader:
    """Reads the tables of one file and refuses unknown keys."""

    def __init__(self, name: str):
        self.name = name

    def fail(self, where: str, what: str) -> ConfigError:
        return ConfigError(f"{self.name}: {where}: {what}")

    def check_keys(self, table: Any, keys: set[str], where: str) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise self.fail(where, "must be a table")
        if unknown := [key for key in table if key not in keys]:
            raise self.fail(
                where, f"unknown key {unknown[0]!r}; known are {', '.join(sorted(keys))}"
            )
        return table

    def strings(self, value: Any, where: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self.fail(where, 'must be a list of texts, such as ["Combo *"]')
        return tuple(value)

    def one_of(self, table: dict[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str:
        value = table.get(key, allowed[0])
        if value not in allowed:
            raise self.fail(where, f"{key} = {value!r} is none of {', '.join(allowed)}")
        return str(value)

    def aliases(self, table: Any, where: str) -> Aliases:
        if not isinstance(table, dict):
            raise self.fail(where, "must be a table")
        spelled = {key: self.strings(value, f"[{where}] {key!r}") for key, value in table.items()}
        try:
            return Aliases(
                spelled, names_match_themselves=where not in ("channels", "tickets", "categories")
            )
        except ValueError as error:
            raise self.fail(f"[{where}]", str(error)) from error

    def menu(self, data: dict[str, Any]) -> Menu:
        self.check_keys(data, _FILE, "the file")
        names = {key: self.aliases(data.get(key, {}), key) for key in _ALIASES}
        channels, tickets = (
            self.aliases(data.get(key, {}), key) for key in ("channels", "tickets")
        )
        if not isinstance(data.get("combos", []), list):
            raise self.fail("combos", "each is written under its own [[combos]]")
        combos = tuple(
            self.combo(table, f"[[combos]] number {number}")
            for number, table in enumerate(data.get("combos", []), 1)
        )
        composites = self.composites(data.get("composites", {}))
        rounding = data.get("cash_rounding")
        if rounding is not None:
            rounding = self.decimal(rounding, "cash_rounding", Decimal(0))
        aliases = {**names, "channels": channels, "tickets": tickets}
        spellings = {key: table.table for key, table in aliases.items()}
        meaning = [spellings, sorted(map(repr, combos)), repr(composites), str(rounding)]
        digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]
        menu = Menu(data, combos, composites, rounding, digest, names, channels, tickets)
        self.refuse_clashes(menu)
        return menu

    def refuse_clashes(self, menu: Menu) -> None:
        for key in ("sold_as", "categories"):
            try:
                CombosByText(menu.combos, key)
            except ValueError as error:
                raise self.fail(
                    "[[combos]]", f"{key}: two combos have the same text: {error}"
                ) from error
        ids = [item_id for combo in menu.combos for item_id in combo.item_ids]
        if len(set(ids)) < len(ids):
            raise self.fail("[[combos]]", "item_ids: two combos have the same item")
        for number, combo in enumerate(menu.combos, 1):
            for part in combo.parts:
                if part.dish and menu.combo((part.dish, menu.names["items"].resolve(part.dish))):
                    raise self.fail(
                        f"[[combos]] number {number}",
                        f"its part {part.dish!r} is itself a combo; list the dishes of both"
                        " instead",
                    )

    def decimal(self, value: Any, where: str, lowest: Decimal) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self.fail(where, "must be a number")
        try:
            number = Decimal(str(value))
        except ArithmeticError as error:
            raise self.fail(where, f"{value!r} is not a number") from error
        exponent = number.as_tuple().exponent  # a letter where it is not finite
        if not isinstance(exponent, int) or exponent < -4 or not lowest <= number <= 1000:
            raise self.fail(
                where, f"{value!r} must be between {lowest} and 1000, with four decimals at most"
            )
        return number

    def composites(self, table: Any) -> Composites:
        self.check_keys(table, {"split", "share", "remainder", "never_split"}, "[composites]")
        split = table.get("split", True)
        if not isinstance(split, bool):
            raise self.fail("[composites] split", "must be true or false")
        share = self.one_of(table, "share", ("list_price", "equal"), "[composites]")
        remainder = self.one_of(table, "remainder", REMAINDERS, "[composites]")
        never_split = self.strings(table.get("never_split", []), "[composites] never_split")
        return Composites(split, share, remainder, tuple(sorted(map(fold, never_split))))

    def combo(self, table: Any, where: str) -> Combo:
        self.check_keys(table, _COMBO, where)
        sold_as, item_ids, categories = (
            tuple(sorted(self.strings(table.get(key, []), f"{where} {key}")))
            for key in ("sold_as", "item_ids", "categories")
        )
        if not (sold_as or item_ids or categories):
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
        rows, extra_rows = (enumerate(rows, 1) for rows in tables)
        parts = tuple(self.part(row, share, f"{where}, part {number}") for number, row in rows)
        extras = tuple(
            self.extra(row, parts, f"{where}, with {number}") for number, row in extra_rows
        )
        remainder = self.one_of(table, "remainder", REMAINDERS, where)
        return Combo(name, sold_as, item_ids, categories, share, remainder, parts, extras)

    def part(self, row: Any, share: str, where: str) -> Part:
        self.check_keys(row, _PART, where)
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
        nothing = tuple(sorted(map(fold, self.strings(row.get("nothing", []), where))))
        return Part(modifier, dish, quantity, weight, choice, nothing)

    def extra(self, row: Any, parts: tuple[Part, ...], where: str) -> Extra:
        self.check_keys(row, {"modifier", "of", "each"}, where)
        modifier, partner, each = row.get("modifier"), row.get("of"), row.get("each", 1)
        if (
            not isinstance(modifier, str)
            or not isinstance(partner, str)
            or isinstance(each, bool)
            or not isinstance(each, int)
            or each < 1
        ):
            raise self.fail(
                where,
                'needs modifier = "..." and of = "..."; each is optional and must be at least 1',
            )
        names = [fold(part.modifier or part.dish or "") for part in parts]
        if fold(partner) not in names:
            raise self.fail(
                where, f"of = {partner!r} is the modifier or dish of no part of this combo"
            )
        return Extra(modifier, names.index(fold(partner)), each)
