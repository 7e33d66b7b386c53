"""Runs a command in a network of its own, where a name server on the loopback device answers TXT questions.

    unshare --user --map-root-user --net --mount python -m tests.support.name_server NAME TEXT COMMAND...

The name has the text; there is nothing else.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset

_SIOCSIFFLAGS = 0x8914
"""netdevice(7)."""
_IFF_UP = 1


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        fcntl.ioctl(device, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP))


def answer(question: bytes, name: str, text: str) -> bytes:
    """What the server says to a question."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked)
    if asked.question[0].name.to_text(omit_final_dot=True) == name:
        # A string of DNS holds 255 bytes (RFC 1035, section 3.3).
        strings = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
        reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", strings))
    else:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


def serve(server: socket.socket, name: str, text: str) -> None:
    while True:
        question, sender = server.recvfrom(4096)
        server.sendto(answer(question, name, text), sender)


def main(name: str, text: str, *command: str) -> int:
    raise_loopback()
    with tempfile.NamedTemporaryFile("w") as resolvers, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        resolvers.write("nameserver 127.0.0.1\n")
        resolvers.flush()
        subprocess.run(["mount", "--bind", resolvers.name, Path("/etc/resolv.conf").resolve()], check=True)
        server.bind(("127.0.0.1", 53))
        threading.Thread(target=serve, args=(server, name, text), daemon=True).start()
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
