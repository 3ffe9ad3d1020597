"""IAM: what a policy's conditions see of a request to the laptop cloud."""

from __future__ import annotations

from ministack import app


def register() -> None:
    """Count requests over loopback as encrypted: there is nobody on that line, which is what TLS is to ensure.

    Without this the bucket policies, which refuse plain HTTP, would refuse everything.
    """
    pin_origin = app.pin_request_origin

    def pin_origin_as_encrypted(source_ip: str, encrypted: bool) -> None:
        pin_origin(source_ip, True)

    app.pin_request_origin = pin_origin_as_encrypted
