"""Kill -9 under load: nothing acknowledged is lost, nothing is half done, and the meters are exact after each kill.

`python -m bench kills` is the long run.
"""

from bench import kills


def test_killed_under_load(tmp_path):
    outcome = kills.run(tmp_path, times=8, seed=20_261)
    assert outcome.faults == []
    assert min(outcome.acknowledged, outcome.messages, outcome.dissolved) > 0
    assert outcome.stored >= outcome.acknowledged
