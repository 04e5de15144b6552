"""``client.py SOCKET ftbench|execute ARGUMENTS``: have the server fork a process, and end as it ends.

Loads little, and opens nothing under the numbers of streams that are closed.
"""

import fcntl
import marshal
import os
import signal
import socket
import sys


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def main() -> int:
    place, program, *arguments = sys.argv[1:]
    files = [number for number in (0, 1, 2) if is_open(number)]
    if "--events-fd" in arguments:
        files.append(int(arguments[arguments.index("--events-fd") + 1]))
    made = socket.socket(socket.AF_UNIX)
    server = socket.socket(fileno=fcntl.fcntl(made.fileno(), fcntl.F_DUPFD_CLOEXEC, 500))
    made.close()
    server.connect(place)
    told = marshal.dumps((program, arguments, files, os.getcwd(), dict(os.environ)))
    socket.send_fds(server, [len(told).to_bytes(4, "big")], files)
    server.sendall(told)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: server.send(bytes([number])))
    for number in files:
        os.close(number)  # a reader waits for the end of the fork, and of nobody else
    answer = server.recv(2)
    code = int.from_bytes(answer, "big", signed=True) if answer else 1
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


os._exit(main())
