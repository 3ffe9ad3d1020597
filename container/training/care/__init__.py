"""Makes what the service reads to find texts that need care; how it reads it is in sentiment/care.py."""
