"""Protects the way in from any file at all: it is taken, or told with file and line, in bounded time and memory."""

import string
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.config.settings import language_of, parse_settings, read_settings
from cloudkasse_etl.config.settings_yaml import MAX_BYTES
from cloudkasse_etl.errors import ConfigurationError
from tests.support.patience import calls_of
from tests.support.torture.torture_figures import LONG, Promise, holds

# Twice what the longest of them take, about four for each character. With aliases written out, it would be billions.
ENOUGH_CALLS = 200_000
NINE = "[" + ", ".join(["*{0}"] * 9) + "]"
BOMB = "a: &a [x, x, x]\n" + "".join(
    f"{name}: &{name} {NINE.format(before)}\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &b0 {x: 1}\n" + "".join(f"k{i}: &b{i} {{<<: [*b{i - 1}, *b{i - 1}]}}\n" for i in range(1, 30))
REFUSED = [
    (BOMB, "With all its aliases (*), this comes to more than"),
    (MERGE_BOMB, "With all its aliases (*), this comes to more than"),
    ("company: &a {x: *a}", "contains itself by an alias"),
    ("&a [*a]", "contains itself by an alias"),
    ("language: en\ncompany: " + "[" * 60 + "]" * 60, "cloudkasse.yaml:2: This is nested deeper than 50 levels."),
    ("a: " + "[" * 50_000, "cannot be read as YAML"),
    ("a: " + "{a: " * 5_000 + "1" + "}" * 5_000, "cannot be read as YAML"),
    ("a: !!python/object/apply:os.system ['echo']", "cloudkasse.yaml:1: A tag stands here (tag:yaml.org,2002:python"),
    ("language: !shop en", "A tag stands here (!shop)."),
    ("books: {closed_until: !!timestamp x}", "A tag stands here"),
    ("language: !!bool x", "'x' is neither true nor false"),
    ("? [a, b]\n: 1", "A key that stands here is no text."),
    ("language: en\n~: 1", "cloudkasse.yaml:2: A key that stands here is no text."),
    ("true: 1", "A key that stands here is no text."),
    ('language: "\\UFFFFFFFF"', "cannot be read as YAML"),
    ('timezone: "\\ud800"', "timezone: '\N{REPLACEMENT CHARACTER}' is no time zone"),
    ("timezone: ../../etc/passwd", "is no time zone"),
    ("api: {attempts: " + "9" * 5_000 + "}", "api.attempts: '999"),
    ("api: {read_seconds: nan}", "api.read_seconds: 'nan' cannot be used"),
    ("language: en\n---\nlanguage: de", "cloudkasse.yaml:2: This cannot be read as YAML"),
    ("a: *x", "cannot be read as YAML (found undefined alias"),
    ("<<: x", "cannot be read as YAML"),
    ("registers: {a: b}", "registers: It must be a list"),
    ("x" * (MAX_BYTES + 1), "The file has more than 256 kB"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[words[:40] for _, words in REFUSED])
def test_what_no_settings_are_is_told_in_a_bounded_number_of_steps(text: str, words: str) -> None:
    calls = calls_of(lambda: refused(text, words))
    assert calls < ENOUGH_CALLS


def refused(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_settings(text)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "timezone: &zone UTC\ncompany: {number: '1', vat_id: *zone}",
        "price_groups:\n  '1': &net {basis: net}\n  '2': {<<: *net}\n  '3': {<<: *net, basis: gross}",
        "\ufefflanguage: en",
        "language: en\r\ntimezone: UTC\r\n",
    ],
    ids=["an anchor", "a merge key, overridden", "a BOM", "lines as Windows ends them"],
)
def test_what_yaml_allows_is_taken(text: str) -> None:
    parse_settings(text.removeprefix("\ufeff"))
    parse_settings(text)


def test_what_is_no_text_file_is_told_without_being_read_to_its_end(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(50 * 2**20)
    (tmp_path / "utf16.yaml").write_text("language: de", encoding="utf-16")
    for path, words in (
        (large, "large.yaml: The file has more than 256 kB"),
        (Path("/dev/zero"), "/dev/zero: The file has more than 256 kB"),
        (tmp_path, "It cannot be read: it is a folder."),
        (tmp_path / "utf16.yaml", "utf16.yaml:1: This is no UTF-8."),
        (tmp_path / ("x" * 300), "It cannot be read: the name is too long."),
    ):
        with pytest.raises(ConfigurationError) as caught:
            read_settings(path)
        assert words in str(caught.value)
        assert language_of(path) == "en"


WORDS = st.sampled_from(
    ["language", "timezone", "registers", "company", "number", "price_groups", "accounts", "revenue", "tenders", "api",
     "automation", "receipts", "'19.00'", "~", "true", "*a", "&a x", "!!int 1", "<<", "{}", "[]", "[a", "'",
     '"\\u0000"', "|", "- ", "? ", "1e999", "\t", "UTC", "\ud800", "\u2028", "#", "%YAML 1.1", "---", "..."]
)  # fmt: skip
VALUES = st.recursive(
    WORDS | st.text(string.printable, max_size=6),
    lambda part: (
        st.lists(part, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(WORDS, part), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=5,
)
TEXTS = st.lists(st.tuples(WORDS, VALUES), max_size=4).map(
    lambda pairs: "\n".join(f"{key}: {value}" for key, value in pairs)
) | st.text(max_size=40)


@settings(max_examples=3000 if LONG else 300)
@given(text=TEXTS)
@example(text="registers:\n- 1\n- {number: [1], warehouse: null, name: {}, price_group: [[]]}")
def test_any_text_is_taken_or_told_with_its_line(text: str) -> None:
    refused: ConfigurationError | None = None
    try:
        parse_settings(text)
    except ConfigurationError as error:
        refused = error
    if refused is not None:
        assert refused.problems
        for problem in refused.problems:
            where, _, line = str(problem.where).partition(":")
            assert (where, line.isdecimal()) == ("cloudkasse.yaml", True)
        refused.render("de").encode()
    holds(Promise.BAD_INPUT)


@settings(max_examples=1000 if LONG else 100)
@given(data=st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-16", "surrogatepass")))
def test_any_bytes_are_taken_or_told(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    language_of(path)
    try:
        read_settings(path)
    except ConfigurationError as error:
        error.render("de").encode()
    holds(Promise.BAD_INPUT)
