"""The pool of the tasks that send queries to Loki, so that they do not run at the same time.

Airflow reads this module whenever it parses a DAG file: no heavy imports.
"""

import os
from collections.abc import Mapping

VARIABLE = "LOGOPS_LOKI_POOL"
"""Set for the DAG processor and the workers. The pool must exist: Airflow starts no task of a pool that is missing."""


def loki_pool(variables: Mapping[str, str] = os.environ) -> str:
    """Return the pool that the variable names; Airflow's own default pool if it is not set."""
    return variables.get(VARIABLE) or "default_pool"
