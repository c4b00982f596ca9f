"""choices: one row per store, dish, modifier and option chosen on SALE rows.

Free choices count too; `charged_units` leaves them out, because one option may be free in a combo
and charged elsewhere. Sauce per burger = units of its options / units of the dish (items, alone
and in combos).
"""

QUERY = """
SELECT month, store_id, currency, item, choice.name AS name, choice.option AS option,
    sum(choice.quantity) AS units, sum(choice.amount) AS amount,
    sum(pick(choice.amount <> 0, choice.quantity)) AS charged_units
FROM rows, unnest(modifiers) AS _(choice) WHERE is_sale GROUP BY ALL
"""
