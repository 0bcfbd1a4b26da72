"""The dataset.yaml of a simulated world: what stands in its tables, as the door to the studies wants to know it."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

import yaml

from workbench.simulate.engine.settings import PRESETS, Settings
from workbench.simulate.engine.trials import CALL, CONTACTS, CONTROL, FIRST_START, TREATMENT, WAVES, WAVES_APART
from workbench.simulate.engine.words import REASON_LABELS, TOUCHPOINTS
from workbench.simulate.records import LOGIN, NOT_APPLICABLE, extract_day


def command(settings: Settings, name: str) -> str:
    """The command that makes this world again.

    Parameters
    ----------
    settings
        Of the world.
    name
        Of the dataset.
    """
    start = {**{each.name: each.default for each in fields(Settings)}, **PRESETS[settings.preset]}
    differ = [f"preset={settings.preset}"]
    for each in fields(Settings):
        value = getattr(settings, each.name)
        if each.name != "preset" and (value != start[each.name] or each.name == "seed"):
            differ.append(f"{each.name}={str(value).lower() if isinstance(value, bool) else value}")
    return f"workbench data add {name} --simulate {' '.join(differ)}"


def describe(
    settings: Settings,
    name: str,
    present: Collection[str],
    tried: Mapping[str, Collection[str]],
    first: Collection[str],
) -> str:
    """The text of the dataset.yaml.

    Parameters
    ----------
    settings
        Of the world.
    name
        Of the dataset.
    present
        The tables that have rows.
    tried, first
        The arms of each initiative that the table `treatments` has, and the initiatives whose pilots are as
        `settings.trial_design` has it.
    """
    segments = {
        "plan": {"label": "Plan", "constant": True},
        "region": {"label": "Region", "constant": True},
        "age_group": {"label": "Age", "constant": True},
    }
    splits = list(segments)
    known = {"known_at": "known_at"} if settings.dirt else {}
    tables: dict[str, dict[str, Any]] = {
        "customers": {
            "segments": splits,
            "columns": {
                "customer_id": "customer_id",
                "name": {"label": "Name", "personal": "drop"},
                "first_seen": "first_seen",
                **segments,
                "joined_via": {"label": "Joined via", "constant": True},
            },
        },
        "subscriptions": {
            "currency": settings.currency,
            "columns": {
                "customer_id": "customer_id",
                "start": "start",
                "end": "end",
                "end_reason": {"label": "Reason for leaving", "values": dict(REASON_LABELS)},
                "plan": {"label": "Plan"},
                "price": {"label": "Monthly price"},
            },
        },
        "transactions": {
            "currency": settings.currency,
            "columns": {
                "customer_id": "customer_id",
                "order_id": "order_id",
                "timestamp": "timestamp",
                **known,
                "amount": {"label": "Amount"},
                "margin": {"label": "Margin"},
                "category": {"label": "Category"},
            },
        },
        "interactions": {
            "columns": {
                "customer_id": "customer_id",
                "timestamp": "timestamp",
                **known,
                "touchpoint": {"label": "Touchpoint", "values": {each.name: each.label for each in TOUCHPOINTS}},
                "channel": {"label": "Channel"},
                "kind": {"label": "Kind"},
                "minutes": {"label": "Minutes of our time", "unit": "minutes"},
                "resolved_first_contact": {"label": "Resolved at the first contact"},
                "complaint": {"label": "Complaint"},
            },
        },
        "usage": {
            "columns": {
                "customer_id": "customer_id",
                "timestamp": "timestamp",
                "known_at": "known_at",
                "measure": {"label": "What was counted", "values": {LOGIN: "Logins"}},
                "value": {"label": "Number in the month"},
            },
        },
        "surveys": {
            "segments": splits,
            "columns": {
                "response_id": "response_id",
                "customer_id": "customer_id",
                "timestamp": "timestamp",
                "nps": {"from": "recommend", "label": "Would recommend us", "scale": [0, 10], "role": "outcome"},
                "csat": {"from": "satisfaction", "label": "Satisfied", "scale": [1, 5], "role": "outcome"},
                "ces": {"from": "ease", "label": "Easy to deal with", "scale": [1, 7], "role": "outcome"},
                **{
                    each.name: {
                        "label": each.label,
                        "scale": [1, 5],
                        "role": "driver",
                        "touchpoint": each.name,
                        "not_applicable": [str(NOT_APPLICABLE)],
                    }
                    for each in TOUCHPOINTS
                },
                "comment": {"label": "Comment", "type": "text"},
                **{key: {"label": value["label"]} for key, value in segments.items()},
            },
        },
        "lifetimes": {
            "currency": settings.currency,
            "segments": splits,
            "columns": {
                "customer_id": "customer_id",
                "duration": {"unit": "months", "label": "Months as a customer"},
                "event": {"label": "Left", "true_values": ["true"], "false_values": ["false"]},
                "entry": {"label": "Months before the records begin"},
                "reason": {"label": "Reason for leaving", "values": dict(REASON_LABELS)},
                **segments,
                "price": {"label": "Monthly price", "type": "money"},
            },
        },
        "treatments": {
            "currency": settings.currency,
            "design": designs(settings, tried, first),
            "columns": {
                "customer_id": "customer_id",
                "initiative": {"label": "Initiative"},
                "arm": {"label": "Arm"},
                "start": "start",
                "end": "end",
                "cost": {"label": "Cost"},
            },
        },
        "initiatives": {
            "currency": settings.currency,
            "columns": {
                "initiative": {"label": "Initiative"},
                "driver": {"label": "Driver"},
                "touchpoint": {"label": "Touchpoint"},
                "expected_lift": {"label": "Expected lift", "unit": "grades of experience"},
                "lift_sd": {"label": "Its standard deviation"},
                "fixed_cost": {"label": "Fixed cost"},
                "cost_per_customer": {"label": "Cost per customer reached"},
                "reach": {"label": "Share of customers reached", "unit": "share"},
            },
        },
    }
    size = f"{settings.customers:,} customers, {settings.months} months"
    whole = {
        "title": f"Simulated company ({settings.preset}, seed {settings.seed}: {size})",
        "description": (
            f"A made-up provider of contracts with {settings.customers:,} active customers at any time, over "
            f"{settings.months} months. What is true of it is known, and kept where no study can read it."
        ),
        "source": f"simulated: {command(settings, name)}",
        "licence": "Apache-2.0, as the workbench",
        "fictional": True,
        "extracted": extract_day(settings),
        "tables": {table: {"file": f"{table}.parquet", **rest} for table, rest in tables.items() if table in present},
    }
    return yaml.dump(whole, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


def designs(
    settings: Settings, tried: Mapping[str, Collection[str]], first: Collection[str]
) -> dict[str, dict[str, Any]]:
    """How the arms of each initiative were dealt, as `design:` of the table `treatments` says it.

    Parameters
    ----------
    settings
        Of the world.
    tried
        The arms of each initiative.
    first
        The initiatives whose pilots are as `settings.trial_design` has it; other pilots are of volunteers.
    """
    begun = settings.months > FIRST_START + WAVES_APART * (WAVES - 1)  # all waves
    by_design: dict[str, dict[str, Any]] = {
        "individual": {"assignment": "randomised", "probability": 0.5},
        "region": {"assignment": "clustered", "unit": "region", "probability": 0.5},
        "staggered": {"assignment": "staggered", **({"probability": 1 / (WAVES + 1)} if begun else {})},
        "volunteers": {"assignment": "volunteers"},
    }
    contacts = [arm for arm in CONTACTS if arm in tried.get(CALL, ())] or [TREATMENT]
    made: dict[str, dict[str, Any]] = {}
    for initiative, arms in sorted(tried.items()):
        if initiative == CALL:
            made[initiative] = {
                "assignment": "randomised",
                "probability": round(len(contacts) / (len(contacts) + 1), 6),
            }
        elif initiative in first:
            made[initiative] = dict(by_design[settings.trial_design])
        else:
            made[initiative] = {"assignment": "volunteers"}
        if CONTROL in arms:
            made[initiative]["control"] = CONTROL
    return made


class _Plain(yaml.SafeDumper):
    """YAML in which nothing refers to anything else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
