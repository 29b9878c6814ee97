#!/bin/bash
# Slurm's job of one run; GANSCOPE_JOB_SCRIPT names another file. docs/how-to/cluster.md tells what the names mean.
#SBATCH --job-name=ganscope-{run}
#SBATCH --output={folder}/job.log
#SBATCH --cpus-per-task={cores}
#SBATCH --gpus={gpus}
#SBATCH --signal=B:TERM@60
# The run waits for this job as long as the note is there; should the job fail before it trains, the page says so.
trap 'rm -f {folder}/waiting-job' EXIT
cd {program} || exit 1
# In the background and waited for: so that the batch system's SIGTERM stops the run with everything saved.
{python} -m gan_core resume {run} --runs-dir {runs} --data-dir {data} --device {device} --threads {cores} &
job=$!
trap 'kill -TERM $job' TERM INT
while kill -0 $job 2>/dev/null; do wait $job; status=$?; done
exit $status
