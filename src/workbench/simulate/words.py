"""The words of the simulated company: what a newcomer reads in its tables."""

from typing import NamedTuple


class Touchpoint(NamedTuple):
    """Where customers meet the company.

    Attributes
    ----------
    name, label
        In the tables, and for people.
    stage
        Of the journey.
    channel
        How a contact is logged; empty where visits leave no record (only complaints about them do).
    use
        Probability that a customer uses it in a month; onboarding: in the first month, always.
    minutes
        Of the company's time that a contact takes, on average.
    """

    name: str
    label: str
    stage: str
    channel: str
    use: float
    minutes: float


TOUCHPOINTS = (
    Touchpoint("onboarding", "Welcome and set-up", "purchase", "phone", 1.0, 12.0),
    Touchpoint("website", "Website", "use", "", 0.45, 0.0),
    Touchpoint("app", "App", "use", "", 0.55, 0.0),
    Touchpoint("billing", "Bill and payment", "use", "", 0.35, 0.0),
    Touchpoint("delivery", "Delivery", "purchase", "courier", 0.20, 4.0),
    Touchpoint("support", "Customer service", "after-sales", "phone", 0.12, 9.0),
    Touchpoint("repair", "Repair", "after-sales", "technician", 0.06, 35.0),
    Touchpoint("store", "Store", "purchase", "store", 0.10, 10.0),
)
ONBOARDING = 0

PLANS = ("Basic", "Plus", "Premium")
REGIONS = ("North", "East", "South", "West")
AGE_GROUPS = ("18-34", "35-49", "50-64", "65+")
JOINED_VIA = ("Web", "Store", "Phone", "Recommended")
REASONS = ("price", "service", "need", "involuntary")
REASON_LABELS = {
    "price": "Price",
    "service": "Service",
    "need": "Changed need",
    "involuntary": "Involuntary (unpaid bills)",
}
CATEGORIES = ("Accessories", "Devices", "Entertainment", "Home office", "Travel pass")

FIRST_NAMES = (
    "Aylin", "Ben", "Carla", "Daniel", "Elena", "Farid", "Greta", "Hugo", "Ida", "Jonas", "Karim", "Lena", "Marta",
    "Nils", "Olga", "Paul", "Quentin", "Rosa", "Samir", "Tilda", "Ugo", "Vera", "Wanda", "Xenia", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Adler", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Hansen", "Ivanov", "Jansen", "Keller", "Lind",
    "Moreau", "Novak", "Olsen", "Petrov", "Quist", "Rossi", "Schmidt", "Torres", "Ulrich", "Vogel", "Weber", "Yilmaz",
)  # fmt: skip

COMMENTS = {
    1: "{touchpoint}: very disappointing, this has to change.",
    2: "Not happy with: {touchpoint}.",
    3: "{touchpoint} was all right, nothing more.",
    4: "{touchpoint} worked well.",
    5: "{touchpoint} was excellent, thank you!",
}
