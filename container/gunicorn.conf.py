"""gunicorn's settings; what differs from one task to another comes from the environment through sentiment.settings."""

import logging
import os
import sys
from pathlib import Path

from sentiment import logs
from sentiment.settings import Settings, SettingsError

try:
    settings = Settings.from_environment(os.environ)
except SettingsError as error:
    sys.exit(f"the service does not start: {error}")

bind = f"{settings.host}:{settings.port}"
workers = settings.workers

# Threads, because a worker without them closes each connection after one answer, and the load balancer keeps its
# connections open: a request sent into one that is just being closed becomes a 502. They must therefore stay open
# longer here than there (60 s). Many threads, because each request that waits for its turn at the model has one
# (sentiment/turns.py); they are started when they are needed, and one that waits takes some 70 KiB.
worker_class = "sentiment.worker.Worker"
threads = 256
worker_connections = 1_000
keepalive = 75

# Each worker loads the model for itself (preload_app stays off): importing ONNX Runtime starts a thread, which a fork
# does not copy, and a worker forked after that ends with an abort. One worker costs no more for it; each further one
# costs about 50 MiB of its own. A model that cannot be used ends the start at once.

# What no line of the log says is not looked up for each: 3 % of a request's time (Logging HOWTO, "Optimization").
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
logging._srcfile = None

# NumPy's BLAS would keep a thread a core, for sums that are too small to share out.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# What is in flight at SIGTERM is finished; ECS kills after 30 s.
graceful_timeout = 25
timeout = 30

# The root file system is read-only: the workers' heartbeat goes to memory, and there is no control socket.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
control_socket_disable = True

# The app logs its requests itself, with request id and model revision.
logger_class = logs.GunicornLogger
logconfig_dict = logs.configuration(settings.log_level, settings.stage)
