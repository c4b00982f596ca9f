"""What no rule names yet: modifiers of combos, unknown components, items that look like combos, order types.

In: raw objects, catalog, rules. Out: findings with how often and how much money, the most money first, and the text to
paste into menu.toml. Counted over the newest version of each SALE that is not cancelled.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from pipeline.transform.catalog import Catalog
from pipeline.transform.clean import newest
from pipeline.transform.columns import pair, spread
from pipeline.transform.combos import explode
from pipeline.transform.names import fold
from pipeline.transform.read import Raw, read
from pipeline.transform.recipes import Book
from pipeline.transform.rules import Rules
from pipeline.transform.tables import channels

_LOOKS = re.compile(r"\b(combos?|paquetes?|promo|menu|meal|bundle|box|deal)\b")
KINDS = ("combo", "part", "modifier", "dish", "channel")


@dataclass(frozen=True)
class Finding:
    """`kind`: combo (an item that looks like one), part (a combo without parts), modifier (of a combo), dish (unknown
    component), channel (dining option). `within` is the combo concerned; `amount` the gross, or charge, of its rows."""

    kind: str
    text: str
    within: str
    count: int
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Uncovered:
    findings: list[Finding]
    text: str


def uncovered(raw: Iterable[Raw], catalog: Catalog, rules: Rules) -> Uncovered:
    """Everything in `raw` that menu.toml does not name."""
    found = read(sorted(raw, key=lambda r: (r.batch, r.name)), rules)
    receipts, is_newest = found.receipts, newest(found)[0][:len(found.good)]
    order = found.good[is_newest]
    sale = receipts.labels("receipt_type").is_in("SALE")[order] & ~receipts.cancelled[order]
    counts: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for kind, text, within, currency, amount in _sightings(receipts, order[sale], Book(rules.menu, catalog), rules):
        counts[kind, text, within, currency][0] += 1
        counts[kind, text, within, currency][1] += amount
    findings = [Finding(kind, text, within, times, Decimal(amount).scaleb(-rules.places), currency)
                for (kind, text, within, currency), (times, amount) in counts.items()]
    findings.sort(key=lambda f: (KINDS.index(f.kind), -f.amount, -f.count, f.text, f.within, f.currency))
    return Uncovered(findings, _text(findings))


def _sightings(receipts, order, book: Book, rules: Rules) -> Iterator[tuple[str, str, str, str, int]]:
    """(kind, text, combo, currency, minor units) of every row that a rule should name."""
    lines = receipts.rows("line_items")
    parent, source = spread(lines.ends[order], lines.counts[order])
    exploded = explode(lines, source, book)
    modifiers, names = lines.rows("line_modifiers"), lines.rows("line_modifiers").labels("name")
    options = modifiers.labels("option")
    store = receipts.labels("store_id")
    money = np.array([rules.store(value).currency for value in store.values])[store.codes[order]]
    gross, item = lines.ints("gross_total_money")[source], lines.labels("item_name")
    plain = exploded.number[np.searchsorted(exploded.line, np.arange(len(source)))] == 0
    _, pairs = pair(exploded.dish[exploded.modifier_line], options.codes[exploded.modifier], len(options.values))
    chosen = {dish for dish, option in pairs if book.component(options.values[option], options.values[option]).known}
    for at in np.flatnonzero(plain).tolist():
        code = int(exploded.dish[at])
        dish = exploded.dishes[code]
        if dish.recipe is not None:
            yield "part", item.values[item.codes[source[at]]], dish.recipe.name, money[parent[at]], int(gross[at])
        elif code in chosen or _LOOKS.search(fold(dish.name)):
            yield "combo", item.values[item.codes[source[at]]], "", money[parent[at]], int(gross[at])
    charged = modifiers.ints("money_amount")
    for at in np.flatnonzero(~plain[exploded.modifier_line]).tolist():
        line, modifier = int(exploded.modifier_line[at]), int(exploded.modifier[at])
        recipe = exploded.dishes[int(exploded.dish[line])].recipe
        name, option = names.values[names.codes[modifier]], options.values[options.codes[modifier]]
        choice = book.choice(recipe.rule, name, option)
        if exploded.modifier_slot[at] and not choice.component.known:
            yield "dish", option, recipe.name, money[parent[line]], int(gross[line])
        elif recipe.rule and recipe.rule.role(name) is None:
            yield "modifier", name, recipe.name, money[parent[line]], int(charged[modifier])
    channel, dining, total = channels(receipts, rules), receipts.labels("dining_option"), receipts.ints("total_money")
    for at, row in enumerate(order.tolist()):
        if channel.values[channel.codes[row]] == "unmapped":
            yield "channel", dining.values[dining.codes[row]] if dining.codes[row] >= 0 else "", "", money[at], int(total[row])


def _text(findings: list[Finding]) -> str:
    """The findings as lines for menu.toml; what only a person can know is left as "?"."""
    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    titles = {"combo": "# Items that look like combos; give those that are one the modifiers (or dishes) that they are made of:",
              "part": "# Combos sold without any part: is a fixed dish missing in their rule?",
              "modifier": "# Modifiers of combos that are neither a part nor go with one:",
              "dish": "# Choices within combos that name no dish; under [dishes]:", "channel": "# Dining options; under [channels]:"}
    forms = {"combo": "[[combos]]\nsold_as = [{text}]\nparts = [{{ modifier = \"?\" }}]", "part": "# sold_as = [{text}]",
             "modifier": "# {{ modifier = {text}, of = \"?\" }},", "dish": "\"?\" = [{text}]", "channel": "\"?\" = [{text}]"}
    out = []
    for kind in KINDS:
        rows = [f for f in findings if f.kind == kind]
        if rows:
            out += ["", titles[kind]]
            out += [forms[kind].format(text=quoted(f.text)) + f"   # {f.count} times, {f.amount} {f.currency}"
                    + (f", in {f.within}" if f.within else "") for f in rows]
    return "\n".join(out[1:]) + "\n" if out else "Every combo, choice and order type is covered by a rule.\n"
