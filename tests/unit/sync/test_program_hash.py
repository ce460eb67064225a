"""Protects that the hash of the program is of the files that run, and that an altered file is named."""

import base64
import hashlib
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

import cloudkasse_etl
from cloudkasse_etl.sync.outputs.procedure import program_hash
from cloudkasse_etl.sync.outputs.procedure.program_hash import program_hash as hash_now

FILES = {"cloudkasse_etl/a.py": b"a = 1\n", "cloudkasse_etl/page.j2": b"<p>", "assets/b.py": b"b = 2\n"}


def digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def expected(files: dict[str, bytes]) -> str:
    lines = "".join(f"{path},{digest(files[path])}\n" for path in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Both packages as an installer puts them, and nothing else that is found."""
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "cloudkasse_etl/__pycache__").mkdir()
    (tmp_path / "cloudkasse_etl/__pycache__/a.pyc").write_bytes(b"made")

    class Spec:
        def __init__(self, package: str) -> None:
            self.submodule_search_locations = [str(tmp_path / package)]

    monkeypatch.setattr(program_hash, "find_spec", Spec)
    return tmp_path


def installed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = place / "cloudkasse_etl-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: cloudkasse-etl\nVersion: 1.0\n")
    rows = [f"{path},{digest(content)},{len(content)}" for path, content in FILES.items()]
    others = ["cloudkasse_etl/__pycache__/a.pyc,,", "cloudkasse_etl-1.0.dist-info/RECORD,,"]
    (info / "RECORD").write_text("\n".join([*rows, *others, ""]))
    found: Distribution = PathDistribution(info)
    monkeypatch.setattr(program_hash, "distribution", lambda _: found)


def test_a_wheel_and_the_same_files_as_sources_have_one_hash(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = hash_now()
    assert (sources.sha256, sources.files, sources.is_installed) == (expected(FILES), 3, False)
    installed(place, monkeypatch)
    wheel = hash_now()
    assert (wheel.sha256, wheel.files, wheel.is_installed, wheel.altered) == (expected(FILES), 3, True, ())


def test_a_file_that_is_not_as_it_was_installed_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(place, monkeypatch)
    (place / "assets/b.py").write_bytes(b"b = 3\n")
    (place / "cloudkasse_etl/page.j2").unlink()
    found = hash_now()
    assert found.altered == ("assets/b.py", "cloudkasse_etl/page.j2")
    assert found.sha256 == expected(FILES), "the hash is the wheel's"


def test_the_running_program_is_hashed() -> None:
    found = hash_now()
    ours = Path(cloudkasse_etl.__file__).parent
    assert found.files > len(list(ours.rglob("*.py")))
    assert found == hash_now()
