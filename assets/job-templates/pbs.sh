#!/bin/bash
# As sbatch.sh, for PBS: GANSCOPE_JOB_COMMAND="qsub {script}", GANSCOPE_JOB_CANCEL="qdel {job}".
#PBS -N ganscope
#PBS -j oe
#PBS -o {folder}/job.log
#PBS -l select=1:ncpus={cores}:ngpus={gpus}
trap 'rm -f {folder}/waiting-job' EXIT
cd {program} || exit 1
# In the background and waited for: so that SIGTERM stops the run with everything saved.
{python} -m gan_core resume {run} --runs-dir {runs} --data-dir {data} --device {device} --threads {cores} &
job=$!
trap 'kill -TERM $job' TERM INT
while kill -0 $job 2>/dev/null; do wait $job; status=$?; done
exit $status
