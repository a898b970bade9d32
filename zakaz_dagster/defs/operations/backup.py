"""Backups in Dagster: a full one a week, an increment a night, and a rehearsed restore of the newest one a week.

The schedules run where a destination is set and are stopped elsewhere. Belongs here: when. Does not: how (`backup`).
"""

from dataclasses import replace

import dagster as dg

from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import BackupsParam

CRON = {"backup_full": "20 3 * * 0", "backup_incremental": "20 3 * * 1-6", "backup_drill": "20 5 * * 0"}
ABOUT = {
    "backup_full": "Back the whole database up, then delete what is outdated",
    "backup_incremental": "Back up what changed since the newest full backup",
    "backup_drill": "Restore the newest backup into a database of its own, compare it, and drop that database",
}


def definitions(*, configured: bool) -> dg.Definitions:
    """The three jobs and their schedules."""
    jobs = [_job(name) for name in CRON]
    status = dg.DefaultScheduleStatus.RUNNING if configured else dg.DefaultScheduleStatus.STOPPED
    return dg.Definitions(
        jobs=jobs,
        schedules=[
            dg.ScheduleDefinition(
                name=f"{job.name}_schedule",
                job=job,
                cron_schedule=CRON[job.name],
                execution_timezone="Europe/Moscow",
                default_status=status,
                description=f"{ABOUT[job.name]}; needs BACKUP_DISK or BACKUP_S3_URL",
            )
            for job in jobs
        ],
    )


def _job(name: str) -> dg.JobDefinition:
    @dg.op(name=f"make_{name}", description=ABOUT[name])
    def work(context: dg.OpExecutionContext, backups: BackupsParam) -> None:
        own = replace(backups, run_id=context.run.run_id)
        with explained():
            if name == "backup_drill":
                done = own.verify("newest", "drill")
                made = done.backup
                context.log.info("%s", own.recovery(done))
            else:
                made = own.create("full" if name == "backup_full" else "incremental")
                gone = own.prune() if own.folder else []
                context.log.info("deleted: %s", ", ".join(each.name for each in gone) or "nothing was outdated")
        context.log.info("%s: %d tables, %d rows, %d bytes", made.name, len(made.sums), made.rows, made.bytes)

    @dg.job(name=name, description=ABOUT[name])
    def made_job() -> None:
        work()

    return made_job
