"""A Ray cluster of two nodes of one processor each, in a process of its own: a line of standard input is an order.

It says its address once it runs, and "done" after each order: kill (the second node, at once) or add (another one).
"""

from __future__ import annotations

import sys
from typing import Any

import ray
from ray.cluster_utils import Cluster

NODE: dict[str, Any] = {
    "num_cpus": 1, "num_gpus": 0, "object_store_memory": 80_000_000, "include_dashboard": False,
}  # fmt: skip
SOON_DEAD = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 1000, "health_check_failure_threshold": 4}


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "_system_config": SOON_DEAD})
    other = cluster.add_node(**NODE)
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(other, allow_graceful=False)
        elif line.strip() == "add":
            other = cluster.add_node(**NODE)
        print("done", flush=True)
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
