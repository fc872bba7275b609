"""Starts the gateway's processes over and over without importing everything each time: a process of its own for each.

Each line of standard input is one start, its arguments and its environment; each line of standard output how it ended.
"""

import json
import os
import sys
import tempfile

import gateway.app
import gateway.control
from chassis.serve import main

assert gateway.app
assert gateway.control


def start(arguments: list[str], environment: dict[str, str]) -> dict[str, object]:
    """Run the command in a child until it ends; its code and what it said."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os.environ.clear()
            os.environ.update(environment)
            code: object = 0
            try:
                main(arguments)
            except SystemExit as ended:
                code = ended.code
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code if isinstance(code, int) else 70)
        _, status = os.waitpid(child, 0)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return {"code": os.waitstatus_to_exitcode(status), "out": said[0], "err": said[1]}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(start(**json.loads(line))) + "\n")
        sys.stdout.flush()
