"""categories: the SALE receipts that hold a dish of a category, alone or within a combo.

A receipt with two drinks counts once, so it cannot be had by adding up items; it is the numerator
of attach rates (receipts with a drink / receipts).
"""

QUERY = """
SELECT store_id, currency, category, count(DISTINCT receipt_number) AS receipts FROM rows WHERE is_sale GROUP BY ALL
"""
