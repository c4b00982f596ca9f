"""What `pos unmapped` prints is TOML for menu.toml: pasted and filled in, it covers every name that
it lists.
"""

from __future__ import annotations

import re
from datetime import date

import pytest
from kitchen import COMBO, catalog, line, raw, receipt, rules
from test_simulator import MENU, STORE, raws, shop

from pipeline.transform import Catalog, Rules, build_day, find_unmapped, read_menu
from pipeline.transform.unmapped import KINDS

DISHES = MENU[MENU.index("[dishes]") : MENU.index("# --- Combos")].removeprefix("[dishes]\n")
COVERED = "Every combo, choice and order type is covered by a rule.\n"


class Owner:
    """Pastes what is printed: each line into its table, every "?" given an answer, every combo the
    modifiers that go with it.
    """

    def __init__(self, dishes: str = "", combos: str = ""):
        self.dishes, self.combos, self.channels, self.extras = dishes, combos, "", ""

    def paste(self, text: str) -> None:
        parts = re.split(r"^# ([A-Z].*):\n", text, flags=re.MULTILINE)
        for title, body in zip(parts[1::2], parts[2::2], strict=True):
            lines = [line.removeprefix("# ") for line in body.strip().splitlines()]
            if "[dishes]" in title:
                self.dishes += "".join(
                    line.replace('"?"', f'"Plato {n}"', 1) + "\n" for n, line in enumerate(lines)
                )
            elif "[channels]" in title:
                self.channels += "".join(
                    line.replace('"?"', f'"Pedido {n}"', 1) + "\n" for n, line in enumerate(lines)
                )
            elif "look like" in title:
                self.combos += body
            else:
                self.extras += "".join(line + "\n" for line in lines)

    def menu(self) -> str:
        def with_extras(parts: re.Match) -> str:
            return parts[0] + "with = [\n" + self.extras.replace('"?"', parts[1]) + "]\n"

        combos = re.sub(
            r'^parts = \[\{ modifier = (".*?") \}.*\n', with_extras, self.combos, flags=re.MULTILINE
        )
        return f"[channels]\n{self.channels}[dishes]\n{self.dishes}{combos}"


def test_pasting_and_filling_in_covers_every_name_of_a_real_menu():
    day, items, owner, printed = date(2026, 7, 5), Catalog.read(shop()[1]), Owner(DISHES), []
    while printed[-1:] != [COVERED] and len(printed) < 5:
        printed.append(
            find_unmapped(
                raws(day), items, Rules({}, STORE, read_menu(owner.menu(), "menu.toml"), 2)
            ).text
        )
        if printed[-1] != COVERED:
            owner.paste(printed[-1])
    assert printed[-1] == COVERED and len(printed) == 3, (
        "first the combos, then what is within them, then nothing is left"
    )


ODD = ['"A" \\ # 1', "B\nb\t", "\x01\x7f\x00", "[*] 🌮 {?}", "ñandú", "ÑANDU", "‮txt"]


@pytest.mark.parametrize("combos", ["", COMBO.replace("with = ", "# ")])
def test_odd_names_make_sound_toml(combos):
    """Quotes, escapes, line ends, control characters, patterns, two spellings of a name."""
    records = []
    for n, odd in enumerate(ODD):
        sold = line(f"Combo {odd}", 10, "Side: Papas", ("Drink: Agua", 1), item_id=None)
        sold["line_modifiers"] += [
            {"name": "Side", "option": f"Dish {odd}", "money_amount": 0},
            {"name": odd, "option": "x", "money_amount": 2},
        ]
        records.append(receipt(sold, receipt_number=f"1-{n}", dining_option=odd))
    owner = Owner(combos=combos)
    matches = find_unmapped(raw(*records), catalog(), rules(owner.menu()))
    kinds = {"channel", "dish", "modifier"} if combos else {"channel", "combo"}
    assert {f.kind for f in matches.findings} == kinds and len(matches.findings) == len(
        kinds
    ) * len(ODD)
    owner.paste(matches.text)
    again = find_unmapped(raw(*records), catalog(), rules(owner.menu()))
    assert {f.kind for f in again.findings} & kinds == set()


def test_a_month_counts_the_receipts_of_its_business_days_as_the_lake_does():
    """Before the first day begins, and after midnight of the last: two of four."""
    sold = (
        "2026-07-01T06:00:00Z",
        "2026-07-02T12:00:00Z",
        "2026-07-03T06:30:00Z",
        "2026-07-04T12:00:00Z",
    )
    records = [
        receipt(
            line("Agua", 10),
            receipt_number=f"1-{n}",
            receipt_date=place,
            created_at=place,
            updated_at=place,
            dining_option="Unknown",
        )
        for n, place in enumerate(sold)
    ]
    days = (date(2026, 7, 1), date(2026, 7, 2))
    matches = find_unmapped(raw(*records), catalog(), rules(), days)
    expected = 0
    for day in days:
        rows = build_day(day, raw(*records), catalog(), rules()).receipts.to_pylist()
        expected += sum(row["channel"] == "unmapped" for row in rows)
    assert [f.count for f in matches.findings if f.kind == "channel"] == [expected] == [2]
    assert sum(f.count for f in find_unmapped(raw(*records), catalog(), rules()).findings) == 4


def test_what_weighs_most_comes_first_within_its_kind():
    """By money, then by how often it was sold, then by name."""
    sold = [("Combo B", 50), ("Combo A", 20), ("Combo A", 30), ("Combo D", 9), ("Combo C", 9)]
    menu = COMBO.replace("Combo *", "None")
    records = [
        receipt(line(name, price, "Side: Papas"), receipt_number=f"1-{n}", dining_option=f"Z{n}")
        for n, (name, price) in enumerate(sold)
    ]
    findings = find_unmapped(raw(*records), catalog(), rules(menu)).findings
    assert [f.text for f in findings if f.kind == "channel"] == ["Z0", "Z2", "Z1", "Z3", "Z4"]
    assert [f.text for f in findings if f.kind == "combo"] == [
        "Combo A",
        "Combo B",
        "Combo C",
        "Combo D",
    ]
    kinds = [KINDS.index(finding.kind) for finding in findings]
    assert kinds == sorted(kinds)
