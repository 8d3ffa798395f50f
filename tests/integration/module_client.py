# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that modules run with: hands a module to the server of ``module_server.py``, and ends as the module does.

It takes the socket of the server and the arguments of Python. It imports almost nothing, as it starts for each module.
"""

import _socket
import marshal
import os
import sys

# What `signal` is made of: that would import a lot more.
_signal = __import__("_signal")
SIGNALS = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM)


def receive(connection: _socket.socket, size: int) -> bytes:
    """Return exactly *size* bytes; raises `EOFError` where the server sends no more."""
    received = b""
    while len(received) < size:
        received += connection.recv(size - len(received)) or _fail()
    return received


def main(path: str, *arguments: str) -> int:
    """Return the exit code of Python with these arguments."""
    umask = os.umask(0)
    os.umask(umask)
    request = marshal.dumps((list(arguments), os.getcwd(), umask, dict(os.environ)))
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(path)
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    connection.sendmsg([len(request).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(request)
    process = int.from_bytes(receive(connection, 4), "big")
    for number in SIGNALS:
        _signal.signal(number, lambda received, _frame: os.kill(process, received))
    # The module waits for this: a signal before would end this process alone.
    connection.sendall(b"\n")
    return int.from_bytes(receive(connection, 4), "big", signed=True)


def _fail() -> bytes:
    raise EOFError("the module server ended before the module did")


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    if code < 0:
        if -code in SIGNALS:
            _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
