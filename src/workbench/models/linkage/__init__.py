"""What satisfaction moves: surveys joined with what customers did after them."""

from workbench.models.linkage.answers import Answers, read_answers
from workbench.models.linkage.customer_months import CustomerMonths, customer_months, reasons_of
from workbench.models.linkage.linkage import Linkage, learn_link

__all__ = ["Answers", "CustomerMonths", "Linkage", "customer_months", "learn_link", "read_answers", "reasons_of"]
