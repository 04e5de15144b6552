"""A training process that trains nothing: it does what the job's ``places["script"]`` says.

A script is a list of steps, each ``[what, ...]``:

    ["event", {...}]    send an event (the digest is added)
    ["line", "text"]    write this on the events' pipe, whatever it is
    ["score", 0.5]      send a score
    ["fail", "oom"]     send a failure with this outcome and end the job; a third word is what is lacking
    ["say", "text"]     print to the log, $VARIABLES filled in
    ["gate", "path"]    open a named pipe for reading and wait until somebody has opened and closed it; a stop
                        ends the wait
    ["die", 9]          end by a signal
    ["exit", 3]         end with an exit code
    ["deaf"]            ignore SIGTERM from now on
    ["mark", "path"]    append this process's id to a file

Afterwards it sends ``done``. Without a script it sends one score.
"""

import argparse
import json
import os
import select
import signal
import sys

stopping = False
STDIN = 0


def on_term(*_):
    global stopping
    stopping = True


def send(**event):
    os.write(events, json.dumps(event).encode() + b"\n")


def asked():
    return stopping or bool(select.select([STDIN], [], [], 0)[0])


def gate(path):
    """Wait for a reader's gate to open, without missing a stop."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    poller = select.poll()
    poller.register(fd, select.POLLIN)  # readable, or hung up: opened and closed
    poller.register(STDIN, select.POLLIN)
    poller.register(wake, select.POLLIN)
    while not asked():
        ready = [entry for entry, _ in poller.poll()]
        if fd in ready:
            break
    os.close(fd)


def run(command):
    global stopping
    stopping = False
    digest = command["digest"]
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    send(event="started", digest=digest)
    for what, *rest in command["places"].get("script", [["score", 0.5]]):
        if what == "event":
            send(**{"digest": digest, **rest[0]})
        elif what == "line":
            os.write(events, rest[0].encode())
        elif what == "score":
            send(event="score", evaluation="dev", metric="accuracy", value=rest[0])
        elif what == "fail":
            lack = {"lack": rest[1]} if len(rest) > 1 else {}
            send(
                event="failed", digest=digest, outcome=rest[0], message="no\ngood", traceback="Trace", **lack
            )
            return
        elif what == "say":
            print(os.path.expandvars(rest[0]), flush=True)
        elif what == "gate":
            gate(rest[0])
        elif what == "die":
            os.kill(os.getpid(), rest[0])
        elif what == "exit":
            os._exit(rest[0])
        elif what == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        elif what == "mark":
            with open(rest[0], "a") as file:
                print(os.getpid(), file=file, flush=True)
        if asked():
            with open(os.path.join(command["workdir"], "checkpoint"), "w") as file:
                file.write("half way")
            send(event="stopped", digest=digest)
            return
    send(event="done", digest=digest)


parser = argparse.ArgumentParser()
parser.add_argument("--events-fd", type=int)
events = parser.parse_args().events_fd
wake, write_wake = os.pipe()
for end in (wake, write_wake):
    os.set_blocking(end, False)
signal.set_wakeup_fd(write_wake)
signal.signal(signal.SIGTERM, on_term)
signal.signal(signal.SIGINT, signal.SIG_IGN)
send(event="ready", pid=os.getpid())
waiting = b""
while chunk := os.read(STDIN, 1 << 16):
    waiting += chunk
    *lines, waiting = waiting.split(b"\n")
    for line in lines:
        run(json.loads(line))
sys.exit(0)
