"""Cells built on other machines: a job goes out as data, and what it stored comes back into the run's own store."""

from pipeline.cluster.distribute import Distributor, TreeWork
from pipeline.cluster.executor import Executor, choose
from pipeline.cluster.job import BuildJob, JobResult

__all__ = ["BuildJob", "Distributor", "Executor", "JobResult", "TreeWork", "choose"]
