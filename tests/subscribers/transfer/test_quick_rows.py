"""A plain row understood in the quick way means what it means in the thorough way."""

from hypothesis import given
from hypothesis import strategies as st

from digest.subscribers.transfer.csv_file import CsvShape, NamedCells
from digest.subscribers.transfer.quick_rows import quick_reader
from digest.subscribers.transfer.rows import Meaning, RawRow, understand

FIELDS = ("address", "name", "language", "timezone", "joined", "confirmed")
COLUMNS = {field: place for place, field in enumerate(FIELDS)}
SHAPE = CsvShape("utf-8", ",", COLUMNS, len(FIELDS), 2, ())
PLAIN = Meaning(fateful=False)

CELLS = st.tuples(
    st.sampled_from(["anna@example.org", " Ivo@Example.ORG ", "zoë@exämple.org", "none", "'=a@b.c"])
    | st.text(max_size=12),
    st.sampled_from(["Anna", "", " Anna  B ", "Žanna\u200b", "'t Hooft", "a\nb"]) | st.text(),
    st.sampled_from(["en", "", "pt_BR", "English", " lv "]),
    st.sampled_from(["Europe/Riga", "", "Mars/Olympus", " UTC "]),
    st.sampled_from(["2019-05-01 07:08:09", "", "2019-02-30 00:00:00", "1.5.2019", "2019-05-01"])
    | st.from_regex(r"[0-9T:\- ]{19}", fullmatch=True),
    st.sampled_from(["2019-05-01T07:08:09", "", "yesterday", " 2019-05-01 07:08:09"]),
)


@given(CELLS)
def test_quick_way_means_what_the_thorough_one_does(cells: tuple[str, ...]) -> None:
    quick = quick_reader(SHAPE, PLAIN)
    assert quick is not None
    found = quick(7, list(cells), "".join(cells))
    if found is not None:
        raw = NamedCells(SHAPE).of(7, list(cells), "".join(cells))

        assert isinstance(raw, RawRow)
        assert found == understand(raw, PLAIN)


def test_plain_row_goes_the_quick_way() -> None:
    quick = quick_reader(SHAPE, PLAIN)
    cells = ["anna@example.org", "Anna", "lv", "Europe/Riga", "2019-05-01 07:08:09", ""]

    assert quick is not None
    assert quick(7, cells, "".join(cells)) is not None


def test_file_that_decides_fates_goes_the_thorough_way() -> None:
    assert quick_reader(SHAPE, Meaning(fateful=True)) is None
    assert quick_reader(SHAPE, Meaning("ghost", fateful=False)) is None
    assert quick_reader(SHAPE, Meaning(fateful=False, only_leaves=True)) is None
