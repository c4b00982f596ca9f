"""Make partitions on a cluster: Spark brings distribution, retry and its UI; what is made, and how,
is said elsewhere.

    spark.py     a context that starts or says why not; a job of works, watched until it ends
    (the only file that imports pyspark) shares.py    a business day in shares, cleaned one by one
    and united to the same rows

In: works that can be pickled and the functions that do them. Out: what those return. The functions
read and write the lake by themselves; nothing of the data passes through the driver. Raises
EngineError, or ConfigError where a setting must change.
"""

from pipeline.engine.shares import clean_share, number_of, share_of, unite
from pipeline.engine.spark import Cluster, Step, WorkLost, open_cluster

__all__ = [
    "Cluster",
    "Step",
    "WorkLost",
    "clean_share",
    "number_of",
    "open_cluster",
    "share_of",
    "unite",
]
