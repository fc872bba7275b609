"""Runs one app: `python -m chassis.serve MODULE:FACTORY (--uds PATH | --host HOST --port PORT | --fd NUMBER)`.

Binds the socket itself, stops gracefully on SIGTERM and SIGINT, and with `--with-parent` ends when standard input does.
"""

import argparse
import asyncio
import importlib
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import uvicorn
from pydantic import ValidationError

from chassis.refusals import StartRefused, door_of

GRACE_SECONDS: Final = 10  # for requests that are being answered when the signal comes
BACKLOG: Final = 2048


class CannotServeError(Exception):
    """One line for whoever starts the process: what is wrong and what to do about it."""


def serve(factory: str, listener: socket.socket) -> None:
    """Answer requests on a bound socket with the app that `factory` makes, until a signal asks to stop."""
    app = make_app(factory)
    check_start = getattr(getattr(app, "state", None), "check_start", None)
    if check_start is not None:
        asyncio.run(check_start(door_of(listener)))
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,  # the app has set up its own logs
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    Server(config).run(sockets=[listener])


class Server(uvicorn.Server):
    """Tells the app when it stops: a stream of events would not end by itself, and all others wait for it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        state = getattr(self.config.app, "state", None)
        if state is not None:
            state.stopping = asyncio.Event()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, and then as ever."""
        stopping = getattr(getattr(self.config.app, "state", None), "stopping", None)
        if stopping is not None:
            stopping.set()
        await super().shutdown(sockets)


def make_app(factory: str) -> Any:  # noqa: ANN401 - an ASGI app of any framework
    """Call the factory named `module:function`; settings that are wrong are named without showing their values."""
    module, _, function = factory.partition(":")
    try:
        return getattr(importlib.import_module(module), function)()
    except ValidationError as error:
        wrong = "; ".join(_describe(one) for one in error.errors())
        raise CannotServeError(f"{factory} has settings that are missing or wrong (TRIBUTARY_...): {wrong}.") from None
    except OSError as error:
        raise CannotServeError(f"{factory} cannot read a file of its settings: {error}.") from None


def _describe(error: Mapping[str, Any]) -> str:
    where = ".".join(map(str, error["loc"]))
    message = str(error["msg"]).removeprefix("Value error, ").removesuffix(".")
    return f"{where}: {message}" if where else message


def bind_unix(path: Path) -> socket.socket:
    """Bind a socket that only its owner may use, in place of one that a killed process left behind."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        _remove_stale(path)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise CannotServeError(f"{path} cannot be listened on: {error.strerror or error}.") from None
    finally:
        os.umask(before)
    return listener


def _remove_stale(path: Path) -> None:
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise CannotServeError(f"{path} is not a socket: move it away.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as visitor:
        try:
            visitor.connect(str(path))
        except OSError:
            path.unlink()
        else:
            raise CannotServeError(f"{path} is already served by another process: stop that one.")


def bind_tcp(host: str, port: int) -> socket.socket:
    """Bind a TCP socket; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotServeError(f"{host} port {port} cannot be listened on: {error.strerror or error}.") from None
    return listener


def end_with_parent() -> None:
    """End when standard input does: it is a pipe that only the parent can write to, so its end is the parent's end.

    Unlike a parent-death signal this needs no Linux, does not mind which thread started us, and cannot come too early.
    """

    def wait_for_the_end() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(GRACE_SECONDS + 1)
        os._exit(1)

    threading.Thread(target=wait_for_the_end, name="end-with-parent", daemon=True).start()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m chassis.serve", description="Run one app.")
    parser.add_argument("factory", metavar="MODULE:FACTORY", help="a function without arguments that makes the app")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--uds", type=Path, metavar="PATH", help="listen on a Unix socket of mode 0600")
    where.add_argument("--host", help="listen on this address; needs --port")
    where.add_argument("--fd", type=int, metavar="NUMBER", help="listen on a bound socket inherited from the parent")
    parser.add_argument("--port", type=int)
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    chosen = parser.parse_args(arguments)
    if (chosen.host is None) != (chosen.port is None):
        parser.error("--host and --port go together")
    # Also what uvicorn's own handling of these signals comes back to when it has stopped: an end that was asked for.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    if chosen.with_parent:
        end_with_parent()
    try:
        if chosen.uds is not None:
            listener = bind_unix(chosen.uds)
        elif chosen.fd is not None:
            listener = socket.socket(fileno=chosen.fd)
        else:
            listener = bind_tcp(chosen.host, chosen.port)
        try:
            serve(chosen.factory, listener)
        finally:
            if chosen.uds is not None:
                chosen.uds.unlink(missing_ok=True)
    except (CannotServeError, StartRefused) as error:
        print(error, file=sys.stderr)  # noqa: T201 - there are no logs before there is an app
        sys.exit(1)


if __name__ == "__main__":
    main()
