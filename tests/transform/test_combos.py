"""Combos: what the docs promise of each rule of menu.toml, one sold line at a time."""

from __future__ import annotations

import pytest
from kitchen import COMBO, brief, catalog, extras, item, line, sell

FOR_TWO = ("Burger 1: Smash", "Burger 2: Chicken", "Side: Papas", "Drink: Refresco")


def test_money_follows_list_prices_and_the_modifiers_name_the_dishes():
    rows = sell(line("Combo Dos", 269, *FOR_TWO))
    assert brief(
        rows,
        "component",
        "combo",
        "slot",
        "item",
        "item_id",
        "category",
        "gross",
        "combo_price",
        "unit_price",
    ) == [
        (1, "Combo Dos", "Burger 1", "Smash", "i-Smash", "Food", "95.1", "269", None),
        (2, "Combo Dos", "Burger 2", "Chicken", "i-Chicken", "Food", "104.16", "269", None),
        (3, "Combo Dos", "Side", "Papas", "i-Papas", "Food", "40.76", "269", None),
        (4, "Combo Dos", "Drink", "Refresco", "i-Refresco", "Food", "28.98", "269", None),
    ]


def test_sauces_go_with_the_burgers_in_order_even_when_a_drink_comes_first():
    choices = (
        "Drink: Agua",
        "Sauce: Ajo",
        "Burger 1: Smash",
        "Side: Papas",
        "Sauce: Chipotle",
        "Burger 2: Chicken",
    )
    assert extras(sell(line("Combo Dos", 269, *choices))) == [
        ("Agua", []),
        ("Smash", ["Ajo"]),
        ("Papas", []),
        ("Chicken", ["Chipotle"]),
    ]


@pytest.mark.parametrize(
    ("sauces", "each", "expected"),
    [
        (["a"], 1, [["a"], []]),
        (["a", "b", "c"], 1, [["a"], ["b", "c"]]),
        (["a", "b", "c"], 2, [["a", "b"], ["c"]]),
        ([], 1, [[], []]),
    ],
)
def test_more_or_fewer_sauces_than_burgers(sauces, each, expected):
    menu = COMBO.replace('of = "Burger*"', f'of = "Burger*", each = {each}')
    rows = sell(
        line(
            "Combo Dos",
            220,
            "Burger 1: Smash",
            "Burger 2: Chicken",
            *(f"Sauce: {sauce}" for sauce in sauces),
        ),
        menu=menu,
    )
    assert extras(rows) == [("Smash", expected[0]), ("Chicken", expected[1])]


def test_a_sauce_without_its_burger_and_a_modifier_without_a_rule_go_with_the_first_dish():
    rows = sell(
        line("Combo Dos", 80, "Sauce: Ajo", "Drink: Agua", ("Gift wrap: red", 5), "Side: Papas")
    )
    assert extras(rows) == [("Agua", ["Ajo", "red"]), ("Papas", [])]
    assert brief(rows, "gross") == [("29.63",), ("50.37",)]  # 75 by 22:45, and the 5 of the wrap


def test_a_repeated_modifier_name_makes_a_dish_each_time():
    rows = sell(line("Combo Dos", 100, "Side: Papas", "Side: Papas"))
    assert brief(rows, "component", "item", "gross") == [(1, "Papas", "50"), (2, "Papas", "50")]


def test_paid_choices_and_paid_extras_stay_with_their_dish():
    rows = sell(
        line(
            "Combo Dos",
            250,
            ("Burger 1: Smash", 0),
            ("Burger 2: Chicken", 18),
            "Side: Papas",
            ("Sauce: Trufa", 7.5),
        )
    )
    assert brief(rows, "item", "upgrade", "gross") == [
        ("Smash", "0", "96.45"),
        ("Chicken", "18", "115.43"),
        ("Papas", "0", "38.12"),
    ]
    assert [str(modifier["amount"]) for row in rows for modifier in row["modifiers"]] == ["7.50"]


def test_an_unknown_choice_is_kept_marked_and_gets_the_mean_price():
    rows = sell(line("Combo Dos", 225, "Burger 1: La Bestia", "Burger 2: Smash", "Side: Papas"))
    assert brief(rows, "item", "item_id", "category", "is_known", "gross") == [
        ("La Bestia", None, None, False, "75"),
        ("Smash", "i-Smash", "Food", True, "105"),
        ("Papas", "i-Papas", "Food", True, "45"),
    ]


def test_without_any_price_the_parts_are_equal():
    rows = sell(line("Combo Dos", 100, "Burger 1: ?", "Burger 2: ??", "Side: ???"))
    assert brief(rows, "gross") == [("33.34",), ("33.33",), ("33.33",)]


def test_components_take_the_combos_quantity():
    rows = sell(line("Combo Dos", 538, *FOR_TWO, quantity=2, price=269))
    assert brief(rows, "item", "quantity", "combo_quantity") == [
        ("Smash", "2", "2"),
        ("Chicken", "2", "2"),
        ("Papas", "2", "2"),
        ("Refresco", "2", "2"),
    ]
    assert sum(row["gross"] for row in rows) == 538


def test_a_discount_and_taxes_are_shared_and_the_net_never_turns():
    taxes = [{"type": "INCLUDED", "money_amount": 18.55}, {"type": "ADDED", "money_amount": 3.33}]
    rows = sell(
        line(
            "Combo Dos",
            269,
            *FOR_TWO,
            total_discount=134.5,
            line_taxes=taxes,
            cost_total=100,
            cost=100,
        )
    )
    for name, amount in {
        "gross": "269",
        "discount": "134.5",
        "net": "134.5",
        "tax_included": "18.55",
        "tax_added": "3.33",
        "cost": "100",
    }.items():
        assert str(sum(row[name] for row in rows).normalize() + 0) == amount
    assert all(row["net"] == row["gross"] - row["discount"] >= 0 for row in rows)
    assert all(
        row["net"] == 0 for row in sell(line("Combo Dos", 269, *FOR_TWO, total_discount=269))
    )


def test_cost_follows_the_catalogs_costs_where_all_are_known():
    some, every = catalog(Smash=30), catalog(Smash=30, Papas=10)
    sold = line("Combo Dos", 150, "Burger 1: Smash", "Side: Papas", cost=44, cost_total=44)
    assert brief(sell(sold, items=every), "cost") == [("33",), ("11",)]
    assert brief(sell(sold, items=some), "cost") == [("30.8",), ("13.2",)]
    assert brief(sell({**sold, "cost": 0, "cost_total": 0}, items=every), "cost") == [
        (None,),
        (None,),
    ]


def test_a_refund_of_a_combo_is_the_sale_with_its_signs_turned():
    sold = line("Combo Dos", 269.99, *FOR_TWO, total_discount=10, cost=3, cost_total=3)
    sale, refund = sell(sold), sell(sold, receipt_type="REFUND", refund_for="1-0")
    for name in (
        "gross",
        "discount",
        "net",
        "cost",
        "quantity",
        "units",
        "upgrade",
        "combo_quantity",
    ):
        assert [row[name] for row in refund] == [-row[name] for row in sale]


def test_a_refund_of_part_of_a_combo():
    rows = sell(line("Combo Dos", 134.5, *FOR_TWO, quantity=0.5, price=269), receipt_type="REFUND")
    assert sum(row["gross"] for row in rows) == -134.5 and {
        str(row["quantity"]) for row in rows
    } == {"-0.5000"}


def test_a_cancelled_combo_keeps_its_rows_and_counts_nothing():
    rows = sell(
        line("Combo Dos", 269, *FOR_TWO, cost=3, cost_total=3), cancelled_at="2026-07-02T00:00:00Z"
    )
    assert [row["item"] for row in rows] == ["Smash", "Chicken", "Papas", "Refresco"]
    assert {
        row[name]
        for row in rows
        for name in ("quantity", "units", "combo_quantity", "gross", "net", "cost", "upgrade")
    } == {0}


FIXED = """
[[combos]]
name = "Pack"
sold_as = ["Lunch Box"]
share = "{share}"
remainder = "{remainder}"
parts = [{{ dish = "Smash"{a} }}, {{ dish = "Papas", quantity = 2{b} }}, {{ modifier = "Drink"{c} }}]
"""


@pytest.mark.parametrize(
    ("share", "remainder", "weights", "gross"),
    [
        (
            "list_price",
            "largest",
            None,
            ["27.85", "38.98", "33.42"],
        ),  # by 75, the mean of the known prices, 105 and 2 x 45
        ("equal", "largest", None, ["25.06", "25.06", "50.13"]),
        ("weights", "largest", (5, 3, 2), ["20.05", "50.13", "30.07"]),
        ("weights", "largest", (1, 1, 1), ["33.42", "33.42", "33.41"]),
        ("weights", "first", (1, 1, 1), ["33.43", "33.41", "33.41"]),
        ("weights", "last", (1, 1, 1), ["33.41", "33.41", "33.43"]),
        ("weights", "largest", (0, 0, 0), ["25.06", "25.06", "50.13"]),
    ],
)
def test_fixed_dishes_weights_and_remainders(share, remainder, weights, gross):
    given = [f", weight = {weight}" for weight in weights or ()] or ["", "", ""]
    rows = sell(
        line("lunch  BOX", 100.25, "Drink: Regalo"),
        menu=FIXED.format(share=share, remainder=remainder, a=given[0], b=given[1], c=given[2]),
    )
    assert brief(rows, "combo", "slot", "item", "quantity", "gross") == [
        ("Pack", "Drink", "Regalo", "1", gross[0]),
        ("Pack", None, "Smash", "1", gross[1]),
        ("Pack", None, "Papas", "2", gross[2]),
    ]


def test_a_combo_that_nothing_names_the_parts_of_stays_a_plain_line():
    rows = sell(line("Combo Sorpresa", 99, "Sauce: Ajo", ("Wrap: red", 4)))
    assert brief(rows, "component", "combo", "item", "gross", "unit_price") == [
        (0, None, "Combo Sorpresa", "99", "99")
    ]
    assert extras(rows) == [("Combo Sorpresa", ["Ajo", "red"])]


def test_a_choice_of_nothing_is_no_dish():
    menu = COMBO.replace('modifier = "Drink"', 'modifier = "Drink", nothing = ["Sin *"]')
    rows = sell(line("Combo Dos", 105, "Burger: Smash", ("Drink: sin  BEBIDA", -5)), menu=menu)
    assert brief(rows, "item", "gross") == [("Smash", "105")] and extras(rows) == [
        ("Smash", ["sin BEBIDA"])
    ]


def test_a_choice_may_stand_among_the_modifiers_too_and_its_charge_only_once():
    menu = (
        COMBO.replace('modifier = "Drink"', 'modifier = "Drink", choice = true')
        + "[dishes]\n'Refresco' = ['Cola*']\n"
    )
    (row,) = sell(line("Combo Dos", 40, ("Drink: Cola Light", 8)), menu=menu)
    assert (row["item"], row["item_as_sold"], row["upgrade"]) == ("Refresco", "Cola Light", 8)
    assert [(m["name"], m["option"], m["amount"]) for m in row["modifiers"]] == [
        ("Drink", "Cola Light", 0)
    ]


def test_the_rule_is_found_by_id_then_name_then_the_longest_pattern_then_category():
    def combo(claim: str, dish: str) -> str:
        return f"[[combos]]\n{claim}\nparts = [{{ dish = '{dish}' }}]\n"

    menu = (
        combo("item_ids = ['i-A']", "one")
        + combo("sold_as = ['A', 'Box']", "two")
        + combo("sold_as = ['B*']", "three")
        + combo("sold_as = ['Bo*']", "four")
        + combo("categories = ['food']", "five")
    )
    sold = [("Box", "i-A"), ("box", "x"), ("Bow", "x"), ("By", "x"), ("Smash", "i-Smash")]
    assert [
        sell(line(name, 10, item_id=item_id), menu=menu)[0]["item"] for name, item_id in sold
    ] == [
        "one",
        "two",
        "four",
        "three",
        "five",
    ]


def composite(*parts: tuple[str, float], name: str = "Paquete") -> dict:
    return item(
        name,
        150,
        is_composite=True,
        components=[{"variant_id": f"v-{dish}", "quantity": quantity} for dish, quantity in parts],
    )


def test_a_composite_item_falls_into_the_catalogs_components():
    items = catalog(composite(("Smash", 1), ("Papas", 0.5), ("Gone", 2)), Smash=30, Papas=10)
    rows = sell(line("Paquete", 300, ("Nota: fría", 3), quantity=2, price=150), items=items)
    assert brief(rows, "combo", "slot", "item", "variant_id", "is_known", "quantity", "gross") == [
        ("Paquete", None, "Smash", "v-Smash", True, "2", "115.38"),
        ("Paquete", None, "Papas", "v-Papas", True, "1", "24.08"),
        ("Paquete", None, "v-Gone", None, False, "4", "160.54"),
    ]
    assert sum(row["gross"] for row in rows) == 300 and extras(rows)[0] == ("Smash", ["fría"])


def test_composites_may_stay_one_dish():
    items = catalog(composite(("Smash", 1)))
    for menu in ("[composites]\nsplit = false", "[composites]\nnever_split = ['paq*']"):
        assert brief(sell(line("Paquete", 150), items=items, menu=menu), "component", "item") == [
            (0, "Paquete")
        ]


def test_a_composite_within_a_composite_stays_one_dish():
    items = catalog(composite(("Smash", 1)), composite(("Paquete", 2), name="Fiesta"))
    assert brief(sell(line("Fiesta", 300), items=items), "item", "quantity") == [("Paquete", "2")]


def test_stores_may_have_prices_of_their_own():
    dear = item("Smash", 105)
    dear["variants"][0]["stores"] = [{"store_id": "s1", "price": 315}]
    sold = line("Combo Dos", 360, "Burger: Smash", "Side: Papas")
    assert brief(sell(sold, items=catalog(dear)), "gross") == [("315",), ("45",)]
    assert brief(sell(sold, items=catalog(dear), store_id="s2"), "gross") == [("252",), ("108",)]


def test_sizes_are_found_by_their_names():
    sizes = item("Fries", None)
    sizes["variants"] = [
        {
            **sizes["variants"][0],
            "variant_id": f"v-{size}",
            "option1_value": size,
            "default_price": price,
        }
        for size, price in (("Small", 30), ("Large", 60))
    ]
    menu = COMBO + "[dishes]\n'Fries / Large' = ['XL']\n[variants]\n'L' = ['Large']\n"
    choices = ("Side: XL", "Side: fries small", "Side: Fries (Large)", "Side: Fries")
    rows = sell(line("Combo Dos", 180, *choices), menu=menu, items=catalog(sizes))
    assert brief(rows, "item", "variant", "variant_id", "gross") == [
        ("Fries", "L", "v-Large", "60"),
        ("Fries", "Small", "v-Small", "30"),
        ("Fries", "L", "v-Large", "60"),
        ("Fries", None, None, "30"),
    ]


@pytest.mark.parametrize(("cost", "quantity"), [(30_000_000, 100), (999_999_999, 3000), (3, 1)])
def test_a_cost_is_divided_by_large_costs_of_the_catalog(cost: float, quantity: float):
    """As in currencies of small units, whose products go past 64 bits."""
    parts = (("Smash", quantity), ("Papas", quantity), ("Agua", 3 * quantity))
    items = catalog(composite(*parts), Smash=cost, Papas=cost, Agua=cost)
    rows = sell(line("Paquete", 300, cost=100, cost_total=100.01), items=items)
    assert brief(rows, "cost") == [("20",), ("20",), ("60.01",)]


def test_the_size_of_every_component_has_its_name_in_the_menu():
    """Of a composite's component, and of a dish that only menu.toml knows."""
    fries = item("Fries", 30)
    fries["variants"][0]["option1_value"] = "Gde"
    menu = COMBO + "[dishes]\n'Soup / gde' = ['Pozole']\n[variants]\n'Large' = ['Gde']\n"
    items = catalog(fries, composite(("Fries", 1)))
    sold = (line("Fries", 30, variant_name="Gde"), line("Paquete", 30))
    rows = sell(*sold, line("Combo Dos", 30, "Side: Pozole"), menu=menu, items=items)
    assert brief(rows, "item", "variant") == [("Fries", "Large")] * 2 + [("Soup", "Large")]


def test_a_weighed_part_is_one_unit():
    items = catalog(item("Ribs", 400, sold_by_weight=True), composite(("Ribs", 0.5), ("Papas", 2)))
    rows = sell(line("Paquete", 300), items=items)
    assert brief(rows, "item", "is_weighed", "quantity", "units") == [
        ("Ribs", True, "0.5", "1"),
        ("Papas", False, "2", "2"),
    ]


def test_a_size_is_one_of_the_item_that_its_name_leads_to():
    """An item that was deleted has the same name, and a size that is not sold any more."""
    old, new = item("Fries", 20, id="i-0", deleted_at="2026-01-01T00:00:00Z"), item("Fries", 30)
    old["variants"][0] |= {"variant_id": "v-0", "option1_value": "Huge"}
    sold = catalog(old, new)
    assert sold.find("Fries")[0].item_id == "i-Fries"
    assert sold.find("Fries Huge") is None and sold.find("Fries None") is None
