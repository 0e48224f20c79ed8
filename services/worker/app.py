"""The Celery app: broker, queues, the beat schedule, and each setting with its reason.

The truth of what is due stands in the database, where a claim is a lease. A task that is lost is found by the
sweep; one that is delivered twice finds its row leased and does nothing. Results go to the database too.
"""

from __future__ import annotations

import gc
import importlib
from functools import cache

from celery import Celery
from celery.exceptions import WorkerShutdown
from celery.signals import beat_init, heartbeat_sent, worker_init, worker_ready

from services import bootstrap, telemetry, tracing
from services.broker import broker_address
from services.ingestion.calendars import shipped
from services.settings import settings
from services.storage.heartbeats import QUEUES
from services.storage.session import passing_engine_for
from services.worker.heart import Heart

WARMED = (
    "statsmodels.tsa.statespace.structural",
    "statsforecast.models",
    "statsforecast.simulation",
    "lightgbm",
    "services.usecases.refresh_forecasts",
)
"""Imported by a forecast worker before it forks: its children share the pages and start without the wait.

Prophet is not among them: it costs each start of the stack 5 s and is fitted only where it is asked for.
"""


def make_app(redis_url: str) -> Celery:
    """Celery app on one broker; nothing is connected until it is used."""
    app = Celery("tonnage", broker=broker_address(redis_url), include=["services.worker.tasks"])
    app.conf.update(
        # Each queue has workers of its own, so a slow fit never delays a webhook; a misspelt one is an error.
        task_queues={name: {} for name in QUEUES},
        task_create_missing_queues=False,
        task_default_queue="delivery",
        # Acknowledged after the run and put back if the process dies: no nudge is lost with its worker. The
        # first line without the second is worse than neither. A job that kills its process cannot loop: its
        # lease and its count of attempts are in its row.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # One task per process at a time: what is prefetched waits behind a fit and is lost to others.
        worker_prefetch_multiplier=1,
        # A fit that hangs is interrupted after 9 minutes and killed after 10, well below the 15 after which
        # the broker hands an unacknowledged task to somebody else.
        task_soft_time_limit=540,
        task_time_limit=600,
        broker_transport_options={
            "visibility_timeout": 900,
            # Look for abandoned tasks each 5 s; the default cadence found them 100 s late.
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            # A connection that a firewall has dropped in silence is noticed within 10 s.
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        visibility_timeout=900,
        # A broker that is away is waited for without end, at start too; the supervisor need not restart us.
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Results are rows; JSON only, since unpickling a message runs its code.
        task_ignore_result=True,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        # What the numerical libraries leak is given back: a child ends after 200 tasks or at 600 MB (in KiB).
        worker_max_tasks_per_child=200,
        worker_max_memory_per_child=600_000,
        # On SIGQUIT a running task has 20 s to end. An idle worker goes at once: nothing here has an ETA.
        worker_soft_shutdown_timeout=20,
        worker_enable_soft_shutdown_on_idle=False,
        # Countdowns are not used, the database holds due times; this bounds what a mistake holds in memory.
        worker_eta_task_limit=100,
        # Our lines are JSON already; Celery would wrap each in one of its own.
        worker_redirect_stdouts=False,
        # Flower sees every task from sent to done, but not the sweep: one each second crowds out the others.
        worker_send_task_events=True,
        task_send_sent_event=True,
        enable_utc=True,
        timezone="UTC",
        # The sweep finds what is due and what a lost nudge left: jobs, deliveries and the schedules of
        # services/work/schedules.py, which are rows too. One that waited 5 s was overtaken by others.
        beat_schedule={
            "sweep": {"task": "sweep", "schedule": 1.0, "options": {"queue": "delivery", "expires": 5}},
        },
        beat_max_loop_interval=1,
    )
    return app


app = make_app(settings().redis_url)


def warm(**_: object) -> None:
    """Load in the parent what each child would need: release calendars, and for forecasts the models.

    The calendars of 250 countries come with them, 20 MB and a second of the first task of a child. What is
    loaded is then left out of garbage collection: each child would walk through it time and again, and copy
    the pages that it shares.
    """
    shipped()
    if "forecast" in app.amqp.queues.consume_from:
        for module in WARMED:
            importlib.import_module(module)
    gc.collect()
    gc.freeze()


def tell(**_: object) -> None:
    """Serve the numbers of this worker and its children, or end it: Celery would pass over the OSError."""
    try:
        telemetry.tell_prometheus(settings().metrics_port)
    except OSError as error:
        raise WorkerShutdown(f"metrics port {settings().metrics_port}: {error}") from error


@cache
def _heart() -> Heart:
    """The heart of this worker; its engine keeps no connection that a child could inherit."""
    return Heart(passing_engine_for(settings().database_url), app.amqp.queues.consume_from, bootstrap.now)


def beat(**_: object) -> None:
    """Leave a heartbeat for each queue of this worker."""
    _heart().beat()


def log(**_: object) -> None:
    """Structured logs and traces in every worker and its children."""
    telemetry.configure(production=settings().environment == "production")
    tracing.configure(settings().traces_url)


def send_unseen(**_: object) -> None:
    """Tell Flower nothing of what beat sends: it is the sweep alone."""
    app.conf.task_send_sent_event = False


worker_init.connect(warm)
worker_init.connect(log)
beat_init.connect(log)
beat_init.connect(send_unseen)
heartbeat_sent.connect(beat)
worker_ready.connect(tell)  # when the children are forked: they need no copy of its thread
