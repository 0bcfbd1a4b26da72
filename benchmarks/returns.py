"""Returns at size: `PYTHONPATH=. python benchmarks/returns.py [COMPANIES]` times the chain on 100,000 customers.

A simulated company of 5,000 customers over 36 months stands there twenty times (or as often as is asked), each time
with customers of its own; ten initiatives, 400 draws. The upstream runs and the base are given.
"""

import resource
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from benchmarks.validation.estimates import base_of, effects_of, until_of
from benchmarks.validation.worlds import World, made

from workbench.decisions.roi import chain_of, read_initiatives
from workbench.decisions.roi.experience import lift_of, link_of
from workbench.models.linkage import learn_link, read_answers

INITIATIVES, DRAWS = 10, 400


def times(world: World, many: int) -> dict[str, pd.DataFrame]:
    """Its tables so many times, with other customers each time."""
    found = {}
    for name, table in world.tables.items():
        if "customer_id" in table:
            copies = [table.assign(customer_id=table["customer_id"].astype(str) + f"-{i}") for i in range(many)]
            found[name] = pd.concat(copies, ignore_index=True)
    return found


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    world = made(["seed=1", "warning=1"])
    effects = effects_of(world, 1)
    tables = times(world, many)
    base = base_of(world)
    more = np.resize(np.arange(len(base.customers)), DRAWS)
    base = replace(
        base,
        active=base.active * many,
        customers=base.customers[more] * many,
        orders=base.orders[more],
        other=base.other[more],
        hazards={reason: rate[more] for reason, rate in base.hazards.items()},
    )
    begin = time.process_time()
    answers = read_answers(tables["surveys"], world.dataset.tables["surveys"].columns, effects)
    answers = replace(
        answers,
        effects=answers.effects[np.resize(np.arange(len(answers.effects)), DRAWS)],
        use=answers.use[np.resize(np.arange(len(answers.use)), DRAWS)],
    )
    linkage = learn_link(
        answers,
        tables["subscriptions"],
        until=until_of(world),
        attributes=["plan"],
        transactions=tables["transactions"],
        interactions=tables["interactions"],
        usage=tables.get("usage"),
        random_seed=1,
    )
    learnt = time.process_time()
    offered = read_initiatives(world.tables["initiatives"], answers.drivers)
    chosen = [replace(offered[i % len(offered)], name=f"initiative {i}") for i in range(INITIATIVES)]
    at = {each.driver: lift_of(linkage, each.driver, DRAWS) for each in chosen}
    chain_of(chosen, at, link_of(linkage, DRAWS), base, random_seed=1).returns()
    end = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    customers = many * world.settings.customers
    print(
        f"{customers} customers: links {learnt - begin:.1f} CPU s, {INITIATIVES} initiatives {end - learnt:.1f} CPU s"
    )
    print(f"at most {memory:.2f} GB, the tables among them")


if __name__ == "__main__":
    main()
