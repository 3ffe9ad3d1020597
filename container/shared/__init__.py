"""What service, Lambdas and orchestrator share, each fact once: what is accepted, stored, signed, counted and logged.

The container image and the Lambdas' zip both carry this package, so it imports only the standard library, except
``receipts``, which signs with itsdangerous; the image and the zip carry that too.
"""
