"""menu.toml: what it refuses, by name; what its digest is of; and the shop's own file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.transform import read_menu

ROOT = Path(__file__).parents[2]
COMBO = "[[combos]]\nsold_as = ['Combo *']\nparts = [{ modifier = 'Burger*' }]\n"


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_menu(text, "config/menu.toml")
    assert str(caught.value).startswith("config/menu.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[channels", "is not TOML"),
        ("chanels = 1", "unknown key 'chanels'"),
        ("[channels]\ndine_in = 'Mesa'", "[channels] 'dine_in': must be a list of texts"),
        (
            "[items]\nTaco = ['x']\nTorta = ['X ']",
            "[items]: 'x' is a spelling of both 'Taco' and 'Torta'",
        ),
        ("items = 3", "items: must be a table"),
        ("combos = 3", "combos: each is written under its own [[combos]]"),
        ("[[combos]]\nparts = [{ modifier = 'x' }]", "names no items"),
        ("[[combos]]\nsold_as = ['x']", "needs parts"),
        (COMBO.replace("parts", "part"), "[[combos]] number 1: unknown key 'part'"),
        (COMBO + "share = 'fair'", "share = 'fair' is none of list_price, weights, equal"),
        (COMBO + "remainder = 'me'", "remainder = 'me' is none of"),
        (COMBO + "share = 'weights'", "every part has a weight"),
        (COMBO.replace("'Burger*'", "'Burger*', weight = 3"), "every part has a weight"),
        (COMBO.replace("'Burger*'", "'Burger*', dish = 'Taco'"), "is either a modifier"),
        (COMBO.replace("'Burger*'", "'Burger*', quantity = 0"), "must be between"),
        (COMBO.replace("'Burger*'", "'Burger*', quantity = true"), "must be a number"),
        (COMBO.replace("'Burger*'", "'Burger*', quantity = 0.00001"), "with four decimals at most"),
        (COMBO.replace("modifier = 'Burger*'", "dish = 'Taco *'"), "a dish is one name"),
        (
            COMBO + "with = [{ modifier = 'Sauce', of = 'Drink' }]",
            "of = 'Drink' is the modifier or dish of no part",
        ),
        (COMBO + "with = [{ modifier = 'Sauce' }]", "needs modifier"),
        (COMBO + COMBO, "sold_as: two combos have the same text: 'combo *'"),
        (
            COMBO + "item_ids = ['1']\n" + COMBO.replace("Combo *", "x") + "item_ids = ['1']",
            "item_ids: two combos have the same item",
        ),
        (
            COMBO + "[[combos]]\nsold_as = ['Party']\nparts = [{ dish = 'Combo Uno' }]",
            "[[combos]] number 2: its part 'Combo Uno' is itself a combo",
        ),
        (
            COMBO + "with = [{ modifier = 'Sauce', of = 'Burger*', each = true }]",
            "each is optional and must be at least 1",
        ),
        (
            COMBO + COMBO.replace("Combo *", "Pack").replace("parts", "part"),
            "[[combos]] number 2: unknown key 'part'",
        ),
        ("[composites]\nsplt = true", "[composites]: unknown key 'splt'"),
        ("[composites]\nsplit = 1", "must be true or false"),
        ("[composites]\nshare = 'weights'", "is none of list_price, equal"),
        ("cash_rounding = 'x'", "'x' is not a number"),
        ("cash_rounding = -1", "must be between"),
    ],
)
def test_what_is_wrong_is_named(text, says):
    assert says in refusal(text)


def test_comments_case_and_order_do_not_change_the_digest():
    entry = (
        "cash_rounding = 1\n[items]\nTaco = ['Tako', 'TACO*']\nTorta = []\n"
        + COMBO
        + COMBO.replace("Combo *", "Pack")
    )
    other = (
        "# words\ncash_rounding = '1'\n"
        + COMBO.replace("Combo *", "Pack")
        + COMBO
        + "[items]\nTorta = []\nTaco = ['taco*', ' tako']  # x\n"
    )
    assert read_menu(entry, "a").digest == read_menu(other, "b").digest


@pytest.mark.parametrize(
    "change",
    [
        ("Tako", "Tacko"),
        ("cash_rounding = 1", "cash_rounding = 2"),
        ("Burger*", "Burger"),
        ("Torta", "Tortas"),
        ("Combo *", "Combos *"),
        ("modifier =", "quantity = 2, modifier ="),
        ("parts", "remainder = 'last'\nparts"),
    ],
)
def test_meaning_changes_the_digest(change):
    text = "cash_rounding = 1\n[items]\nTaco = ['Tako']\nTorta = []\n" + COMBO
    assert (
        change[0] in text
        and read_menu(text, "a").digest != read_menu(text.replace(*change), "a").digest
    )


def test_the_reference_names_every_key_and_its_examples_are_rules():
    document = (ROOT / "docs" / "menu.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", document, re.DOTALL)
    assert len(examples) >= 6
    for text in examples:
        read_menu(text, "docs/menu.md")
    names = refusal("zzz = 1").split("known are ")[1].split(", ")
    for key in [
        *names,
        "sold_as",
        "item_ids",
        "share",
        "remainder",
        "parts",
        "with",
        "modifier",
        "dish",
        "quantity",
        "weight",
        "choice",
        "nothing",
        "of",
        "each",
        "split",
        "never_split",
        "list_price",
        "weights",
        "equal",
        "largest",
        "first",
        "last",
    ]:
        assert f"`{key}`" in document or f"`[{key}]`" in document or f"`[[{key}]]`" in document, key
