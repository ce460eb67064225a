"""What all parts of the settings have in common."""

import re
from datetime import date
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

# Whoever writes another year has mistyped it: no shop's receipts are older, and nothing is booked beyond.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


class Section(BaseModel):
    """A part of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_is_true(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic takes `true` for the number 1."""
        if isinstance(value, bool):
            kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
            if bool not in kinds and kinds & {int, float}:
                raise PydanticKnownError("int_type" if int in kinds else "float_type")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """The types that a value may have, without what bounds them."""
    return {annotation}.union(*map(_kinds, get_args(annotation)))


def _written_out(value: Any) -> Any:
    """Pydantic takes a number for seconds or days since 1970, and a time of the day for its day."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise PydanticKnownError("date_type")
    return value


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(_written_out)]
