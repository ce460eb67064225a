"""The fixture `program` for the tests of this folder."""

from tests.programs import program

__all__ = ["program"]
