"""Executors: how a batch of partitions is built elsewhere.

    spark.py  a Spark context that starts or says why not; a job of works, watched until it ends
              (the only file that imports pyspark)

In: works that can be pickled and the functions that do them. Out: what those return. The functions
read and write the lake by themselves; no data passes through the driver. Raises EngineError, or
ConfigError where a setting must change.
"""

from pipeline.executors.spark import Cluster, Step, WorkLost, open_cluster

__all__ = ["Cluster", "Step", "WorkLost", "open_cluster"]
