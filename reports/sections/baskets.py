"""Bought together: pairs of items on one receipt more often than by chance."""

from __future__ import annotations

from reports.columns import columns_of
from reports.document import Section, Table
from reports.figures import Figures
from reports.figures.baskets import MIN_RECEIPTS, Pair, pairs
from reports.values import Count, Name, Percent, Rate, Text, text

PAIR_COLUMNS = columns_of("first", "second", "both", "among", "confidence", "lift")


def baskets(figures: Figures) -> Section:
    """The strongest pairs, each once, with counts next to every measure."""
    strongest = pairs(figures.now["baskets"], figures.now["combo_parts"], figures.total)
    if not strongest:
        return Section("baskets", (text("baskets.none", n=Count(MIN_RECEIPTS)),))
    lead = strongest[0]
    sentences = (
        text(
            "baskets.lead_plain" if lead.is_plain else "baskets.lead",
            first=Name(lead.first),
            second=Name(lead.second),
            confidence=Percent(*lead.confidence),
            with_first=Count(lead.with_first),
            usual=Percent(lead.with_second, lead.receipts),
            n=Count(lead.both),
        ),
    )
    rows, title = map(pair_row, strongest), text("baskets.table")
    table = Table.from_rows("baskets", title, PAIR_COLUMNS, rows, figures.currency)
    figures_out, notes = {"pairs": [as_figures(pair) for pair in strongest]}, notes_of(strongest)
    return Section("baskets", sentences, tables=(table,), notes=notes, figures=figures_out)


def notes_of(strongest: list[Pair]) -> tuple[Text, ...]:
    """A note on how pairs of items of one combo are compared, if there are any."""
    plain = {pair.receipts for pair in strongest if pair.is_plain}
    return tuple(text("baskets.plain", n=Count(receipts)) for receipts in plain)


def pair_row(pair: Pair) -> tuple[object, ...]:
    """The cells of PAIR_COLUMNS."""
    measures = Percent(*pair.confidence), Rate(*pair.lift, decimals=2)
    return pair.first, pair.second, pair.both, pair.receipts, *measures


def as_figures(pair: Pair) -> dict[str, object]:
    return {
        "first": pair.first,
        "second": pair.second,
        "receipts": pair.both,
        "with_first": pair.with_first,
        "with_second": pair.with_second,
        "among": pair.receipts,
        "without_combos": pair.is_plain,
        "support": Percent(*pair.support),
        "confidence": Percent(*pair.confidence),
        "lift": Rate(*pair.lift),
        "leverage": Rate(*pair.leverage),
    }
