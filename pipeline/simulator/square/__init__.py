"""Square's API over the simulated shop: the same receipts, rendered as orders.

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
- Cancelled sale: it becomes CANCELED and loses its tenders at the instant of the cancellation, so
  both APIs have equal counts at every instant. (Square itself cannot cancel a paid order.)

Combos are plain items with modifiers. `tests/support/square_events.py` adds what only Square has:
exchanges, refunds of amounts, late tips, gift cards, orders that are never paid.
"""

from .protocol import SquareError, SquareRules
from .server import SquareServer
from .shop import SquareShop
from .source import OrderSource, Row
from .timeline import OrderQuery
