"""choices: one row per store, dish, modifier and option chosen on SALE rows.

Free choices count too. Sauce per burger = units of its options / units of the dish (items, alone
and in combos).
"""

QUERY = """
SELECT month, store_id, currency, item, choice.name AS name, choice.option AS option,
    sum(choice.quantity) AS units, sum(choice.amount) AS amount
FROM rows, unnest(modifiers) AS _(choice) WHERE is_sale GROUP BY ALL
"""
