"""A supervisor for test_postgres.py to kill: starts the server of a folder, says so, obeys one word per line.

Arguments: the folder, and the uid and gid to become first. Everything is imported before that, because whoever we
become may not be able to read the checkout or the interpreter.
"""

import json
import os
import sys
import threading
from pathlib import Path

from chassis.postgres import Postgres, PostgresError


def start(postgres: Postgres) -> None:
    try:
        server = postgres.start()
        answer = {"pid": server.pid, "url": server.url("postgres", server.superuser, server.superuser_password)}
    except PostgresError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(folder: str, uid: int, gid: int) -> None:
    os.chdir("/")
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    postgres = Postgres(Path(folder))
    start(postgres)
    for _word in sys.stdin:  # the only word is "start", after a crash; the end of the input is "stop"
        while postgres.poll() is None:
            threading.Event().wait(0.01)
        start(postgres)
    postgres.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
