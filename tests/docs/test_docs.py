"""Protects that README.md and docs/ are true: what they name is there, and what there is to name is named."""

import ast
import re
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
import yaml

import cloudkasse_etl
from assets.definitions import assets_of
from cloudkasse_etl.config.settings import parse_settings
from cloudkasse_etl.i18n.messages import languages
from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.books.receipt_status import MOVES, Status
from cloudkasse_etl.sync.run.report import Outcome
from tests.docs import names
from tests.docs.pages import PROJECT, Page, pages, rows

DOCS = PROJECT / "docs"
PAGES = {str(page): page for page in pages()}
README = PAGES["README.md"]
README_LINES = 120
LONG = 50
PICTURE_BYTES = 200_000


@pytest.mark.parametrize("page", PAGES.values(), ids=str)
def test_what_stands_in_backticks_is_there(page: Page) -> None:
    assert {name: fault for name in page.names if (fault := names.fault_of(name, page.path.parent))} == {}


@pytest.mark.parametrize("page", PAGES.values(), ids=str)
def test_a_file_option_or_variable_that_is_named_without_backticks_is_there(page: Page) -> None:
    found = names.bare_names(page.prose)
    assert {name: fault for name in found if (fault := names.fault_of(name, page.path.parent))} == {}


@pytest.mark.parametrize("page", PAGES.values(), ids=str)
def test_the_commands_in_a_block_of_code_are_there(page: Page) -> None:
    lines = [line.strip().removeprefix("$ ") for block in page.blocks() for line in block.splitlines()]
    ours = [line for line in lines if re.match(r"(\S*[/\\])?cloudkasse-etl ", line)]
    assert {
        line: fault for line in ours if (fault := names.fault_of_command(re.sub(r"^\S+", names.PROGRAM, line)))
    } == {}
    made = [line.split()[1] for line in lines if line.startswith("make ")]
    assert set(made) <= names.targets()


@pytest.mark.parametrize("page", [*PAGES.values(), Page(DOCS / "promises.md")], ids=str)
def test_every_link_leads_somewhere(page: Page) -> None:
    for link in page.links:
        place, _, anchor = link.partition("#")
        if place.startswith("https://"):
            continue
        target = page.path.parent / place if place else page.path
        assert target.exists(), link
        assert not anchor or anchor in Page(target).anchors, link


def test_the_readme_is_short_and_leads_to_every_page_and_picture() -> None:
    assert len(README.text.splitlines()) <= README_LINES
    linked = {Path(link).name for page in PAGES.values() for link in page.links}
    assert {path.name for path in DOCS.glob("*.md")} <= linked
    direct = {Path(link).name for link in README.links}
    assert {path.name for path in DOCS.glob("*.md")} - direct <= {"promises.md"}
    for picture in (DOCS / "images").iterdir():
        assert picture.name in linked
        assert picture.stat().st_size < PICTURE_BYTES


def test_no_page_says_what_another_says() -> None:
    said: dict[str, set[str]] = {}
    for page in PAGES.values():
        code = [line.strip() for block in page.blocks() for line in block.splitlines()]
        for sentence in (*re.split(r"(?<=[.:;])\s+|\n\n|\|", page.prose), *code):
            said.setdefault(re.sub(r"\W+", " ", sentence).strip(), set()).add(str(page))
    assert {text: found for text, found in said.items() if len(found) > 1 and len(text) >= LONG} == {}


def test_the_graph_of_the_readme_is_that_of_the_assets() -> None:
    (graph,) = README.blocks("mermaid")
    drawn: dict[str, set[str]] = {}
    for line in graph.splitlines()[1:]:
        above, below = ([name.strip() for name in side.split("&")] for side in line.split("-->"))
        for name in below:
            drawn.setdefault(name, set()).update(above)
    real: dict[str, set[str]] = {}
    for definition in assets_of("cloudkasse"):
        for spec in definition.specs:
            real[spec.key.to_user_string()] = {dep.asset_key.to_user_string() for dep in spec.deps}
    assert set(real) == set(drawn) | {above for edges in drawn.values() for above in edges}

    def upstream(edges: dict[str, set[str]], asset: str) -> set[str]:
        above = edges.get(asset, set())
        return above.union(*(upstream(edges, name) for name in above))

    for asset, direct in real.items():
        assert drawn.get(asset, set()) <= direct, asset
        assert upstream(drawn, asset) == upstream(real, asset), asset


# Said once, at the top of the page: an option of every command.
OF_ALL = ("--demo", "--company", "--all-companies")
COMMANDS = {words: command for words, command in names.commands().items() if words}


def _sections() -> dict[str, str]:
    """The sections of docs/commands.md by the command's words."""
    found = {}
    for heading, text in PAGES["docs/commands.md"].sections().items():
        words = re.sub(r" [A-Z\[].*| \w+\|.*", "", heading.strip("`").removeprefix(f"{names.PROGRAM} "))
        found[words] = f"{heading}\n{text}"
    return found


def test_every_command_has_a_section_and_no_other_is_named() -> None:
    assert set(_sections()) == set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_commands_section_names_its_arguments_and_each_option_with_its_default(words: str) -> None:
    section, command = _sections()[words], COMMANDS[words]
    heading = section.partition("\n")[0].strip("`")
    told = heading.removeprefix(f"{names.PROGRAM} {words}").split()
    assert told == [_shown(param) for param in command.params if isinstance(param, click.Argument)]
    found = {name: row[1] for row in rows(section) for name in re.findall(r"`(--[\w-]+)`", row[0])}
    known = {name: option for name, option in names.options(command).items() if name not in OF_ALL}
    assert set(found) == set(known)
    for name, option in known.items():
        if option.required:
            assert "needed" in found[name], name
        elif isinstance(option.default, int) and not isinstance(option.default, bool):
            assert re.search(rf"\b{option.default}\b", found[name]), name
        if isinstance(option.type, click.Choice):
            assert set(re.findall(r"`(\w+)`", found[name])) == set(option.type.choices), name


def test_an_option_of_every_command_stands_at_the_top_of_the_page() -> None:
    top = PAGES["docs/commands.md"].text.partition("\n## ")[0]
    for name in OF_ALL:
        assert f"`{name}`" in top
        without = {words.split()[0] for words, command in COMMANDS.items() if name not in names.options(command)}
        assert without == ({"demo"} if name == "--demo" else {"demo", "sandbox", "ui"})


def _shown(argument: click.Argument) -> str:
    """An argument as a heading shows it: its choices or its name, in brackets where it may be left out."""
    shown = "|".join(argument.type.choices) if isinstance(argument.type, click.Choice) else argument.human_readable_name
    return shown if argument.required else f"[{shown}]"


def test_every_setting_stands_in_the_table_with_its_default_and_no_other() -> None:
    table = PAGES["docs/configuration.md"].section("## All settings")
    found = {row[0].strip("`"): row[1] for row in rows(table)}
    assert len(list(rows(table))) == len(found)
    assert found == {key: setting.default for key, setting in names.settings().items()}


def test_the_languages_that_the_settings_take_are_named() -> None:
    (told,) = [row[2] for row in rows(PAGES["docs/configuration.md"].text) if row[0] == "`language`"]
    assert re.findall(r"`(\w+)`", told) == list(languages())


def test_every_variable_of_the_environment_stands_in_the_table_and_no_other() -> None:
    table = PAGES["docs/configuration.md"].section("## Variables of the environment")
    assert {row[0].strip("`") for row in rows(table)} == names.variables()


@pytest.mark.parametrize("page", ["docs/configuration.md", "docs/quickstart.md"])
def test_a_settings_file_that_a_page_shows_is_one(page: str) -> None:
    blocks = [block for block in PAGES[page].blocks("yaml") if "registers" in yaml.safe_load(block)]
    assert len(blocks) == 1
    assert parse_settings(blocks[0]).registers


def test_the_exit_codes_are_those_of_outcomes_and_errors() -> None:
    page = PAGES["docs/operations.md"]
    outcomes = {row[0].strip("`"): int(row[1]) for row in rows(page.section("## What a run comes to"))}
    assert outcomes == {str(outcome): outcome.exit_code for outcome in Outcome}
    codes = [int(row[0]) for row in rows(page.section("## Exit codes"))]
    assert len(codes) == len(set(codes))
    assert set(codes) == names.exit_codes() | set(outcomes.values())


def test_the_statuses_of_a_receipt_and_the_moves_between_them_are_those_of_the_program() -> None:
    table = [
        [set(re.findall(r"`(\w+)`", cell)) for cell in row]
        for row in rows(PAGES["docs/operations.md"].section("## The statuses of a receipt"))
    ]
    assert set().union(*(row[0] for row in table if len(row) == 2)) == set(map(str, Status))
    moves = {name: (before, after) for before, (name,), after in (row for row in table if len(row) == 3)}
    assert moves == {str(m): (set(map(str, legal.before)), set(map(str, legal.after))) for m, legal in MOVES.items()}


@pytest.mark.parametrize("table", ["cloudkasse_revenue_posting", "cloudkasse_stock_movement"])
def test_a_table_that_others_read_has_the_columns_that_its_page_names(table: str, tmp_path: Path) -> None:
    engine = state_engine(f"sqlite:///{tmp_path / 'state.db'}", may_create=True)
    migrate(engine, StateTables())
    there = [column["name"] for column in sa.inspect(engine).get_columns(table)]
    engine.dispose()
    told = [row[0].strip("`") for row in rows(PAGES["docs/tables.md"].section(f"## `{table}`"))]
    assert sorted(told) == sorted(there)


def test_what_code_and_tests_cite_of_the_docs_is_there() -> None:
    files = [
        path for name in ("cloudkasse_etl", "assets", "tests", ".github") for path in (PROJECT / name).rglob("*.*")
    ]
    kinds = {".py", ".j2", ".yml", ".po"}
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.suffix in kinds}
    texts[PROJECT / "Makefile"] = (PROJECT / "Makefile").read_text(encoding="utf-8")
    cited = {
        (name, section)
        for text in texts.values()
        for name, section in re.findall(r"docs/([\w-]+\.md)(?:, ([A-Z][\w ]*\w))?", text)
    }
    assert ("rules.md", "Posting") in cited
    for name, section in cited:
        assert (DOCS / name).is_file(), name
        assert not section or section in Page(DOCS / name).sections(), (name, section)


def test_every_target_that_the_pages_explain_is_made_and_every_one_for_a_developer_is_explained() -> None:
    table = PAGES["docs/contributing.md"].section("## Set up")
    told = {row[0].strip("`").removeprefix("make ") for row in rows(table)}
    assert told == names.targets() - {"help", "demo", "ui", "clean"}


def test_what_a_page_imports_of_the_library_is_offered() -> None:
    blocks = [block for page in PAGES.values() for block in page.blocks("python")]
    imports = [node for block in blocks for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom)]
    assert {node.module for node in imports} == {"cloudkasse_etl"}
    assert {alias.name for node in imports for alias in node.names} <= set(cloudkasse_etl.__all__)


def test_every_room_stands_in_the_picture_of_the_rooms_and_no_other() -> None:
    page = PAGES["docs/architecture.md"]
    rooms = {path.parent for name in ("cloudkasse_etl", "assets") for path in (PROJECT / name).glob("*/__init__.py")}
    assert {row[0].strip("`") for row in rows(page.section("## The rooms"))} == {
        path.relative_to(PROJECT).as_posix() for path in rooms
    }
    (graph,) = page.blocks("mermaid")
    library = {path.name for path in rooms if path.parent.name == "cloudkasse_etl"}
    assert set(re.findall(r"\w+", graph.partition("\n")[2])) == library | {"assets", "errors"}
