"""The container of a task: its image, settings, limits and restrictions."""

from __future__ import annotations

from troposphere import Ref, Template, ecs, logs

from generator import catalogue
from generator.building import receipt_key_arn
from generator.parameters import parameter

HEALTH_PROBE = ["CMD", "python", "-m", "sentiment.probe"]
USER = "10001:10001"  # neither root nor anyone else; the Dockerfile has the same
TMP_MIB = 16
STOP_SECONDS = 30  # between SIGTERM and SIGKILL


def definition(
    template: Template, log_group: logs.LogGroup, image: str = "ImageUri", stream: str = catalogue.CONTAINER_NAME
) -> ecs.ContainerDefinition:
    """The container: an unprivileged user, no capabilities, only /tmp writable, a hard memory limit.

    Args:
        template: the stack's.
        log_group: of the tasks.
        image: Parameter with its image.
        stream: what the names of its log streams begin with.
    """
    return ecs.ContainerDefinition(
        Name=catalogue.CONTAINER_NAME,
        Image=Ref(parameter(template, image)),
        Essential=True,
        Memory=Ref(parameter(template, "TaskMemory")),
        Cpu=Ref(parameter(template, "TaskCpu")),
        # Host port 0: Docker picks a free one, so that old and new tasks fit on one instance in a deployment.
        PortMappings=[ecs.PortMapping(ContainerPort=catalogue.CONTAINER_PORT, HostPort=0, Protocol="tcp")],
        Environment=environment(template),
        Secrets=[ecs.Secret(Name=catalogue.RECEIPT_KEY_VARIABLE, ValueFrom=receipt_key_arn())],
        User=USER,
        Privileged=False,
        ReadonlyRootFilesystem=True,
        DockerSecurityOptions=["no-new-privileges"],
        LinuxParameters=ecs.LinuxParameters(
            Capabilities=ecs.KernelCapabilities(Drop=["ALL"]),
            InitProcessEnabled=True,
            Tmpfs=[ecs.Tmpfs(ContainerPath="/tmp", Size=TMP_MIB, MountOptions=["noexec", "nosuid", "nodev"])],  # noqa: S108
        ),
        Ulimits=[ecs.Ulimit(Name="nofile", SoftLimit=4096, HardLimit=4096)],
        HealthCheck=health_check(),
        StopTimeout=STOP_SECONDS,
        LogConfiguration=ecs.LogConfiguration(
            LogDriver="awslogs",
            Options={
                "awslogs-group": Ref(log_group),
                "awslogs-region": Ref("AWS::Region"),
                "awslogs-stream-prefix": stream,
                # A log that cannot be delivered must not delay replies.
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        ),
    )


def environment(template: Template) -> list[ecs.Environment]:
    """The container's environment variables, as named in the catalogue."""
    values = {
        "STAGE": Ref("Stage"),
        "PORT": str(catalogue.CONTAINER_PORT),
        "WORKERS": Ref(parameter(template, "Workers")),
        "LOG_LEVEL": Ref(parameter(template, "LogLevel")),
    }
    return [ecs.Environment(Name=name, Value=values[name]) for name in catalogue.SERVICE_ENVIRONMENT]


def health_check() -> ecs.HealthCheck:
    """The health check, by the image's own probe, as the image has no curl."""
    return ecs.HealthCheck(Command=HEALTH_PROBE, Interval=10, Timeout=5, Retries=3, StartPeriod=15)
