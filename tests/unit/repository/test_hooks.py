"""Protects that pytest knows this project's hooks: without them all tests pass, in twice the time."""

import os

import pytest

from tests.support.harness.memory import folder_in_memory


def test_pytest_goes_about_the_tests_as_the_plugin_says(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.has_plugin("tests.plugin")
    if folder_in_memory() and not request.config.option.basetemp:
        assert os.environ["PYTEST_DEBUG_TEMPROOT"]
