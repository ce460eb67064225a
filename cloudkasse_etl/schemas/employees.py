"""Contracts of employees (SelectLine's Mitarbeiter): as read from the ERP, and as sent to the till."""

import pandera.pandas as pa
from pandera.typing import Series

from cloudkasse_etl.entities import EMPLOYEES
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.checks import field, key_field, keyed, text_field


class EmployeeExtract(pa.DataFrameModel):
    """The employees as SelectLine holds them (table MITARBW)."""

    number: Series[str] = key_field("Number", "MITARBW.Nr", say("Number of the employee."))
    first_name: Series[str] = text_field("First name", "MITARBW.Vorname", say("First name."))
    last_name: Series[str] = text_field("Last name", "MITARBW.Name", say("Last name."))
    inactive: Series[bool] = field("Inactive", "MITARBW.Inaktiv", say("True for an employee who has left."))

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*EMPLOYEES.key)


class EmployeePayload(pa.DataFrameModel):
    """The employees as the till takes them."""

    number: Series[str] = key_field("Number", "MITARBW.Nr", say("Number of the employee."))
    first_name: Series[str] = text_field("First name", "MITARBW.Vorname", say("First name."))
    last_name: Series[str] = text_field("Last name", "MITARBW.Name", say("Last name."))
    display_name: Series[str] = text_field(
        "Shown name", "MITARBW.Name", say("Name that the register shows."), also=("MITARBW.Vorname", "MITARBW.Nr")
    )
    active: Series[bool] = field("Active", "MITARBW.Inaktiv", say("False for an employee who may no longer sell."))

    class Config:
        """Other columns are an error; the key names a record."""

        strict = True
        metadata = keyed(*EMPLOYEES.key)
