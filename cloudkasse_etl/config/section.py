"""The base class of all parts of the settings."""

import re
from datetime import date
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

# Any other year is a typing error: no shop's receipts are older, and nothing is booked beyond.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class Section(BaseModel):
    """A part of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_is_true(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuses `true` for a number, which pydantic would convert to 1."""
        if isinstance(value, bool):
            kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
            if bool not in kinds and kinds & {int, float}:
                raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """The types that a value may have, without their constraints."""
    return {annotation}.union(*map(_kinds, get_args(annotation)))


def _written_out(value: Any) -> Any:
    """Refuses texts that are not YYYY-MM-DD: pydantic would accept seconds since 1970, and a time as its day."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise PydanticKnownError("date_type")
    return value


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(_written_out)]
