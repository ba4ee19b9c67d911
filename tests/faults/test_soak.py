"""Who misses a message when sessions are cut and the server is killed? `python -m bench soak` is the long run."""

from bench import soak


def test_every_message_reaches_everybody_once_and_in_order(tmp_path):
    outcome = soak.run(tmp_path, members=30, seconds=6, kill=1, seed=20_261)
    assert outcome.faults == []
    assert outcome.kills == 1
    assert outcome.cuts > 0
    assert outcome.missed > 0
    assert 0 < outcome.acknowledged <= outcome.stored
    assert outcome.deliveries == outcome.stored * outcome.members
