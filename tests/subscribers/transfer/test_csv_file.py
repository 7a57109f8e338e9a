"""CSV from anywhere is read row by row; what cannot be read names file and row, nothing else."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.subscribers.transfer.csv_file import _Lines, find_shape, read_rows
from digest.subscribers.transfer.places import Place
from digest.subscribers.transfer.rows import RawRow, RowProblem


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readers.csv"


def rows_of(path: Path, content: str | bytes) -> list[RawRow | RowProblem]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(Place(path), find_shape(Place(path))))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_found(path: Path, delimiter: str, newline: str) -> None:
    lines = [("Email Address", "Name"), ("anna@example.org", "Anna"), ("eva@example.org", "Eva")]
    content = newline.join(delimiter.join(cells) for cells in lines)

    assert rows_of(path, content) == [
        RawRow(2, {"address": "anna@example.org", "name": "Anna"}),
        RawRow(3, {"address": "eva@example.org", "name": "Eva"}),
    ]


@pytest.mark.parametrize(
    "header",
    [
        "email",
        "E-Mail",
        "e_mail",
        "EMAIL ADDRESS",
        "Address",
        "E-Mail-Adresse",
        '"email"',
        "courriel",
    ],
)
def test_address_column_is_known_in_several_spellings(path: Path, header: str) -> None:
    assert find_shape_of(path, f"Nr;{header}\n1;anna@example.org\n") == {"address": 1}


def find_shape_of(path: Path, content: str) -> dict[str, int]:
    path.write_text(content, encoding="utf-8")
    return dict(find_shape(Place(path)).columns)


def test_columns_of_a_well_known_export_are_found(path: Path) -> None:
    header = (
        "Email Address,First Name,Last Name,Address,OPTIN_TIME,CONFIRM_TIME,TIMEZONE,Language\n"
    )

    assert find_shape_of(path, header) == {
        "address": 0,
        "first_name": 1,
        "last_name": 2,
        "joined": 4,
        "confirmed": 5,
        "timezone": 6,
        "language": 7,
    }


def test_single_column_of_addresses_needs_no_header(path: Path) -> None:
    assert rows_of(path, "anna@example.org\neva@example.org\n") == [
        RawRow(1, {"address": "anna@example.org"}),
        RawRow(2, {"address": "eva@example.org"}),
    ]


@pytest.mark.parametrize("content", ["Abonnenten\nanna@example.org\n", "anna@example.org,Anna\n"])
def test_header_without_an_address_column_is_bad_input(path: Path, content: str) -> None:
    with pytest.raises(BadInput, match="row 1 names no column email") as caught:
        rows_of(path, content)
    assert "anna@" not in str(caught.value)


def test_spreadsheet_hint_names_the_delimiter(path: Path) -> None:
    assert rows_of(path, "sep=;\r\nemail;name\r\nanna@example.org;A, B\r\n") == [
        RawRow(3, {"address": "anna@example.org", "name": "A, B"})
    ]


def test_header_may_stand_below_blank_lines_and_span_lines(path: Path) -> None:
    assert rows_of(path, '\n\nemail,"first\nname"\nanna@example.org,Anna\n') == [
        RawRow(4, {"address": "anna@example.org", "first_name": "Anna"})
    ]


def test_rows_are_numbered_as_in_a_spreadsheet(path: Path) -> None:
    content = 'email,name\n\n"anna@example.org","A ""x"" B"\n  ,\neva@example.org\n'

    assert rows_of(path, content) == [
        RawRow(3, {"address": "anna@example.org", "name": 'A "x" B'}),
        RawRow(5, {"address": "eva@example.org", "name": ""}),
    ]


@pytest.mark.parametrize(
    "line", ['"anna"@example.org,Anna', "anna@example.org,Bērziņa, Anna", '"a"x,"b\nc"y,']
)
def test_wrong_row_is_a_problem_and_the_next_is_read(path: Path, line: str) -> None:
    problem, *rest = rows_of(path, f"email,name\n{line}\n\n\neva@example.org,Eva\n")

    assert isinstance(problem, RowProblem)
    assert (problem.row, problem.field) == (2, "row")
    assert "anna" not in str(problem)
    assert isinstance(rest[-1], RawRow)
    assert rest[-1].cells["address"] == "eva@example.org"


@pytest.mark.parametrize("tail", ["", "b@x.org,B\n", "b@x.org,B\n" * 20_000])
def test_quote_that_is_never_closed_names_its_row(path: Path, tail: str) -> None:
    with pytest.raises(BadInput, match=r"readers\.csv: row 3: a quote is opened and never closed"):
        rows_of(path, f'email,name\na@x.org,A\nanna@x.org,"Anna\n{tail}')


def test_row_without_end_is_bad_input(path: Path) -> None:
    with pytest.raises(BadInput, match=r"row 2: .*longer than 64000 characters"):
        rows_of(path, "email\n" + "x" * 100_000)


def test_damage_inside_utf16_names_the_row(path: Path) -> None:
    content = "email\nanna@x.org\n".encode("utf-16") + b"\x00\xd8\x00"

    with pytest.raises(BadInput, match=r"readers\.csv: row [123] or soon after: damaged text"):
        rows_of(path, content)


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_odd_encodings_give_the_same_rows(path: Path, encoding: str) -> None:
    content = "E-Mail;Vorname;Nachname\r\nzoe@example.org;Zoë;Müller\r\n"

    assert rows_of(path, content.encode(encoding)) == [
        RawRow(2, {"address": "zoe@example.org", "first_name": "Zoë", "last_name": "Müller"})
    ]


@pytest.mark.parametrize(
    ("cell", "read"), [("'=a", "=a"), ("''+a", "'+a"), ("'a", "'a"), ("'", "'")]
)
def test_guard_of_an_export_is_taken_away_again(path: Path, cell: str, read: str) -> None:
    assert rows_of(path, f"email,name\na@x.org,{cell}\n") == [
        RawRow(2, {"address": "a@x.org", "name": read})
    ]


@given(st.binary(max_size=300) | st.text(alphabet='a@x.,;"\n\r\t\0é', max_size=300).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_make_it_fail_in_another_way(path: Path, content: bytes) -> None:
    try:
        rows_of(path, b"email,name\n" + content)
    except BadInput as error:
        assert str(error).startswith(f"{path}: row ")  # noqa: PT017 most contents raise nothing


@given(st.text(alphabet="ab\r\n\u2028\x0b", max_size=40), st.integers(8170, 8200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_end_where_the_file_ends_them_wherever_a_block_does(
    path: Path, text: str, blanks: int
) -> None:
    content = "x" * blanks + text
    path.write_text(content, encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        wanted = list(file)
    with path.open(encoding="utf-8", newline="") as file:
        assert list(_Lines(path, file).lines) == wanted


def test_memory_stays_flat(path: Path) -> None:
    path.write_text("email,name\n" + "anna@example.org,Anna Anna Anna\n" * 50_000)
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_rows(Place(path), find_shape(Place(path))))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == 50_000
    assert peak < 800_000 < path.stat().st_size / 2
