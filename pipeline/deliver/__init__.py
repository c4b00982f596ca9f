"""Send reports and alerts to their recipients, by e-mail and webhook, once each.

Mail goes over SMTP with TLS, a webhook takes messages in Slack's format, and the delivery log
records what reached whom; `plan` finds which report is due to a recipient. Nothing here renders a
report or reads a setting. Raises DeliveryError: `RefusedDelivery` if nothing was sent,
`UnansweredDelivery` if it is unknown whether it was.
"""

from pipeline.deliver.alert import Alert, Failure, explain_code
from pipeline.deliver.delivery_log import DeliveryKey, DeliveryLog, recipient_id
from pipeline.deliver.outcome import Abandoned, RefusedDelivery, UnansweredDelivery
from pipeline.deliver.plan import Due, Issued, find_due, has_visible_changes, same_figures
from pipeline.deliver.report_email import ReportEmail, compose
from pipeline.deliver.smtp import Mailer, check_address, check_certificates
from pipeline.deliver.webhook import Webhook, check_url
