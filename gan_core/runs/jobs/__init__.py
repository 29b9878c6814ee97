"""Jobs: tasks of `gan_core.apply` that wait in line with runs, and keep what they make in folders of their own."""

from gan_core.runs.jobs.job_folder import JobFolder, JobView, UnknownJob
from gan_core.runs.jobs.job_manager import JobManager

__all__ = ["JobFolder", "JobManager", "JobView", "UnknownJob"]
