"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from programs.routes import agencies

ROUTERS: Final = [agencies.router]
