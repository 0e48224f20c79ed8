"""Run as a module: Flower on a listening socket of the stack, whose number is the first argument.

The others are Celery's own. A port that Flower binds by its number some seconds after it was looked up may by
then be another stack's; a socket that it inherits is not.
"""

from __future__ import annotations

import socket
import sys

from celery.__main__ import main
from flower import app

if __name__ == "__main__":
    listener = socket.socket(fileno=int(sys.argv.pop(1)))
    listener.setblocking(False)  # as Tornado's loop expects of every socket
    app.bind_sockets = lambda *_, **__: [listener]
    main()
