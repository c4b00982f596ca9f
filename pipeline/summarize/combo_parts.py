"""combo_parts: one row per store, combo, slot (the modifier) and component.

`upgrades` is what the choice itself charged (a large drink instead of a small one), on SALE rows,
and `charged_units` counts only the choices that charged: sizes of one dish may differ in that.
"""

QUERY = """
SELECT month, store_id, currency, combo, slot, item, bool_and(is_known) AS is_known,
    sum(pick(is_sale, units)) AS units,
    sum(net) AS net_sales,
    sum(pick(is_sale, upgrade)) AS upgrades,
    sum(pick(is_sale AND upgrade <> 0, units)) AS charged_units
FROM rows WHERE combo IS NOT NULL GROUP BY ALL
"""
