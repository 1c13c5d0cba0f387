"""The mail server of `benchmarks.reminders`: takes everything, and writes down when and for which address."""

import socket
import sys
import time
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope


class Taking:
    """Takes everything."""

    def __init__(self, log: str) -> None:
        self.log = open(log, "a", buffering=1)  # a line at a time  # noqa: SIM115

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.log.writelines(f"{time.monotonic()} {address}\n" for address in envelope.rcpt_tos)
        return "250 OK"


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Taking(sys.argv[1]), hostname="127.0.0.1", port=port)
    controller.start()
    print(f"smtp://127.0.0.1:{port}", flush=True)
    sys.stdin.read()  # until whoever started it lets go
    controller.stop()
