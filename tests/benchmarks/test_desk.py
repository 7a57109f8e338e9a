"""The rows of the preview beside the board."""

from benchmarks.desk import SOON, Times, _rows


def test_rows_have_the_target_and_the_ratio_of_each_round() -> None:
    rows = _rows("12 picks", Times([200, 250], [300, 500], [600, 700], [900, 950], [100, 250]))

    assert [row.met for row in rows] == [True, None, None, None, None, None]
    assert rows[0].target is not None
    assert rows[0].target.most == SOON
    assert rows[4].values == (3.0, 2.0)
