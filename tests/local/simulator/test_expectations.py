"""Do the scenarios expect exactly what follows from their steps?"""

from collections import Counter
from dataclasses import replace

import pytest

from local.simulator.model import Scenario
from local.simulator.scenario import load_scenario
from tests.local.simulator.conftest import SCENARIOS
from tests.local.simulator.derive import Delivery, deliveries


def written(scenario: Scenario) -> list[Delivery]:
    """What the file says that each flow must get."""
    return sorted(
        Delivery(event.time, event.type, event.subject, flow) for event in scenario.expected for flow in event.flows
    )


@pytest.mark.parametrize("name", ["day", "odd", "quiet", "storm"])
def test_a_scenario_expects_exactly_what_its_steps_bring_about(name: str) -> None:
    scenario = load_scenario(SCENARIOS / f"{name}.toml")
    assert written(scenario) == deliveries(scenario)


def test_the_day_shows_all_eight_kinds_of_event_in_a_number_that_a_person_can_follow(day: Scenario) -> None:
    kinds = Counter(delivery.type for delivery in written(day))
    assert len(kinds) == 8
    assert 25 <= kinds.total() <= 40


def test_the_odd_day_would_be_another_without_what_people_do_to_it(odd: Scenario) -> None:
    home = odd.environments[0]
    undisturbed = replace(odd, environments=(replace(home, edits=()),))
    flows = {delivery.flow for delivery in set(deliveries(undisturbed)) - set(deliveries(odd))}
    assert {"Too many at risk", "Enough new customers", "Too many returns"} <= flows


def test_each_delivery_can_be_told_from_every_other(day: Scenario) -> None:
    assert len(set(written(day))) == len(written(day))


def test_the_storm_is_a_thousand_thresholds_in_one_run() -> None:
    storm = load_scenario(SCENARIOS / "storm.toml")
    assert len(storm.environments[0].segments) == len(storm.subscriptions) == len(storm.expected) == 1000


def test_another_seed_gives_other_jobs_and_the_same_seed_the_same() -> None:
    subjects = [{event.subject for event in load_scenario(SCENARIOS / "day.toml", seed).expected} for seed in (1, 1, 2)]
    assert subjects[0] == subjects[1] != subjects[2]
