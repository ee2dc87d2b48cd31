"""Certificates for tests: an authority of one's own, and what it signs. Made by openssl."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = [
    "openssl",
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """`ca`: its own certificate, as a PEM file. Each name is an authority of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        own = Pair(directory / f"{name}.pem", directory / f"{name}.key")
        self._make(own, f"/CN={name}", "basicConstraints=critical,CA:TRUE")
        self.ca, self._key = own.certificate, own.key

    def signs(self, name: str) -> Pair:
        """For this machine, under `localhost` and 127.0.0.1; good for servers and clients."""
        pair = Pair(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        signed = ["-CA", str(self.ca), "-CAkey", str(self._key)]
        self._make(pair, f"/CN={name}", "subjectAltName=DNS:localhost,IP:127.0.0.1", *signed)
        return pair

    def _make(self, pair: Pair, subject: str, extension: str, *more: str) -> None:
        files = ["-keyout", str(pair.key), "-out", str(pair.certificate)]
        made = [*_NEW_KEY, *files, "-subj", subject, "-addext", extension, *more]
        subprocess.run(made, check=True, capture_output=True)


def server_side(pair: Pair, *, clients_of: Authority | None = None) -> ssl.SSLContext:
    """What a server shows; with `clients_of` it takes only clients that show a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if clients_of is not None:
        context.load_verify_locations(clients_of.ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
