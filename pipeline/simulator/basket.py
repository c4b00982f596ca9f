"""Lines of one party's order, drawn from the day's menu.

Takes a random source, the day's shelves, the size of the party and its channel. Returns lines in
the order in which the cashier keyed them.
"""

from __future__ import annotations

from bisect import bisect

from pipeline.simulator.business import LINE_NOTES
from pipeline.simulator.chance import Random
from pipeline.simulator.pricelist import Dish, Shelf
from pipeline.simulator.ticket_lines import Line

_PARTIES = (0.47, 0.80, 0.91, 1.0)  # one, two, three, four people (cumulated)


def draw_party(rng: Random) -> int:
    return bisect(_PARTIES, rng.random()) + 1


def draw_basket(rng: Random, shelves: dict[str, Shelf], party: int, channel: str) -> list[Line]:
    """Draw the lines for `party` people; a delivery ends with its fee."""
    random, lines, hungry = rng.random, [], party
    while hungry > 0:
        if random() < 0.36:
            combo = shelves["combo"].draw(rng)
            if combo.serves <= hungry + 1:
                lines.append(_serve(rng, combo))
                hungry -= combo.serves
                continue
        lines.append(_serve(rng, shelves["plato"].draw(rng)))
        hungry -= 1
        if random() < 0.46:
            _merge(lines, _serve(rng, shelves["lado"].draw(rng)))
        if random() < 0.60:
            _merge(lines, _serve(rng, shelves["bebida"].draw(rng)))
    if random() < 0.09 * party:
        _merge(lines, _serve(rng, shelves["postre"].draw(rng)))
    if random() < 0.03:
        lines.append(_serve(rng, shelves["extra"].draw(rng)))
    if channel == "domicilio":
        lines.append(_serve(rng, shelves["envío"].draw(rng)))
    return lines


def _serve(rng: Random, dish: Dish) -> Line:
    random = rng.random
    portion = dish.portions[0]
    if len(dish.portions) > 1:
        portion = dish.portions[bisect(dish.weights, random() * dish.weights[-1])]
    if dish.by_weight:
        draw = random()
        milli = 250 * (1 + int(draw * 20)) if draw < 0.3 else 200 + 5 * int(random() * 280)
        return Line(dish, portion, milli, portion.price, ())
    if dish.typed_price:
        return Line(dish, portion, 1000, 10_00 + 50 * int(random() * 300), ())
    answers = [
        ask.answers[bisect(ask.weights, random() * ask.weights[-1])]
        for ask in dish.asks
        if ask.chance == 1.0 or random() < ask.chance
    ]
    draw = random()
    milli = 1000 if draw < 0.965 or dish.role == "envío" else 2000 if draw < 0.995 else 3000
    note = LINE_NOTES[int(draw * 500) % 5] if 0.5 < draw < 0.51 else None
    return Line(dish, portion, milli, portion.price, tuple(answers), note)


def _merge(lines: list[Line], line: Line) -> None:
    """Add `line`, or add its quantity to an equal line, as cashiers do."""
    for index, other in enumerate(lines):
        same = other.portion is line.portion and other.answers == line.answers
        if same and other.note == line.note:
            milli = other.milli + line.milli
            lines[index] = Line(line.dish, line.portion, milli, line.price, line.answers, line.note)
            return
    lines.append(line)
