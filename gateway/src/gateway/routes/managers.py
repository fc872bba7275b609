"""What all addresses about users and grants share: administrators only."""

from chassis.unit_of_work import CurrentCaller

from gateway.service import MANAGER


def require_manager(caller: CurrentCaller) -> None:
    """Refuse everybody else before anything of the request is read."""
    caller.require_role(MANAGER)
