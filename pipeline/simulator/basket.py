"""Lines of one party's order, drawn from the day's menu.

Takes a random source, the day's dishes, the size of the party and its channel. Returns lines in
the order in which the cashier keyed them.
"""

from __future__ import annotations

from bisect import bisect

from pipeline.simulator.business import LINE_NOTES
from pipeline.simulator.chance import Random
from pipeline.simulator.pricelist import Dish, DishesOfRole
from pipeline.simulator.ticket_lines import Line

_PARTIES = (0.47, 0.80, 0.91, 1.0)  # one, two, three, four people (cumulated)


def draw_party(rng: Random) -> int:
    return bisect(_PARTIES, rng.random()) + 1


def draw_basket(
    rng: Random, dishes_by_role: dict[str, DishesOfRole], party: int, channel: str
) -> list[Line]:
    """Draw the lines for `party` people; a delivery ends with its fee."""
    random, lines, hungry = rng.random, [], party
    while hungry > 0:
        if random() < 0.36:
            combo = dishes_by_role["combo"].draw(rng)
            if combo.serves <= hungry + 1:
                lines.append(_serve(rng, combo))
                hungry -= combo.serves
                continue
        lines.append(_serve(rng, dishes_by_role["plato"].draw(rng)))
        hungry -= 1
        if random() < 0.46:
            _merge(lines, _serve(rng, dishes_by_role["lado"].draw(rng)))
        if random() < 0.60:
            _merge(lines, _serve(rng, dishes_by_role["bebida"].draw(rng)))
    if random() < 0.09 * party:
        _merge(lines, _serve(rng, dishes_by_role["postre"].draw(rng)))
    if random() < 0.03:
        lines.append(_serve(rng, dishes_by_role["extra"].draw(rng)))
    if channel == "domicilio":
        lines.append(_serve(rng, dishes_by_role["envío"].draw(rng)))
    return lines


def _serve(rng: Random, dish: Dish) -> Line:
    random = rng.random
    variant = dish.variants[0]
    if len(dish.variants) > 1:
        variant = dish.variants[bisect(dish.weights, random() * dish.weights[-1])]
    if dish.by_weight:
        draw = random()
        milli = 250 * (1 + int(draw * 20)) if draw < 0.3 else 200 + 5 * int(random() * 280)
        return Line(dish, variant, milli, variant.price, ())
    if dish.typed_price:
        return Line(dish, variant, 1000, 10_00 + 50 * int(random() * 300), ())
    options = [
        modifier.options[bisect(modifier.weights, random() * modifier.weights[-1])]
        for modifier in dish.modifiers
        if modifier.chance == 1.0 or random() < modifier.chance
    ]
    draw = random()
    milli = 1000 if draw < 0.965 or dish.role == "envío" else 2000 if draw < 0.995 else 3000
    note = LINE_NOTES[int(draw * 500) % 5] if 0.5 < draw < 0.51 else None
    return Line(dish, variant, milli, variant.price, tuple(options), note)


def _merge(lines: list[Line], line: Line) -> None:
    """Add `line`, or add its quantity to an equal line, as cashiers do."""
    for index, other in enumerate(lines):
        same = other.variant is line.variant and other.options == line.options
        if same and other.note == line.note:
            milli = other.milli + line.milli
            lines[index] = Line(line.dish, line.variant, milli, line.price, line.options, line.note)
            return
    lines.append(line)
