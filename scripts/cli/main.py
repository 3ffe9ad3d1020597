"""The command line, ``sentiment``: collects the commands in the groups that its help shows."""

from __future__ import annotations

import click

from scripts.cli import deploy, judgements, learn, look, operate, run
from scripts.cli.group import Commands

GROUPS = {
    "Run": (run.local_command, run.load_command, learn.learn_command),
    "Deploy": (
        deploy.plan_command,
        deploy.deploy_command,
        deploy.stacks_command,
        deploy.login_command,
        deploy.image_command,
        deploy.roll_command,
        deploy.promote_command,
        deploy.rollback_command,
        deploy.site_command,
    ),
    "Look": (
        look.status_command,
        look.outputs_command,
        look.logs_command,
        look.doctor_command,
        look.cost_command,
        look.classify_command,
    ),
    "Judgements": (judgements.export_command, judgements.restore_command, judgements.forget_command),
    "Operate": (
        operate.scale_command,
        operate.sleep_command,
        operate.wake_command,
        operate.rotate_receipt_key_command,
        operate.pipeline_command,
        operate.destroy_command,
    ),
}


@click.group(
    cls=Commands,
    groups=GROUPS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """Run the sentiment app on this machine or on AWS."""
