"""What the emulator lacks, one module a service; each has a ``register`` that ``scripts.local.emulator`` calls.

All of it reaches into ministack's internals, which may move with any release: ministack is pinned exactly, and
tests/unit/local/test_ministack_contract.py names each internal that is touched, so that an upgrade says what broke.
"""
