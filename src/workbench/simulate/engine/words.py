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
ONBOARDING = 0  # its place among the touchpoints

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
    "Ada",
    "Bruno",
    "Chiara",
    "Dario",
    "Emma",
    "Felix",
    "Gina",
    "Henrik",
    "Ines",
    "Julia",
    "Kai",
    "Luca",
    "Mia",
    "Noah",
    "Oskar",
    "Petra",
    "Robin",
    "Sofia",
    "Theo",
    "Vincent",
    "Aylin",
    "Ben",
    "Carla",
    "Daniel",
    "Elena",
    "Farid",
    "Greta",
    "Hugo",
    "Ida",
    "Jonas",
    "Karim",
    "Lena",
    "Marta",
    "Nils",
    "Olga",
    "Paul",
    "Quentin",
    "Rosa",
    "Samir",
    "Tilda",
    "Ugo",
    "Vera",
    "Wanda",
    "Xenia",
    "Yusuf",
    "Zoe",
)
LAST_NAMES = (
    "Andersen",
    "Berger",
    "Conti",
    "Dahl",
    "Engel",
    "Fuchs",
    "Gruber",
    "Huber",
    "Jung",
    "Klein",
    "Lopez",
    "Meyer",
    "Nilsson",
    "Otto",
    "Pfeiffer",
    "Richter",
    "Santos",
    "Thomas",
    "Virtanen",
    "Wagner",
    "Young",
    "Zimmermann",
    "Adler",
    "Bauer",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanov",
    "Jansen",
    "Keller",
    "Lind",
    "Moreau",
    "Novak",
    "Olsen",
    "Petrov",
    "Quist",
    "Rossi",
    "Schmidt",
    "Torres",
    "Ulrich",
    "Vogel",
    "Weber",
    "Yilmaz",
)

# By grade of the touchpoint that a comment is about; 0: nothing was wrong with it, and yet the answer is a poor one.
COMMENTS = {
    0: ("Too dear for what I get.", "I expected more.", "Nothing special, others offer the same for less."),
    1: (
        "The {touchpoint} was a disaster. Never again.",
        "Very disappointed: {touchpoint}! This has to change.",
        "I have had enough of the {touchpoint}.",
    ),
    2: (
        "Not happy with the {touchpoint}.",
        "The {touchpoint} needs work.",
        "Had trouble with the {touchpoint} again.",
    ),
    3: (
        "The {touchpoint} could be better.",
        "{touchpoint}: all right, nothing more.",
        "So so. I would look at the {touchpoint} if I were you.",
    ),
    4: ("The {touchpoint} works well.", "Quite content, {touchpoint} included.", "Good {touchpoint}."),
    5: (
        "Excellent {touchpoint}, thank you!",
        "I really like the {touchpoint}.",
        "Keep it up, above all the {touchpoint}.",
    ),
}
VARIANTS = 3  # wordings of each comment
