"""categories: SALE receipts that hold a dish of a category, alone or in a combo.

A receipt with two drinks counts once, so this is no sum over items; it is the numerator of attach
rates (receipts with a drink / receipts).
"""

QUERY = """
SELECT month, store_id, currency, category, count(DISTINCT receipt) AS receipts FROM rows
    WHERE is_sale GROUP BY ALL
"""
