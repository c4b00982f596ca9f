"""The simulated shop behind Square's Orders API: the same ledger of receipts, rendered as orders.

    with serve_square(SquareShop(Shop())) as server:
        Square(token=server.token, base_url=server.url).orders.search(location_ids=[...])

How Loyverse's receipts become orders:

- Sale: a COMPLETED order, created and closed in the second in which it was rung; amounts, lines,
  modifiers, discounts and tenders are the receipt's, to the cent. An item without sizes has the
  variation "Regular". The surcharge is a nameless automatic gratuity; the till's cash rounding is
  `rounding_adjustment`. The receipt's note stands on the tenders (where the payment type's name
  does not), the order's name in `ticket_name`. The dining option is not in Square; the delivery
  apps and the web shop are the order's source, and web orders have a fulfillment.
- Refund: an order of its own with `returns` and no lines; it moves the sale's `updated_at` and
  `version`. A refund that Loyverse cancels becomes CANCELED, its payout FAILED.
- Receipt rung offline: all its times are those of its arrival; only its payments know when it was
  rung (`offline_payment_details`). The tablet may arrive after ten days (Square allows three).
- Cancelled sale: Square cannot cancel what was paid. With events the sale stays COMPLETED and an
  order that returns all of it is made at the instant of the cancellation. Without events it becomes
  CANCELED and loses its tenders then, so that both APIs count the same at every instant.

With `events=True` there is also what only Square has: web orders that stay OPEN until they are
fulfilled, tips keyed hours later, exchanges, refunds of amounts (some of them unlinked), taxed and
percentage service charges, gift cards sold and redeemed, custom amounts, openings of the drawer
(NO_SALE), tickets that are never paid, drafts. All are pure functions of the shop's seed.

No public payload shows an exchange, an amount refund or a gift card sale: those follow the
documentation. Combos are plain items with modifiers.
"""

from .book import OrderBook
from .protocol import SquareError, SquareRules
from .server import SquareServer, serve_square
from .shop import SquareShop
from .source import OrderSource, Row
from .timeline import OrderQuery

__all__ = [
    "OrderBook",
    "OrderQuery",
    "OrderSource",
    "Row",
    "SquareError",
    "SquareRules",
    "SquareServer",
    "SquareShop",
    "serve_square",
]
