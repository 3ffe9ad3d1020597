"""The console of the laptop cloud at ``/console``: what AWS's own console would show, read-only.

Every table comes from the AWS APIs that boto3 calls on AWS too; nothing looks into the emulator.
"""
