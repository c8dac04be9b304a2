"""Which failed tasks Airflow tries again.

Airflow reads this module whenever it parses a DAG file: no heavy imports.
"""

from airflow.sdk import Context, RetryDecision, RetryPolicy

from logops.errors import LogopsError


class RetryTemporary(RetryPolicy):
    """Try again, unless the error stays until a person changes something. Then fail at once, and report it sooner.

    Errors of other libraries are tried again: they may be temporary.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        if isinstance(exception, LogopsError) and exception.needs_a_person:
            return RetryDecision.fail(f"{type(exception).__name__}: another try would fail in the same way")
        return RetryDecision.default()
