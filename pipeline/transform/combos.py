"""Lines of receipts to rows of `sales`: combos split, modifiers at their row.

Takes the lines of some receipts (nested Arrow), in order. Returns an Exploded: for every row of
`sales` the line it comes from and what it is. Always true: every modifier is at exactly one row. A
combo without any part stays a plain line. The n-th extra (sauce) goes with the n-th component of
its part (burger), wherever they are on the line; those beyond the last go with the last, those of a
part that is missing with the first component.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.transform.columns import Ints, expand_ranges, pair
from pipeline.transform.menu_lookup import TEN_THOUSAND, Component, MenuLookup, OptionRole, SoldItem
from pipeline.transform.nested import Rows


@dataclass(frozen=True)
class Parts:
    """The components of the combo lines, in order of `line`.

    `component` is an index into `components`; quantity in 1/10,000.
    """

    line: Ints
    part: Ints
    component: Ints
    quantity: Ints
    weight: Ints
    slot: Ints
    components: list[Component]


@dataclass(frozen=True)
class Exploded:
    """What the lines are, and the rows of sales that they make.

    Per line: its `sold_item`, an index of `sold_items`. Per row of sales: its `line`, and `number`,
    that of the component (0: plain line). Per modifier (an index into the lines' modifiers): its
    line, its row, whether the row lists it, and whether it is the slot that chose the row.
    """

    sold_item: Ints
    sold_items: list[SoldItem]
    line: Ints
    number: Ints
    parts: Parts
    modifier: Ints
    modifier_line: Ints
    modifier_row: Ints
    modifier_listed: np.ndarray
    modifier_slot: np.ndarray


def sold_items_of(lines: Rows, line_index: Ints, lookup: MenuLookup) -> tuple[Ints, list[SoldItem]]:
    """(code of each line's item, the items)."""
    names, ids = lines.labels("item_name"), lines.labels("item_id")
    codes, pairs = pair(names.codes[line_index], ids.codes[line_index], len(ids.values))
    return codes, [
        lookup.sold_item(names.values[name], ids.values[item] if item >= 0 else None)
        for name, item in pairs
    ]


def explode(lines: Rows, line_index: Ints, lookup: MenuLookup) -> Exploded:
    """The rows that some lines make; `line_index` has their positions in `lines`."""
    sold_item, sold_items = sold_items_of(lines, line_index, lookup)
    modifiers = lines.rows("line_modifiers")
    # per modifier: its line, its index among all modifiers; `inside` are those of combos
    owner, modifier = expand_ranges(modifiers.ends[line_index], modifiers.counts[line_index])
    is_combo = np.array([d.split is not None for d in sold_items], bool)[sold_item]
    inside = np.flatnonzero(is_combo[owner])
    roles, role = _roles(modifiers, sold_item[owner[inside]], modifier[inside], sold_items, lookup)
    slots = modifiers.labels("name").codes[modifier[inside]]
    combos = np.flatnonzero(is_combo)
    parts, chosen = _parts(owner[inside], slots, role, roles, sold_item, sold_items, combos)

    rows = np.bincount(parts.line, minlength=len(line_index))
    line, number = expand_ranges(np.zeros(len(line_index), "i8"), np.maximum(rows, 1))
    first = np.cumsum(np.maximum(rows, 1)) - np.maximum(rows, 1)
    row, listed = first[owner], np.ones(len(owner), bool)
    slot = np.zeros(len(owner), bool)
    if len(inside):
        part_rows = np.flatnonzero(rows[line] > 0)
        row[inside] = _row_of_modifier(
            role, roles, chosen, owner[inside], parts, part_rows, row[inside]
        )
        slot[inside] = chosen >= 0
        listed[inside] = (chosen < 0) | np.array([c.is_listed for c in roles], bool)[role]
    return Exploded(
        sold_item,
        sold_items,
        line,
        np.where(rows[line] > 0, number + 1, 0),
        parts,
        modifier,
        owner,
        row,
        listed,
        slot,
    )


def _roles(
    modifiers: Rows, sold_item: Ints, modifier: Ints, sold_items: list[SoldItem], lookup: MenuLookup
) -> tuple[list[OptionRole], Ints]:
    """(the distinct roles, the code of each) of the options chosen in combos."""
    names, options = modifiers.labels("name"), modifiers.labels("option")
    texts, spelled = pair(names.codes[modifier], options.codes[modifier], len(options.values))
    codes, pairs = pair(sold_item, texts, len(spelled))
    roles = []
    for combo, text in pairs:
        name, option = spelled[text]
        split = sold_items[combo].split
        roles.append(lookup.role(split and split.rule, names.values[name], options.values[option]))
    return roles, codes


def _parts(
    owner: Ints,
    slots: Ints,
    role: Ints,
    roles: list[OptionRole],
    sold_item: Ints,
    sold_items: list[SoldItem],
    combos: Ints,
) -> tuple[Parts, Ints]:
    """(components by line, the position of each modifier among them or -1).

    The chosen components are in the order of the modifiers, then the fixed ones.
    `owner`, `slots` and `role` are the line, the name's code and the role of each modifier.
    """
    codes: dict[Component, int] = {}

    def code(component: Component | None) -> int:
        return -1 if component is None else codes.setdefault(component, len(codes))

    table = np.array(
        [(c.part, code(c.component), c.quantity, c.weight) for c in roles] or np.zeros((0, 4)),
        "i8",
    )
    picked = np.flatnonzero((table[:, 1] >= 0)[role]) if len(roles) else np.zeros(0, "i8")
    fixed = [
        (part.part, code(part.component), part.quantity, part.weight)
        for d in sold_items
        if d.split
        for part in d.split.fixed
    ]
    fixed_parts = np.array([len(d.split.fixed) if d.split else 0 for d in sold_items] or [0])
    combo, which = expand_ranges(
        (np.cumsum(fixed_parts) - fixed_parts)[sold_item[combos]], fixed_parts[sold_item[combos]]
    )
    lines = np.concatenate([owner[picked], combos[combo]])
    order = np.argsort(lines, kind="stable")
    columns = np.concatenate(
        [table[role[picked]], np.array(fixed or np.zeros((0, 4)), "i8")[which]]
    )[order]
    slot = np.concatenate([slots[picked], np.full(len(which), -1)])[order]
    position = np.empty(len(order), "i8")
    position[order] = np.arange(len(order))
    chosen = np.full(len(owner), -1)
    chosen[picked] = position[: len(picked)]
    part, component, quantity, weight = columns.T
    return Parts(lines[order], part, component, quantity, weight, slot, list(codes)), chosen


def _row_of_modifier(
    role: Ints,
    roles: list[OptionRole],
    chosen: Ints,
    owner: Ints,
    parts: Parts,
    rows: Ints,
    first: Ints,
) -> Ints:
    """The row of each modifier of a combo.

    `rows[n]` is the row of component n, `first` the first row of the modifier's line.
    """
    row = first.copy()
    own = chosen >= 0
    row[own] = rows[chosen[own]]
    extra = np.array([c.extra for c in roles], "i8")[role]
    goes = np.flatnonzero(extra >= 0)
    if not len(goes) or not len(parts.line):
        return row
    target = np.array([(c.target, c.each) for c in roles], "i8")[role[goes]]
    rank = _rank(owner[goes] * (int(extra.max()) + 1) + extra[goes]) // target[:, 1]
    width = int(max(parts.part.max(), target[:, 0].max())) + 2
    keys = parts.line * width + parts.part + 1
    order = np.argsort(keys, kind="stable")
    keys, partner = keys[order], owner[goes] * width + target[:, 0] + 1
    low, high = np.searchsorted(keys, partner, "left"), np.searchsorted(keys, partner, "right")
    paired = np.flatnonzero(high > low)
    row[goes[paired]] = rows[order[np.minimum(low + rank, high - 1)[paired]]]
    return row


def _rank(keys: Ints) -> Ints:
    """How many rows before each row have its key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rank = np.empty(len(keys), "i8")
    rank[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.r_[starts, len(keys)]))
    return rank


def signed_quantity(line: Ints, part: Ints) -> Ints:
    """Quantity of a component (1/10,000): line times part, halves away from 0."""
    size = (np.abs(line) * part + TEN_THOUSAND // 2) // TEN_THOUSAND
    return np.sign(line) * size
