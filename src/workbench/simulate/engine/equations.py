"""The structural equations: what follows from what, one function an arrow of the causal graph.

Every function works on arrays whose last axis is customers; axes before it are worlds that differ by an intervention,
so the history that happened and the worlds that could have happened go through the same lines. docs/simulated_world.md
says each equation in words.
"""

import numpy as np
from scipy.special import expit

from workbench.simulate.engine.coefficients import CATEGORY_PRICE, ENQUIRIES, LOGIN_SEASON, Coefficients
from workbench.simulate.engine.words import ONBOARDING

RECALL_MONTHS = 6  # how long a touchpoint stays part of the impression, and of the questionnaire
GRIEVANCE_MONTHS = 3  # how long a complaint works
CALL_MONTHS = 3  # how long a retention call works
VISITS_END = 0.85  # part of the month in which visits fall; surveys come after
MIDDLE = 3  # of the grades 1 to 5
GRADES = 5  # a rating of a touchpoint goes from 1 to 5
LONG_AGO = -9_999  # a month before all others: never happened

_GRADE_CUTS = (-1.9, -1.2, -0.45, 0.55)  # of the latent experience: most visits go well


def grade(latent: np.ndarray) -> np.ndarray:
    """The experience in five grades: 1 unacceptable … 5 outstanding.

    Parameters
    ----------
    latent
        The experience on its latent scale, of any shape.
    """
    return 1.0 + np.asarray(sum(latent > cut for cut in _GRADE_CUTS))


def impression(world: Coefficients, k: int, plan: np.ndarray, grades: np.ndarray, month: int) -> np.ndarray:
    """What the grade `grades` at a touchpoint adds to satisfaction over what is usual there: penalties and rewards.

    Parameters
    ----------
    world
        Its coefficients.
    k
        The touchpoint.
    plan
        Its place in `words.PLANS`, one a customer.
    grades
        1 to 5, one a customer.
    month
        Counted from the first month of the records.
    """
    away = grades - MIDDLE
    below, above = np.minimum(away, 0), np.maximum(away, 0)
    weight = world.weight(k, month)[plan]
    bent = (1 + world.asymmetry[k]) * below + (1 - world.asymmetry[k]) * above
    return weight * bent - world.cliff[k] * (grades <= 2) - world.usual[k]


def use(world: Coefficients, k: int, used: np.ndarray, age: np.ndarray, tenure: np.ndarray) -> np.ndarray:
    """What having used a touchpoint lately adds to satisfaction, over customers of the same age and tenure.

    How many have used it grows over the first months, so an effect that is not centred by tenure would make newcomers
    discontented who have seen nothing yet.

    Parameters
    ----------
    used
        Whether it was used within `RECALL_MONTHS`, the last axis being customers.
    tenure
        Whole months at the beginning of the month.
    world
        Its coefficients.
    k
        The touchpoint.
    age
        The place of the age group, one a customer.
    """
    return world.use_effect[k] * (used - used_lately(world, k, age, tenure))


def used_lately(world: Coefficients, k: int, age: np.ndarray, tenure: np.ndarray) -> np.ndarray:
    """Probability that a touchpoint was used within `RECALL_MONTHS`, this month included.

    Parameters
    ----------
    world
        Its coefficients.
    k
        The touchpoint.
    age
        The place of the age group, one a customer.
    tenure
        Whole months at the beginning of the month, one a customer.
    """
    if k == ONBOARDING:
        return (tenure < RECALL_MONTHS).astype(float)
    months = np.arange(RECALL_MONTHS + 1)
    known = 1 - (1 - world.use[k][:, None]) ** months  # by age and months: a power a customer would take its time
    return known[age, np.clip(tenure + 1, 0, RECALL_MONTHS)]


def grievance(world: Coefficients, unresolved: np.ndarray, resolved: np.ndarray) -> np.ndarray:
    """What complaints of the last months add to satisfaction, by whether they were resolved.

    Parameters
    ----------
    world
        Its coefficients.
    unresolved
        Complaints of the last months that are not resolved, one a customer.
    resolved
        Whether there were some that were resolved, one a customer.
    """
    return world.resolved * resolved - world.unresolved * unresolved


def standing(world: Coefficients, loyalty: np.ndarray, relative_price: np.ndarray) -> np.ndarray:
    """The part of satisfaction that does not come from touchpoints. Relative price: log of price over list price.

    Parameters
    ----------
    world
        Its coefficients.
    loyalty
        The trait, one a customer.
    relative_price
        Log of price over list price, one a customer.
    """
    return (
        world.satisfaction_base + world.loyalty_on_satisfaction * loyalty - world.price_on_satisfaction * relative_price
    )


def hazards(
    world: Coefficients,
    *,
    satisfaction: np.ndarray,
    unresolved: np.ndarray,
    relative_price: np.ndarray,
    plan: np.ndarray,
    loyalty: np.ndarray,
    frailty: np.ndarray,
    need_gone: np.ndarray,
    tenure: np.ndarray,
    call: np.ndarray | float,
    month: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Hazards of leaving, a month, by reason in the order of `words.REASONS`.

    Tenure is in whole months at the beginning of the month; `call` is the log hazard ratio of a retention call.

    Parameters
    ----------
    world
        Its coefficients.
    satisfaction
        On its latent scale, one a customer.
    unresolved
        Complaints of the last months that are not resolved, one a customer.
    relative_price
        Log of price over list price, one a customer.
    plan
        Its place in `words.PLANS`, one a customer.
    loyalty
        The trait, one a customer.
    frailty
        Factor of the hazards that nobody sees, one a customer.
    need_gone
        Whether the need is gone, one a customer.
    tenure
        Whole months at the beginning of the month, one a customer.
    call
        Log hazard ratio of a contact that still works, one a customer.
    month
        Counted from the first month of the records.
    """
    felt = satisfaction
    if world.thresholds:
        felt = (1 - world.thresholds) * satisfaction + world.thresholds * 2 * np.minimum(satisfaction, 0)
    early = world.early * (tenure < 3)
    renewal = anniversary(world, tenure)
    pushed = frailty * np.exp(early + renewal + call - world.loyalty_on_hazard * loyalty)
    years = month / 12
    price = pushed * np.exp(
        world.hazard_base[0]
        + world.drift_price * years
        + world.price_on_price_hazard * relative_price
        - world.satisfaction_on_price_hazard * felt
    )
    service = pushed * np.exp(
        world.hazard_base[1]
        - world.satisfaction_on_service_hazard * felt
        + world.unresolved_on_service_hazard * unresolved
    )
    need = np.exp(world.hazard_base[2] + world.need_on_need_hazard * need_gone)
    involuntary = np.exp(world.hazard_base[3] + world.plan_on_involuntary[plan])
    return price, service, need, involuntary


def anniversary(world: Coefficients, tenure: np.ndarray) -> np.ndarray:
    """What the month after each full year adds to the log hazard of leaving; tenure is in whole months.

    Parameters
    ----------
    world
        Its coefficients.
    tenure
        Whole months at the beginning of the month, one a customer.
    """
    return world.anniversary * ((tenure > 0) & (tenure % 12 == 0))


def login_rate(habit: np.ndarray, calendar_month: int) -> np.ndarray:
    """Logins a month of customers without an intention to leave; `habit` is the logarithm of their usual number.

    Parameters
    ----------
    habit
        Log of the usual number a month, one a customer.
    calendar_month
        1 to 12.
    """
    return np.exp(habit) * LOGIN_SEASON[calendar_month - 1]


def enquiry_rate(asks: np.ndarray) -> np.ndarray:
    """Enquiries a month of customers without an intention to leave; `asks` is how much more they ask, a logarithm.

    Parameters
    ----------
    asks
        Log of how many times as often as usual, one a customer.
    """
    return ENQUIRIES * np.exp(asks)


def purchase_rate(
    world: Coefficients,
    *,
    satisfaction: np.ndarray,
    propensity: np.ndarray,
    loyalty: np.ndarray,
    need_gone: np.ndarray,
    calendar_month: int,
) -> np.ndarray:
    """Orders a month, while a customer.

    Parameters
    ----------
    world
        Its coefficients.
    satisfaction
        On its latent scale, one a customer.
    propensity
        Log of how many times as often as usual, one a customer.
    loyalty
        The trait, one a customer.
    need_gone
        Whether the need is gone, one a customer.
    calendar_month
        1 to 12.
    """
    return (
        np.exp(
            world.purchase_base
            + propensity
            + world.satisfaction_on_purchases * satisfaction
            + world.loyalty_on_purchases * loyalty
            - world.need_on_purchases * need_gone
        )
        * world.season[calendar_month - 1]
    )


def order_margin(world: Coefficients, spends: np.ndarray) -> np.ndarray:
    """Expected margin of one order, refunds taken off, in money.

    Parameters
    ----------
    world
        Its coefficients.
    spends
        Log of how many times as much as usual, one a customer.
    """
    amount = np.exp(world.basket + spends + world.basket_sd**2 / 2)
    return amount * float(world.category_share @ (CATEGORY_PRICE * world.category_margin)) * (1 - world.refund_share)


def complaint_probability(world: Coefficients, grades: np.ndarray) -> np.ndarray:
    """Probability that a visit of this grade ends in a complaint.

    Parameters
    ----------
    world
        Its coefficients.
    grades
        1 to 5, one a customer.
    """
    return np.where(grades <= 1, world.complaint[0], np.where(grades <= 2, world.complaint[1], world.complaint[2]))


def reply_probability(world: Coefficients, satisfaction: np.ndarray, loyalty: np.ndarray) -> np.ndarray:
    """Probability that an invitation to the survey is answered.

    Parameters
    ----------
    world
        Its coefficients.
    satisfaction
        On its latent scale, one a customer.
    loyalty
        The trait, one a customer.
    """
    return expit(world.reply_base + world.satisfaction_on_reply * satisfaction + world.loyalty_on_reply * loyalty)


def recommend_tail(world: Coefficients, satisfaction: np.ndarray) -> np.ndarray:
    """P(answer to *would you recommend us* ≥ j) for j = 1 … 10: a leading axis of length 10 (ordered logit).

    Parameters
    ----------
    world
        Its coefficients.
    satisfaction
        On its latent scale, one a customer.
    """
    cuts = world.recommend_cuts.reshape(-1, *[1] * np.ndim(satisfaction))
    return expit(satisfaction - cuts)


def net_promoter(world: Coefficients, satisfaction: np.ndarray) -> np.ndarray:
    """Expected contribution to the net promoter score, between −1 and 1: P(9 or 10) − P(0 to 6).

    Parameters
    ----------
    world
        Its coefficients.
    satisfaction
        On its latent scale, one a customer.
    """
    tail = recommend_tail(world, satisfaction)
    return tail[8] - (1 - tail[6])


def stays(total_hazard: np.ndarray, until: float = 1.0) -> np.ndarray:
    """Expected part of a month (up to `until`) that a customer stays when leaving has this constant hazard.

    Parameters
    ----------
    total_hazard
        A month, of all reasons, one a customer.
    until
        Part of the month, between 0 and 1.
    """
    # A hazard of 0 is replaced by one too small to matter.
    return -np.expm1(-np.maximum(total_hazard, 1e-12) * until) / np.maximum(total_hazard, 1e-12)
