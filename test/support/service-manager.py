"""Plays systemd for one service: tells it where to be told, ends it when it falls silent, starts it again. A line a happening, as JSON.

usage: service-manager.py LIMIT_SECONDS PROGRAM [WORD ...]
"""

import array, json, os, signal, socket, subprocess, sys, tempfile, time

LIMIT = float(sys.argv[1])
# What a start may take, with nothing told of it.
START_MAX = 30.0
RESTART_AFTER = 0.2
LOOK_EVERY = 0.05


def tell(what, **facts):
    print(json.dumps({"what": what, "at": time.monotonic(), **facts}), flush=True)


def listen(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    listener.settimeout(LOOK_EVERY)
    return listener


def heard(listener):
    """What came, or nothing within the time. A barrier's descriptor is closed, which lets systemd-notify go on."""
    try:
        said, ancillary, _, _ = listener.recvmsg(4096, 1024)
    except TimeoutError:
        return []
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(content) - len(content) % array.array("i").itemsize
            for descriptor in array.array("i", content[:whole]):
                os.close(descriptor)
    return said.decode().split("\n")


def serve(listener, path, stopping):
    environment = {"PATH": os.environ.get("PATH", ""), "NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(int(LIMIT * 1e6))}
    child = subprocess.Popen(sys.argv[2:], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    tell("started", pid=child.pid)
    until, told = time.monotonic() + START_MAX, False
    while child.poll() is None:
        messages = heard(listener)
        for message in messages:
            if message != "":
                tell("heard", message=message)
        if "READY=1" in messages or "WATCHDOG=1" in messages:
            until = time.monotonic() + LIMIT
        if stopping and not told:
            told = True
            child.send_signal(signal.SIGTERM)
        if time.monotonic() > until and not stopping:
            tell("silent", pid=child.pid)
            child.kill()
            child.wait()
    tell("ended", code=child.returncode)


def main():
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "notify")
        listener = listen(path)
        while not stopping:
            serve(listener, path, stopping)
            time.sleep(RESTART_AFTER)


main()
