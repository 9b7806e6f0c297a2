"""JSON at the trainer's border, read strictly by pydantic: an error names the field, what it must be, and what it was."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from maft.train.errors import BadJob

#: JavaScript's largest safe integer: a larger one may already be another.
LARGEST_INTEGER = 2**53 - 1

FilledText = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
AtLeastOne = Annotated[int, Field(ge=1, le=LARGEST_INTEGER)]
Count = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]

#: Of the wrong fields of one object.
MOST_NAMED = 5

#: Prefix of the names of a union's forms, which are not part of a field's path.
FORM = "form:"


class Fields(BaseModel):
    """One JSON object, with the names that TypeScript writes; values are taken as they are, never converted."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, alias_generator=to_camel, validate_by_name=True
    )


Parsed = TypeVar("Parsed", bound=Fields)


def parse_json(schema: type[Parsed], text: str, place: str) -> Parsed:
    """`text` as `schema`; `place` (such as `job` or `train.jsonl:7`) begins the names of wrong fields.

    Raises BadJob.
    """
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        raise BadJob(complaint(error, place)) from error


def complaint(error: ValidationError, place: str) -> str:
    """The first wrong fields, each with what it must be."""
    return "; ".join(place + detail_of(each) for each in error.errors(include_url=False)[:MOST_NAMED])


def detail_of(detail: ErrorDetails) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"] if not is_form(part))
    match detail["type"]:
        case "json_invalid":
            return f": not JSON: {detail['msg'].removeprefix('Invalid JSON: ')}"
        case "missing":
            return f"{name}: missing"
        case "extra_forbidden":
            return f"{name}: unknown field"
    must = detail["msg"].replace("Input should be", "must be", 1).removeprefix("Value error, ")
    return f"{name}: {must}, got {shown(detail['input'])}"


def is_form(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith(FORM)


def shown(value: Any) -> str:
    """The value as it stands in the file, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
