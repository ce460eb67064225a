"""Employees (SelectLine's Mitarbeiter): as read, and as sent."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.schemas.checks import field, key_field, text_field


class EmployeeExtract(pa.DataFrameModel):
    """The employees as SelectLine holds them (table MITARBW)."""

    number: Series[str] = key_field("Number", "MITARBW.Nr", "Number of the employee.")
    first_name: Series[str] = text_field("First name", "MITARBW.Vorname", "First name.")
    last_name: Series[str] = text_field("Last name", "MITARBW.Name", "Last name.")
    inactive: Series[bool] = field("Inactive", "MITARBW.Inaktiv", "True for an employee who has left.")

    class Config:
        """Other columns are an error."""

        strict = True


class EmployeePayload(pa.DataFrameModel):
    """The employees as CloudKasse takes them."""

    number: Series[str] = key_field("Number", "MITARBW.Nr", "Number of the employee.")
    first_name: Series[str] = text_field("First name", "MITARBW.Vorname", "First name.")
    last_name: Series[str] = text_field("Last name", "MITARBW.Name", "Last name.")
    display_name: Series[str] = text_field("Shown name", "MITARBW.Name", "Name that the register shows.")
    active: Series[bool] = field("Active", "MITARBW.Inaktiv", "False for an employee who may no longer sell.")

    class Config:
        """Other columns are an error."""

        strict = True
