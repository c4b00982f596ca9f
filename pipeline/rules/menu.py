"""The rules of menu.toml as data: names, categories, order types, combos.

`read_menu` (menu_file.py) makes a Menu of a file; docs/menu.md describes every key. The digest of
the menu contains the class names Combo, Part, Extra, Composites and their fields: renaming one
rebuilds every lake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from pipeline.rules.names import Aliases, Patterns


@dataclass(frozen=True)
class Part:
    """Components of a combo: the options chosen in a modifier, or the `dish`."""

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
    """Modifiers that go with the components of `part` (key `with`), free or not.

    `each` is how many go with one component.
    """

    modifier: str
    part: int
    each: int

    @cached_property
    def fits(self) -> Patterns:
        return Patterns([self.modifier])


@dataclass(frozen=True)
class Combo:
    """A combo: which items it is, its parts, how its money is allocated.

    `share` says by what its money is divided, `remainder` which part gets the cents left over.
    """

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
        fits = [("part", number, part.fits) for number, part in enumerate(self.parts)]
        fits += [("extra", number, extra.fits) for number, extra in enumerate(self.extras)]
        return next(((kind, number) for kind, number, texts in fits if modifier in texts), None)


@dataclass(frozen=True)
class Composites:
    """How the catalog's composite items are split; those of `never_split` are not."""

    split: bool = True
    share: str = "list_price"
    remainder: str = "largest"
    never_split: tuple[str, ...] = ()

    def is_split(self, item: str) -> bool:
        return self.split and item not in Patterns(self.never_split)


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
        """The rule of an item: by id, by spelling, by the longest pattern, by category."""
        return (
            self._by_id.get(item_id or "")
            or self._by_name.get(*spellings)
            or (self._by_category.get(category) if category else None)
        )

    @cached_property
    def _by_id(self) -> dict[str, Combo]:
        return {item_id: combo for combo in self.combos for item_id in combo.item_ids}

    @cached_property
    def _by_name(self) -> CombosByText:
        return CombosByText(self.combos, "sold_as")

    @cached_property
    def _by_category(self) -> CombosByText:
        return CombosByText(self.combos, "categories")


class CombosByText:
    """Combos by the texts of an attribute. Raises ValueError if two share a text."""

    def __init__(self, combos: tuple[Combo, ...], attribute: str):
        self._combos = combos
        self._aliases = Aliases(
            {str(number): getattr(combo, attribute) for number, combo in enumerate(combos, 1)},
            names_match_themselves=False,
        )

    def get(self, *texts: str) -> Combo | None:
        number = self._aliases.get(*texts)
        return None if number is None else self._combos[int(number) - 1]
