import numpy as np

from model_probe.derived import head_scores, induction_ids, induction_scores


def test_pure_heads_score_one_and_the_others_nothing() -> None:
    previous = np.eye(6, k=-1)
    previous[0, 0] = 1
    first = np.zeros((6, 6))
    first[:, 0] = 1
    scores = head_scores(np.stack([previous, first, np.eye(6)])[None])
    assert scores["head_previous_LH"].tolist() == [[1, np.float32(0.2), 0]]  # query 1 has the first before it
    assert scores["head_first_LH"].tolist() == [[np.float32(0.2), 1, 0]]
    assert scores["head_self_LH"].tolist() == [[0, 0, 1]]


def test_one_token_has_no_previous() -> None:
    scores = head_scores(np.ones((2, 3, 1, 1)))
    assert sorted(scores) == ["head_first_LH", "head_self_LH"]
    assert (scores["head_self_LH"] == 1).all()


def test_induction_is_the_weight_on_what_followed_the_first_time() -> None:
    repeat = 5
    pattern = np.zeros((1, 1, 10, 10))
    for query in range(repeat, 2 * repeat):
        pattern[0, 0, query, query - repeat + 1] = 0.1 * (query - repeat)
    assert np.isclose(induction_scores(pattern)[0, 0], np.mean([0, 0.1, 0.2, 0.3, 0.4]))


def test_induction_ids_come_of_the_seed_and_fit_the_context() -> None:
    allowed = list(range(100, 200))
    drawn = induction_ids(allowed, 1024, seed=4)
    assert len(drawn) == 25
    assert set(drawn) <= set(allowed)
    np.testing.assert_array_equal(drawn, induction_ids(allowed, 1024, seed=4))
    assert (drawn != induction_ids(allowed, 1024, seed=5)).any()
    assert len(induction_ids(allowed, 16, seed=0)) == 8
