"""What the office has settled of the rules, for the routes that need it."""

from typing import Annotated

from fastapi import Depends, Request

from trainings.settings import TrainingsSettings


def read_rules(request: Request) -> TrainingsSettings:
    """The settings of the running app."""
    settings: TrainingsSettings = request.app.state.settings
    return settings


Rules = Annotated[TrainingsSettings, Depends(read_rules)]
