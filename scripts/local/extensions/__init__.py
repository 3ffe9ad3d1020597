"""What the emulator lacks, one module per service; ``scripts.local.emulator`` calls each module's ``register``.

All modules use ministack's internals, which may change in any release: ministack is pinned exactly, and
tests/unit/local/test_ministack_contract.py names each one, and shows what an upgrade broke.
"""
