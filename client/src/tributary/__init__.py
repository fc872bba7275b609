"""The Python client of Tributary. Needs only httpx; the `tributary` command is an extra of the same package."""

from tributary.asynchronous import AsyncTributary, Download
from tributary.client import ProblemError, Tributary, TributaryError, UnreachableError

__all__ = ["AsyncTributary", "Download", "ProblemError", "Tributary", "TributaryError", "UnreachableError"]
