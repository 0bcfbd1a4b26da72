"""A world's coefficients: drawn within realistic ranges, then set so that its marginals are where they should be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from workbench.simulate.engine.settings import Settings
from workbench.simulate.engine.words import AGE_GROUPS, CATEGORIES, PLANS, REASONS, REGIONS, TOUCHPOINTS


class Range(NamedTuple):
    """Between what and what a coefficient is drawn, and what it says."""

    low: float
    high: float
    meaning: str


RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "quality_share": Range(0.25, 0.40, "share of an experience's variance that a customer has at all touchpoints"),
        "person_share": Range(0.08, 0.18, "share that a customer has at one touchpoint, visit after visit"),
        "touchpoint_sd": Range(1.0, 1.4, "standard deviation of what touchpoints bring to satisfaction (logit scale)"),
        "halo": Range(0.25, 0.55, "what `touchpoint_sd` points of satisfaction add to the latent scale of a rating"),
        "weight": Range(0.05, 0.40, "effect of a grade at a touchpoint on satisfaction, before scaling; one is zero"),
        "weight_by_plan": Range(-0.25, 0.25, "how much weaker or stronger that effect is on a plan"),
        "asymmetry": Range(-0.50, 0.70, "above 0 a grade counts more below the middle (penalty) than above (reward)"),
        "use_effect": Range(-0.10, 0.15, "effect of having used a touchpoint, against not, at the same age and tenure"),
        "cliff": Range(0.60, 1.20, "fall of satisfaction at grades 1 and 2 (preset thresholds, every second one)"),
        "drift_weight": Range(-0.30, 0.30, "relative change of a touchpoint's effect in a year (preset drift)"),
        "drift_price": Range(0.10, 0.30, "rise of the log hazard of leaving over price in a year (preset drift)"),
        "loyalty_on_satisfaction": Range(0.30, 0.60, "effect of a standard deviation of unseen loyalty"),
        "price_on_satisfaction": Range(0.80, 1.60, "fall of satisfaction for each 1 of log price over list price"),
        "unresolved": Range(0.50, 1.00, "fall of satisfaction for a complaint left unresolved"),
        "resolved": Range(-0.10, 0.15, "rise of satisfaction for a complaint well resolved"),
        "satisfaction_on_service_hazard": Range(0.70, 1.10, "log hazard of leaving over service, per point less"),
        "satisfaction_on_price_hazard": Range(0.30, 0.60, "log hazard of leaving over price, per point less"),
        "price_on_price_hazard": Range(2.00, 4.00, "log hazard of leaving over price, per 1 of log relative price"),
        "unresolved_on_service_hazard": Range(0.30, 0.80, "log hazard of leaving over service, unresolved complaint"),
        "loyalty_on_hazard": Range(0.20, 0.50, "log hazard of leaving over price or service, per unit less loyalty"),
        "need_onset": Range(0.006, 0.015, "share of customers whose need ends in a month"),
        "need_on_need_hazard": Range(1.20, 2.00, "log hazard of leaving over need once it has ended"),
        "early": Range(0.10, 0.50, "log hazard of leaving over price or service in the first three months"),
        "anniversary": Range(0.30, 0.80, "the same in the month after each full year"),
        "churn": Range(0.014, 0.024, "share of customers who leave in a month, aimed at"),
        "reason_share": Range(0.15, 0.35, "share of each reason among leavers, before scaling to 1"),
        "purchases": Range(0.25, 0.50, "orders of a customer in a month, aimed at"),
        "propensity_sd": Range(0.70, 1.10, "standard deviation of log order rates among customers"),
        "satisfaction_on_purchases": Range(0.06, 0.18, "log order rate per point of satisfaction"),
        "loyalty_on_purchases": Range(0.10, 0.25, "log order rate per unit of loyalty"),
        "need_on_purchases": Range(0.40, 0.80, "fall of the log order rate once the need has ended"),
        "basket": Range(28.0, 45.0, "median amount of an order, in money"),
        "basket_sd": Range(0.55, 0.80, "standard deviation of log amounts within a customer"),
        "spends_sd": Range(0.30, 0.50, "the same among customers"),
        "refund_share": Range(0.02, 0.05, "share of orders that are sent back"),
        "christmas": Range(1.25, 1.60, "orders in December, as a multiple of other months"),
        "response": Range(0.17, 0.28, "share of invitations that are answered, aimed at"),
        "satisfaction_on_reply": Range(0.15, 0.45, "log odds of answering per point of satisfaction"),
        "loyalty_on_reply": Range(0.10, 0.30, "log odds of answering per unit of loyalty"),
        "blank_share": Range(0.02, 0.06, "share of items left blank"),
        "mood": Range(0.35, 0.60, "correlation of the noise of answers to several questions (normal scores)"),
        "detractors": Range(0.15, 0.28, "share answering 0 to 6 to recommend, aimed at"),
        "promoters": Range(0.32, 0.50, "share answering 9 or 10, aimed at"),
        "resolution": Range(0.45, 0.70, "share of complaints that are well resolved"),
        "call_base": Range(-0.60, -0.30, "log hazard ratio of a retention call"),
        "call_new": Range(-0.40, -0.10, "added in the first year"),
        "call_premium": Range(0.30, 0.70, "added on the dearest plan: some would rather not be called"),
        "call_sd": Range(0.20, 0.40, "standard deviation of what remains of it, among customers"),
        "expected_lift": Range(0.25, 0.80, "what an initiative is expected to add to the latent experience"),
        "lift_doubt": Range(0.30, 0.50, "standard deviation of its true effect, as a share of the expected one"),
        "cost_per_customer": Range(0.3, 3.0, "once, for each customer reached"),
        "fixed_cost": Range(0.1, 0.8, "once, for each active customer at the beginning of the records"),
        "reach": Range(0.50, 1.00, "share of customers reached"),
    }
)


class ByReason(NamedTuple):
    """A coefficient of intentions to leave: its middle by reason, and how far a world may lie from it.

    Attributes
    ----------
    middle
        By reason, in the order of `words.REASONS`.
    within
        Half the width of the range that a world draws from: of the same unit, or, where `relative`, a share.
    relative
        Whether `within` is a share of the middle.
    meaning
        What the coefficient says.
    """

    middle: tuple[float, float, float, float]
    within: float
    relative: bool
    meaning: str


# Strength and signs of intentions: issue "A world that announces departures", whose prototype set them so that
# forecasts of who leaves within 30 days reach what companies report (AUC .77 to .82 from behaviour).
INTENTIONS: Mapping[str, ByReason] = MappingProxyType(
    {
        "announced": ByReason((0.80, 0.75, 0.85, 0.70), 0.10, False, "share of leaving that follows an intention"),
        "resolve": ByReason((0.20, 0.28, 0.18, 0.35), 0.25, True, "hazard of leaving, a month, with the intention"),
        "relent": ByReason((0.15, 0.12, 0.04, 0.30), 0.25, True, "probability of giving the intention up, a month"),
        "intent_logins": ByReason((-0.9, -1.1, -1.8, -0.3), 0.30, False, "log logins with the intention"),
        "intent_orders": ByReason((-0.5, -0.6, -1.0, -0.3), 0.20, False, "log order rate with the intention"),
        "intent_enquiries": ByReason((1.2, 1.4, 0.3, 0.5), 0.30, False, "log enquiries with the intention"),
    }
)
LOGINS, LOGINS_SD = 12.0, 0.6  # median a month, and the standard deviation of its logarithm among customers
ENQUIRIES, ENQUIRIES_SD = 0.12, 0.5  # a month of a customer in the middle, and the same
REMINDED, REMINDED_UNPAID = 0.01, 0.7  # probability of a payment reminder in a month, by whether bills are unpaid
LOGIN_SEASON = np.array([1.05, 1.0, 1.0, 1.0, 0.97, 0.95, 0.88, 0.88, 1.0, 1.03, 1.1, 1.14])  # multiples, mean 1

LIST_PRICE = np.array([18.99, 28.99, 44.99])
PLAN_SHARE = np.array([0.45, 0.35, 0.20])
REGION_SHARE = np.array([0.30, 0.20, 0.30, 0.20])
AGE_SHARE = np.array([0.28, 0.30, 0.25, 0.17])
JOINED_SHARE = np.array([0.45, 0.25, 0.15, 0.15])
FEE_MARGIN = 0.45  # of the monthly price
COST_PER_MINUTE = 0.8  # money; a choice: 48 an hour of an agent
CATEGORY_PRICE = np.array([0.6, 2.2, 0.5, 1.4, 0.9])  # multiples of a customer's usual amount, as in words.CATEGORIES

_CALLS_ALIKE = 0.3  # share of the width of their ranges, where `persuasion` is set

# Shapes of answers within detractors (0–6), passives (7, 8) and promoters (9, 10), as in published surveys.
_WITHIN = (np.array([0.07, 0.03, 0.06, 0.09, 0.10, 0.35, 0.30]), np.array([0.40, 0.60]), np.array([0.40, 0.60]))


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """One world. Arrays run over touchpoints (8), plans (3), regions (4), ages (4), reasons (4) or categories (5)."""

    use: np.ndarray  # (touchpoints, ages): probability of a visit in a month
    level: np.ndarray  # (touchpoints,)
    level_by_region: np.ndarray  # (touchpoints, regions)
    level_by_plan: np.ndarray  # (touchpoints, plans)
    quality_sd: float
    person_sd: float
    visit_sd: float
    weights: np.ndarray  # (touchpoints, plans)
    weight_drift: np.ndarray  # (touchpoints,) a year
    asymmetry: np.ndarray
    use_effect: np.ndarray
    cliff: np.ndarray
    usual: np.ndarray  # (touchpoints,) what an experience there brings on average, which customers expect
    satisfaction_base: float
    touchpoint_sd: float
    halo: float
    loyalty_on_satisfaction: float
    price_on_satisfaction: float
    unresolved: float
    resolved: float
    thresholds: float
    drift_price: float
    frailty: float
    hazard_base: np.ndarray  # (reasons,)
    satisfaction_on_service_hazard: float
    satisfaction_on_price_hazard: float
    price_on_price_hazard: float
    unresolved_on_service_hazard: float
    loyalty_on_hazard: float
    need_onset: float
    need_on_need_hazard: float
    plan_on_involuntary: np.ndarray  # (plans,)
    early: float
    anniversary: float
    purchase_base: float
    propensity_sd: float
    satisfaction_on_purchases: float
    loyalty_on_purchases: float
    need_on_purchases: float
    season: np.ndarray  # (12,) multiples of the order rate
    basket: float
    basket_sd: float
    spends_sd: float
    category_share: np.ndarray
    category_margin: np.ndarray
    refund_share: float
    complaint: np.ndarray  # (3,) probability at grade 1, 2, above
    resolution: float
    reply_base: float
    satisfaction_on_reply: float
    loyalty_on_reply: float
    blank_share: float
    mood: float
    recommend_cuts: np.ndarray  # (10,)
    content_cuts: np.ndarray  # (4,) of CSAT 1–5
    ease_cuts: np.ndarray  # (6,) of CES 1–7, 7 very easy
    call_base: float
    call_new: float
    call_premium: float
    call_sd: float
    uptake_base: float
    uptake_loyalty: float
    uptake_satisfaction: float
    letters: bool
    warning: float  # strength of intentions; 0: there are none
    announced: np.ndarray  # (reasons,) times `warning`
    resolve: np.ndarray  # (reasons,)
    relent: np.ndarray  # (reasons,)
    intent_logins: np.ndarray  # (reasons,)
    intent_orders: np.ndarray  # (reasons,)
    intent_enquiries: np.ndarray  # (reasons,)

    def weight(self, k: int, month: int) -> np.ndarray:
        """Effect of a grade at touchpoint `k` on satisfaction, by plan.

        Parameters
        ----------
        k
            The touchpoint.
        month
            Counted from the first month of the records.
        """
        return self.weights[k] * np.exp(self.weight_drift[k] * month / 12)


@dataclass(frozen=True)
class Aims:
    """Marginals that calibration sets intercepts for."""

    churn_by_reason: np.ndarray
    response: float
    purchases: float
    recommend: np.ndarray  # (11,) shares of the answers 0 … 10
    content: np.ndarray  # (5,)
    ease: np.ndarray  # (7,)


def draw(settings: Settings) -> tuple[Coefficients, Aims]:
    """The coefficients of the world with this seed, before calibration, and what calibration aims at.

    The same seed draws the same numbers whatever else is set, so that worlds differ by a setting alone.

    Parameters
    ----------
    settings
        Of the world.
    """
    random = np.random.default_rng([settings.seed, 20_261_122])

    def one(name: str) -> float:
        return random.uniform(*RANGES[name][:2])

    def many(name: str, *shape: int) -> np.ndarray:
        return random.uniform(*RANGES[name][:2], size=shape)

    def call(name: str) -> float:
        # Where `persuasion` is set, worlds differ less: else calls would do good in some and harm in others.
        low, high, _ = RANGES[name]
        drawn, middle = one(name), (low + high) / 2
        return drawn if settings.persuasion == 1 else middle + _CALLS_ALIKE * (drawn - middle)

    touchpoints = len(TOUCHPOINTS)
    quality, person = one("quality_share"), one("person_share")
    base = many("weight", touchpoints)
    base[random.integers(touchpoints)] = 0.0  # a touchpoint that does not matter, whatever its owner thinks
    tilt = np.linspace(1.15, 0.75, len(AGE_GROUPS))  # younger customers use website and app more
    use = np.array([[each.use] * len(AGE_GROUPS) for each in TOUCHPOINTS]) * random.uniform(
        0.85, 1.15, (touchpoints, 1)
    )
    for k, each in enumerate(TOUCHPOINTS):
        if each.name in ("website", "app"):
            use[k] *= tilt
    shares = many("reason_share", len(REASONS))
    churn = one("churn") if settings.churn is None else settings.churn + 0 * one("churn")
    response = one("response") if settings.response is None else settings.response + 0 * one("response")
    low, high = one("detractors"), one("promoters")
    season = np.ones(12)
    season[[10, 11]] = 1.15, one("christmas")
    unseen, link = settings.confounding, settings.link
    aims = Aims(
        churn_by_reason=churn * shares / shares.sum(),
        response=response,
        purchases=one("purchases"),
        recommend=np.concatenate([low * _WITHIN[0], (1 - low - high) * _WITHIN[1], high * _WITHIN[2]]),
        content=np.array([0.05, 0.08, 0.20, 0.40, 0.27]),
        ease=np.array([0.03, 0.05, 0.09, 0.15, 0.24, 0.26, 0.18]),
    )
    margin = random.uniform(0.25, 0.45, len(CATEGORIES))
    made = Coefficients(
        use=np.minimum(use, 1.0),
        level=random.normal(0.1, 0.25, touchpoints),
        level_by_region=random.normal(0, 0.15, (touchpoints, len(REGIONS))),
        level_by_plan=random.normal(0, 0.12, (touchpoints, len(PLANS))),
        quality_sd=quality**0.5,
        person_sd=person**0.5,
        visit_sd=(1 - quality - person) ** 0.5,
        weights=base[:, None] * (1 + many("weight_by_plan", touchpoints, len(PLANS))),
        weight_drift=settings.drift * many("drift_weight", touchpoints),
        asymmetry=many("asymmetry", touchpoints),
        use_effect=many("use_effect", touchpoints) * (base > 0),
        cliff=settings.thresholds * many("cliff", touchpoints) * (np.arange(touchpoints) % 2),
        usual=np.zeros(touchpoints),
        satisfaction_base=0.0,
        touchpoint_sd=one("touchpoint_sd"),
        halo=settings.halo * one("halo"),
        loyalty_on_satisfaction=unseen * one("loyalty_on_satisfaction"),
        price_on_satisfaction=one("price_on_satisfaction"),
        unresolved=one("unresolved"),
        resolved=one("resolved"),
        thresholds=settings.thresholds,
        drift_price=settings.drift * one("drift_price"),
        frailty=settings.frailty,
        hazard_base=np.zeros(len(REASONS)),
        satisfaction_on_service_hazard=link * one("satisfaction_on_service_hazard"),
        satisfaction_on_price_hazard=link * one("satisfaction_on_price_hazard"),
        price_on_price_hazard=one("price_on_price_hazard"),
        unresolved_on_service_hazard=link * one("unresolved_on_service_hazard"),
        loyalty_on_hazard=unseen * one("loyalty_on_hazard"),
        need_onset=one("need_onset"),
        need_on_need_hazard=one("need_on_need_hazard"),
        plan_on_involuntary=np.array([0.3, 0.0, -0.4]),
        early=one("early"),
        anniversary=one("anniversary"),
        purchase_base=0.0,
        propensity_sd=one("propensity_sd"),
        satisfaction_on_purchases=link * one("satisfaction_on_purchases"),
        loyalty_on_purchases=unseen * one("loyalty_on_purchases"),
        need_on_purchases=one("need_on_purchases"),
        season=season,
        basket=float(np.log(one("basket"))),
        basket_sd=one("basket_sd"),
        spends_sd=one("spends_sd"),
        category_share=random.dirichlet(np.full(len(CATEGORIES), 6.0)),
        category_margin=margin,
        refund_share=one("refund_share"),
        complaint=np.array([0.30, 0.12, 0.01]),
        resolution=one("resolution"),
        reply_base=0.0,
        satisfaction_on_reply=one("satisfaction_on_reply"),
        loyalty_on_reply=unseen * one("loyalty_on_reply"),
        blank_share=one("blank_share"),
        mood=one("mood"),
        recommend_cuts=np.zeros(10),
        content_cuts=np.zeros(4),
        ease_cuts=np.zeros(6),
        call_base=call("call_base"),
        call_new=settings.persuasion * call("call_new"),
        call_premium=settings.persuasion * call("call_premium"),
        call_sd=settings.persuasion * call("call_sd"),
        uptake_base=-0.4,
        uptake_loyalty=1.5 * unseen,
        uptake_satisfaction=0.3 * unseen,
        letters=settings.letters,
        **_intentions(settings),
    )
    return made, aims


def _intentions(settings: Settings) -> dict[str, Any]:
    """Coefficients of intentions, drawn apart, so that the others are those of a world without."""
    random = np.random.default_rng([settings.seed, 20_261_129])
    drawn = {}
    for name, (middle, within, relative, _) in INTENTIONS.items():
        reach = within * np.abs(middle) if relative else within
        drawn[name] = np.array(middle) + reach * random.uniform(-1, 1, len(REASONS))
    return drawn | {"warning": settings.warning, "announced": settings.warning * drawn["announced"]}


def scaled(world: Coefficients, factor: float) -> Coefficients:
    """The world with all effects of touchpoints on satisfaction multiplied by `factor`.

    Parameters
    ----------
    world
        Its coefficients.
    factor
        Above 0.
    """
    effects = ("weights", "use_effect", "cliff", "usual")
    return replace(world, **{name: getattr(world, name) * factor for name in effects})
