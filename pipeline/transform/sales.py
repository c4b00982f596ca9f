"""The columns of `sales` about what was sold: names, quantities, money, modifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.transform.columns import Labels, labels
from pipeline.transform.combos import signed_quantity
from pipeline.transform.writer import ColumnWriter

if TYPE_CHECKING:
    from pipeline.transform.tables import ReceiptTables


def write_sales(writer: ColumnWriter, tables: ReceiptTables) -> None:
    """Write these columns for every row of sales."""
    lines, exploded, resolve = tables.all_lines, tables.exploded, tables.lookup.menu.names
    line, parts, components = exploded.line, exploded.parts, exploded.parts.components
    is_part, line_index = exploded.number > 0, tables.line_index[line]
    component = np.full(len(line), -1)
    component[is_part] = parts.component

    def either(plain: Labels, values: list[str | None]) -> Labels:
        """`plain` where the row is a line, the component's value where it is a component."""
        return labels(
            np.where(is_part, component + len(plain.values), plain.codes), [*plain.values, *values]
        )

    sold_items, sold_item = exploded.sold_items, exploded.sold_item[line]
    slot = np.full(len(line), -1)
    slot[is_part] = parts.slot
    writer.label(
        item=either(Labels(sold_item, [d.name for d in sold_items]), [c.name for c in components]),
        item_id=either(
            lines.labels("item_id").take(line_index),
            [c.item.item_id if c.item else None for c in components],
        ),
        variant_id=either(
            lines.labels("variant_id").take(line_index),
            [c.variant.variant_id if c.variant else None for c in components],
        ),
        variant=either(
            lines.labels("variant_name").map(resolve["variants"].resolve).take(line_index),
            [c.variant_name for c in components],
        ),
        category=labels(
            np.where(is_part, component + len(sold_items), sold_item),
            [
                *(d.category for d in sold_items),
                *(tables.lookup.category(c.name, c.item) for c in components),
            ],
        ),
        item_as_sold=either(
            lines.labels("item_name").take(line_index), [c.as_sold for c in components]
        ),
        combo=labels(
            np.where(is_part, sold_item, -1),
            [d.split.name if d.split else None for d in sold_items],
        ),
        slot=Labels(slot, lines.rows("line_modifiers").labels("name").values).map(
            resolve["modifiers"].resolve
        ),
    )
    quantity = tables.quantity[line]
    quantity[is_part] = signed_quantity(quantity[is_part], parts.quantity)
    weighed = (
        tables.weighed[line]
        | np.array([*(bool(c.item and c.item.by_weight) for c in components), False], bool)[
            component
        ]
    )
    writer.flag(
        is_known=np.array([*(c.is_known for c in components), True], bool)[component],
        is_weighed=weighed,
    )
    number_in_receipt = (
        np.arange(len(tables.line_index))
        - np.repeat(np.cumsum(tables.counts) - tables.counts, tables.counts)
        + 1
    )
    writer.number(
        line=number_in_receipt[line],
        component=exploded.number,
        quantity=quantity,
        units=np.where(weighed, np.sign(quantity) * 10_000, quantity),
    )
    factor = tables.factor[tables.parent[line]]
    writer.number(
        **{
            name: getattr(tables.money, name) * factor
            for name in ("gross", "discount", "net", "tax_included", "tax_added")
        }
    )
    writer.number(tables.money.costed, cost=tables.money.cost * factor)
    price, cost = lines.ints("price")[line_index], lines.ints("cost")[line_index]
    writer.number(is_part, combo_quantity=tables.quantity[line], combo_price=price)
    writer.number(~is_part, unit_price=price)
    writer.number(~is_part & (cost != 0), unit_cost=cost)
    _write_modifiers(writer, tables)


def _write_modifiers(writer: ColumnWriter, tables: ReceiptTables) -> None:
    """Write the modifiers of each row, in order, and the extra charge of its slot."""
    exploded, resolve = tables.exploded, tables.lookup.menu.names
    modifiers = tables.all_lines.rows("line_modifiers")
    charged = (
        modifiers.ints("money_amount")[exploded.modifier]
        * tables.factor[tables.parent[exploded.modifier_line]]
    )
    upgrade = np.zeros(len(exploded.line), "i8")
    upgrade[exploded.modifier_row[exploded.modifier_slot]] = charged[exploded.modifier_slot]
    writer.number(upgrade=upgrade)
    listed = np.flatnonzero(exploded.modifier_listed)
    listed = listed[np.argsort(exploded.modifier_row[listed], kind="stable")]
    ends = np.r_[
        0, np.cumsum(np.bincount(exploded.modifier_row[listed], minlength=len(exploded.line)))
    ]
    names = [
        _text(modifiers.labels(name).take(exploded.modifier[listed]).map(resolve[table].resolve))
        for name, table in (("name", "modifiers"), ("option", "options"))
    ]
    writer.rows(
        "modifiers",
        ends,
        *names,
        tables.units[exploded.modifier_line[listed]],
        np.where(exploded.modifier_slot, 0, charged)[listed],
    )


def _text(column: Labels) -> pa.Array:
    encoded = column.column(pa.dictionary(pa.int32(), pa.string()))
    return encoded.dictionary.take(encoded.indices)
