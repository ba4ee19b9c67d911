"""Kill -9 under load: nothing acknowledged is lost, nothing is half done. `python -m bench kills` is the long run."""

from bench import kills


def test_killed_under_load(tmp_path):
    outcome = kills.run(tmp_path, times=8, seed=20_261)
    assert outcome.faults == []
    assert outcome.acknowledged > 0
    assert outcome.stored >= outcome.acknowledged
