"""Sessions on the wire: a token of a few hours for somebody who has just signed in."""

from chassis.codes import Line
from chassis.resources import Body
from pydantic import ConfigDict, Field


class SessionCreate(Body):
    """For how long to be signed in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Web pages", "expires_hours": 8}]})

    name: Line = Field(default="Session", description="To know its token by later.")
    expires_hours: int = Field(default=8, ge=1, le=24)
