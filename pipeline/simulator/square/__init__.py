"""Square's API over the simulated shop: the same receipts, rendered as orders.

    with serve_square(SquareShop(Shop())) as server:
        Square(token=server.token, base_url=server.url).orders.search(location_ids=[...])

How Loyverse's receipts become orders:

- Sale: a COMPLETED order, created and closed in the second in which it was rung. Amounts, lines,
  modifiers, discounts and tenders equal the receipt's, to the cent. An item without sizes has the
  variation "Regular". The surcharge is an automatic gratuity without a name; the register's cash
  rounding is `rounding_adjustment`. The receipt's note is on the tenders that do not carry the
  payment type's name; the order's name is `ticket_name`. Square has no dining option; delivery
  apps and the web shop are the order's source, and web orders have a fulfillment.
- Refund: a separate order with `returns` and no lines. It moves the sale's `updated_at` and
  `version`. A refund that Loyverse cancels becomes CANCELED and its payout FAILED.
- Receipt rung offline: all its times are those of its arrival; only its payments contain the time
  of the sale (`offline_payment_details`). The tablet can upload after ten days (Square allows
  three).
- Cancelled sale: Square cannot cancel a paid order. With events the sale stays COMPLETED, and an
  order that returns all of it is created at the instant of the cancellation. Without events the
  sale becomes CANCELED and loses its tenders at that instant, so both APIs have equal counts at
  every instant.

`events=True` adds what only Square has: web orders that stay OPEN until they are fulfilled, tips
keyed hours later, exchanges, refunds of amounts (some without a link to the sale), taxed and
percentage service charges, gift cards sold and redeemed, custom amounts, openings of the drawer
(NO_SALE), tickets that are never paid, and drafts. All are pure functions of the shop's seed.

Exchanges, refunds of amounts and sales of gift cards follow the documentation, because no public
payload contains them. Combos are plain items with modifiers.
"""

from .protocol import SquareError, SquareRules
from .server import SquareServer, serve_square
from .shop import SquareShop
from .source import OrderSource, Row
from .timeline import OrderQuery

__all__ = [
    "OrderQuery",
    "OrderSource",
    "Row",
    "SquareError",
    "SquareRules",
    "SquareServer",
    "SquareShop",
    "serve_square",
]
