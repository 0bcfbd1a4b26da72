"""The dataset.yaml of a simulated world: what stands in its tables, as the door to the studies wants to know it."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

import yaml

from workbench.simulate.engine.calibration import world_of
from workbench.simulate.engine.initiatives import offered
from workbench.simulate.engine.settings import PRESETS, Settings
from workbench.simulate.engine.trials import (
    CALL,
    CALLS_EVERY,
    CONTACTS,
    CONTROL,
    FIRST_START,
    WAVES,
    piloted_initiatives,
    second_start,
)
from workbench.simulate.engine.words import REASON_LABELS, TOUCHPOINTS
from workbench.simulate.records import LOGIN, NOT_APPLICABLE, extract_day


def command(settings: Settings, name: str) -> str:
    """The command that makes this world again."""
    start = {**{each.name: each.default for each in fields(Settings)}, **PRESETS[settings.preset]}
    differ = [f"preset={settings.preset}"]
    for each in fields(Settings):
        value = getattr(settings, each.name)
        if each.name != "preset" and (value != start[each.name] or each.name == "seed"):
            differ.append(f"{each.name}={str(value).lower() if isinstance(value, bool) else value}")
    return f"workbench data add {name} --simulate {' '.join(differ)}"


def describe(settings: Settings, name: str, present: Collection[str]) -> str:
    """The text of the dataset.yaml, with the tables that have rows."""
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
            "design": _designs(settings),
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


def _designs(settings: Settings) -> dict[str, dict[str, Any]]:
    """How the arms of each initiative that has begun were dealt, as the company knows it."""
    design: dict[str, dict[str, Any]] = {
        "individual": {"assignment": "randomised", "probability": 0.5},
        "region": {"assignment": "clustered", "unit": "region", "probability": 0.5},
        "staggered": {"assignment": "staggered", "probability": round(1 / (WAVES + 1), 6)},
        "volunteers": {"assignment": "volunteers"},
    }
    calls = dict.fromkeys(CONTACTS, round(1 / (1 + len(CONTACTS)), 6)) if settings.letters else 0.5
    piloted = piloted_initiatives(settings, world_of(settings), offered(settings))
    begun = [(FIRST_START, each.name, design[settings.trial_design]) for each in piloted[:1]]
    begun += [(second_start(settings), each.name, design["volunteers"]) for each in piloted[1:2]]
    begun += [(CALLS_EVERY, CALL, {"assignment": "randomised", "probability": calls})]
    return {name: {**made, "control": CONTROL} for start, name, made in begun if start < settings.months}


class _Plain(yaml.SafeDumper):
    """YAML in which nothing refers to anything else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
