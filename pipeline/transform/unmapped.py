"""Names that no rule of menu.toml covers: parts of combos, order types.

Takes raw objects, catalog, rules. Returns findings with their count and money, the most money
first, and the text to paste into menu.toml. Counted over the newest revision of each SALE that is
not cancelled.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from pipeline.rules import Rules
from pipeline.rules.names import fold, tidy
from pipeline.transform.build_days import assign_days
from pipeline.transform.catalog import Catalog
from pipeline.transform.columns import Ints, expand_ranges
from pipeline.transform.combos import explode
from pipeline.transform.days import EPOCH
from pipeline.transform.menu_lookup import MenuLookup
from pipeline.transform.nested import Rows
from pipeline.transform.read import Raw, read
from pipeline.transform.revisions import newest
from pipeline.transform.tables import UNMAPPED, channels

_LOOKS = re.compile(r"\b(combos?|paquetes?|promo|menu|meal|bundle|box|deal)\b")
KINDS = ("combo", "part", "modifier", "dish", "channel")


@dataclass(frozen=True)
class UnmappedName:
    """A text that no rule names, with its count and money.

    `kind`: combo (an item that looks like one; `hints` are its modifiers that name dishes), part (a
    combo sold without any part), modifier (of a combo), dish (unknown component), channel (dining
    option). `within` is the combo concerned; `amount` the gross of its lines, or what the modifier
    charged, or the total of the receipts.
    """

    kind: str
    text: str
    within: str
    count: int
    amount: Decimal
    currency: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unmapped:
    """All findings, and the same as text."""

    findings: list[UnmappedName]
    text: str


def find_unmapped(
    raw: Iterable[Raw], catalog: Catalog, rules: Rules, days: tuple[date, date] | None = None
) -> Unmapped:
    """Everything in `raw` that menu.toml does not name; of (first, last) `days`."""
    records = read(sorted(raw, key=lambda r: (r.partition, r.name)), rules, catalog.raw)
    receipts, is_newest = records.receipts, newest(records)[0][: len(records.accepted)]
    order = records.accepted[is_newest]
    if days:
        business_days, _ = assign_days(receipts, order, rules)
        first, last = (day.toordinal() - EPOCH for day in days)
        order = order[(first <= business_days) & (business_days <= last)]
    sale = receipts.labels("receipt_type").is_in("SALE")[order] & ~receipts.cancelled[order]
    counts: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    hints: dict[str, set[str]] = defaultdict(set)
    for kind, text, within, currency, amount in _sightings(
        receipts, order[sale], MenuLookup(rules.menu, catalog), rules, hints
    ):
        counts[kind, text, within, currency][0] += 1
        counts[kind, text, within, currency][1] += amount
    findings = [
        UnmappedName(
            kind,
            text,
            within,
            times,
            Decimal(amount).scaleb(-rules.decimals),
            currency,
            tuple(sorted(hints[text])) if kind == "combo" else (),
        )
        for (kind, text, within, currency), (times, amount) in counts.items()
    ]
    findings.sort(
        key=lambda f: (KINDS.index(f.kind), -f.amount, -f.count, f.text, f.within, f.currency)
    )
    return Unmapped(findings, _text(findings))


def _sightings(
    receipts: Rows, order: Ints, lookup: MenuLookup, rules: Rules, hints: dict[str, set[str]]
) -> Iterator[tuple[str, str, str, str, int]]:
    """(kind, text, combo, currency, minor units) of every row that a rule should name.

    Fills `hints` of each item first.
    """
    lines = receipts.rows("line_items")
    parent, line_index = expand_ranges(lines.ends[order], lines.counts[order])
    exploded = explode(lines, line_index, lookup)
    modifiers, items = lines.rows("line_modifiers"), lines.labels("item_name")
    names, options, charged = (
        modifiers.labels("name"),
        modifiers.labels("option"),
        modifiers.ints("money_amount"),
    )
    store = receipts.labels("store_id")
    money = np.array([rules.store(value).currency for value in store.values] or [""])[
        store.codes[order]
    ]
    gross = lines.ints("gross_total_money")[line_index]
    plain = exploded.number[np.searchsorted(exploded.line, np.arange(len(line_index)))] == 0
    for line, index in zip(
        exploded.modifier_line.tolist(), exploded.modifier.tolist(), strict=True
    ):
        option, dish = (
            options.values[options.codes[index]],
            exploded.sold_items[exploded.sold_item[line]],
        )
        component = lookup.component(option, option)
        if plain[line] and component.is_known and component.name != dish.name:
            hints[items.values[items.codes[line_index[line]]]].add(
                tidy(names.values[names.codes[index]])
            )
    for line in np.flatnonzero(plain).tolist():
        dish, text = (
            exploded.sold_items[exploded.sold_item[line]],
            items.values[items.codes[line_index[line]]],
        )
        if dish.split is not None:
            yield "part", text, dish.split.name, money[parent[line]], int(gross[line])
        elif len(hints.get(text, ())) > 1 or _LOOKS.search(fold(dish.name)):
            yield "combo", text, "", money[parent[line]], int(gross[line])
    for index in np.flatnonzero(~plain[exploded.modifier_line]).tolist():
        line, modifier = int(exploded.modifier_line[index]), int(exploded.modifier[index])
        split = exploded.sold_items[exploded.sold_item[line]].split
        name, option = names.values[names.codes[modifier]], options.values[options.codes[modifier]]
        if exploded.modifier_slot[index] and not lookup.component(option, option).is_known:
            yield "dish", option, split.name, money[parent[line]], int(gross[line])
        elif split.rule and split.rule.role(name) is None:
            yield "modifier", name, split.name, money[parent[line]], int(charged[modifier])
    channel, dining, total = (
        channels(receipts, rules),
        receipts.labels("dining_option"),
        receipts.ints("total_money"),
    )
    for row in np.flatnonzero(channel.is_in(UNMAPPED)[order]).tolist():
        code = dining.codes[order[row]]
        text = dining.values[code] if code >= 0 else ""
        yield "channel", text, "", money[row], int(total[order[row]])


_TITLES = {
    "combo": (
        "# Items that look like combos; for each that is one, list the modifiers (or dishes) of"
        " which it is made:"
    ),
    "part": "# Combos sold without any part: is a fixed dish missing in their rule?",
    "modifier": (
        "# Modifiers of combos that no rule covers; under `with` of the combo, each with its part:"
    ),
    "dish": (
        "# Options in combos that are the name of no dish; under [dishes], each with its dish:"
    ),
    "channel": (
        '# Dining options ("": receipts without one); under [channels], each with its order type:'
    ),
}
_FORMS = {
    "combo": "[[combos]]\nsold_as = [{text}]\nparts = [{hints}]",
    "part": "# sold_as = [{text}]",
    "modifier": '# {{ modifier = {text}, of = "?" }},',
    "dish": '# "?" = [{text}]',
    "channel": '# "?" = [{text}]',
}


def _quoted(text: str) -> str:
    """A TOML string, which needs one escape more than JSON's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(findings: list[UnmappedName]) -> str:
    """The findings as lines for menu.toml; "?" is for you to fill in."""
    out = []
    for kind in KINDS:
        by_text: dict[str, list[UnmappedName]] = defaultdict(list)
        for finding in findings:
            if finding.kind == kind:
                by_text[fold(finding.text)].append(finding)
        out += ["", _TITLES[kind]] if by_text else []
        for rows in by_text.values():
            parts = {fold(hint): hint for f in rows for hint in f.hints} or {"": "?"}
            hints = ", ".join(f"{{ modifier = {_quoted(hint)} }}" for hint in parts.values())
            seen = "; ".join(
                f"{f.count} times, {f.amount} {f.currency}"
                + (f", in {_quoted(f.within)}" if f.within else "")
                for f in rows
            )
            out.append(
                _FORMS[kind].format(text=_quoted(rows[0].text), hints=hints) + f"   # {seen}"
            )
    return (
        "\n".join(out[1:]) + "\n"
        if out
        else "Every combo, choice and order type is covered by a rule.\n"
    )
