"""The columns of `sales` that say what was sold: names, quantities, money, modifiers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.transform.columns import Ints, Labels, fixed, flags, labels, valid
from pipeline.transform.combos import Exploded, signed_quantity
from pipeline.transform.money import Money
from pipeline.transform.nested import Rows
from pipeline.transform.recipes import Book


def sales_columns(writer, book: Book, lines: Rows, exploded: Exploded, parent: Ints, source: Ints, money: Money, sign: Ints,
                  factor: Ints, quantity: Ints, weighed: np.ndarray, units: Ints) -> None:
    """Write them; `source` is each line's index into `lines`, `parent` its receipt, `sign` and `factor` are per receipt."""
    line, parts, components = exploded.line, exploded.parts, exploded.parts.components
    is_part = exploded.number > 0
    at = source[line]
    component = np.full(len(line), -1)
    component[is_part] = parts.component
    unite = book.menu.names

    def either(plain: Labels, values: list[str | None]) -> Labels:
        """`plain` where the row is a line, the component's value where it is a component."""
        codes = np.where(is_part, component + len(plain.values), plain.codes)
        return labels(codes, [*plain.values, *values])

    dish = Labels(exploded.dish[line], [d.name for d in exploded.dishes])
    writer.label(
        item=either(dish, [c.name for c in components]),
        item_id=either(lines.labels("item_id").take(at), [c.item and c.item.item_id for c in components]),
        variant_id=either(lines.labels("variant_id").take(at), [c.variant and c.variant.variant_id for c in components]),
        variant=either(lines.labels("variant_name").map(unite["variants"].unite).take(at), [c.variant_name for c in components]),
        category=labels(np.where(is_part, component + len(exploded.dishes), dish.codes),
                        [*(d.category for d in exploded.dishes), *(book.category(c.name, c.item) for c in components)]),
        item_as_sold=either(lines.labels("item_name").take(at), [c.as_sold for c in components]),
        combo=labels(np.where(is_part, dish.codes, -1), [d.recipe and d.recipe.name for d in exploded.dishes]))
    modifiers = lines.rows("line_modifiers")
    slot = np.full(len(line), -1)
    slot[is_part] = parts.slot
    writer.label(slot=Labels(slot, modifiers.labels("name").values).map(unite["modifiers"].unite))
    known = np.array([*(c.known for c in components), True], bool)[component]
    heavy = weighed[line] | np.array([*(bool(c.item and c.item.by_weight) for c in components), False], bool)[component]
    amount = quantity[line]
    amount[is_part] = signed_quantity(amount[is_part], parts.quantity)
    writer.columns |= {"is_known": flags(known), "is_weighed": flags(heavy)}
    writer.number(line=_line_numbers(parent)[line], component=exploded.number, quantity=amount,
                  units=np.where(heavy, np.sign(amount) * 10_000, amount))
    times = factor[parent[line]]
    writer.number(**{name: getattr(money, name) * times for name in ("gross", "discount", "net", "tax_included", "tax_added")})
    writer.number(money.costed, cost=money.cost * times)
    writer.number(is_part, combo_quantity=quantity[line], combo_price=lines.ints("price")[at])
    writer.number(~is_part, unit_price=lines.ints("price")[at])
    writer.number(~is_part & (lines.ints("cost")[at] != 0), unit_cost=lines.ints("cost")[at])
    charged = np.where(exploded.modifier_slot, modifiers.ints("money_amount")[exploded.modifier], 0)
    upgrade = np.zeros(len(line), "i8")
    upgrade[exploded.modifier_row[exploded.modifier_slot]] = charged[exploded.modifier_slot]
    writer.number(upgrade=upgrade * times)
    _modifiers(writer, modifiers, exploded, factor[parent], units, unite)


def _line_numbers(parent: Ints) -> Ints:
    """1, 2, ... for the lines of each receipt."""
    starts = np.flatnonzero(np.r_[True, parent[1:] != parent[:-1]]) if len(parent) else np.zeros(0, "i8")
    return np.arange(1, len(parent) + 1) - np.repeat(starts, np.diff(np.r_[starts, len(parent)]))


def _modifiers(writer, modifiers: Rows, exploded: Exploded, factor: Ints, units: Ints, unite) -> None:
    """The modifiers of each row, in their order on the line; what a slot charged stands in `upgrade`, not here."""
    listed = np.flatnonzero(exploded.modifier_listed)
    listed = listed[np.argsort(exploded.modifier_row[listed], kind="stable")]
    which, of = exploded.modifier[listed], exploded.modifier_line[listed]
    ends = np.r_[0, np.cumsum(np.bincount(exploded.modifier_row[listed], minlength=len(exploded.line)))]
    names = [_text(modifiers.labels(name).take(which).map(unite[table].unite))
             for name, table in (("name", "modifiers"), ("option", "options"))]
    charged = np.where(exploded.modifier_slot[listed], 0, modifiers.ints("money_amount")[which])
    writer.rows("modifiers", ends, *names, units[of], charged * factor[of])


def _text(column: Labels) -> pa.Array:
    kind = pa.dictionary(pa.int32(), pa.string())
    encoded = column.column(kind)
    return encoded.dictionary.take(encoded.indices)
