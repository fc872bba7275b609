"""A child process that does not outlive us."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import Final

from chassis.postgres.users import ServerUser

# The shell becomes the server (exec), after leaving behind a detached watcher that reads a pipe only we can write to.
# End of file means that we died, however: the watcher sends SIGINT, PostgreSQL's fast shutdown. A word means that the
# server ended first: stand down. Unlike a parent-death signal this works on macOS, survives the end of the thread
# that called start() and needs no code between fork and exec. The watcher ignores what a terminal or an init system
# sends to the whole group; detached, it is no unknown child of the server.
WATCHED: Final = """
exec 3<&0 </dev/null
(trap '' HUP INT QUIT TERM; exec >/dev/null 2>&1; (read -r word <&3 || kill -INT $$) &)
exec "$@" 3<&-
"""


class Watched:
    """A child process that gets SIGINT when we end, however we end. See `WATCHED`."""

    def __init__(self, command: list[str], user: ServerUser, output: int) -> None:
        read_end, self._write_end = os.pipe()
        arguments = ["/bin/sh", "-c", WATCHED, "sh", *command]
        try:
            # In a session of its own: Ctrl-C is for us, and we stop the server after those who use it.
            self._child = subprocess.Popen(
                arguments,
                stdin=read_end,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **user.options,
            )
        except BaseException:
            os.close(self._write_end)
            raise
        finally:
            os.close(read_end)
        self.pid = self._child.pid

    def read_output(self) -> str:
        """Wait for the end and return what was printed."""
        output: bytes = self._child.communicate()[0]
        return output.decode(errors="replace")

    def poll(self) -> int | None:
        """Exit code once the process has ended."""
        code = self._child.poll()
        if code is not None:
            self._dismiss_watcher()
        return code

    def end(self, number: signal.Signals, limit_seconds: float | None) -> bool:
        """Send a signal and tell whether the process ended within the limit."""
        self._child.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(limit_seconds)
        return self.poll() is not None

    def _dismiss_watcher(self) -> None:
        # Now, because the watcher must never signal a stranger that got the same pid later.
        if self._write_end >= 0:
            with suppress(BrokenPipeError):
                os.write(self._write_end, b"ended\n")
            os.close(self._write_end)
            self._write_end = -1
