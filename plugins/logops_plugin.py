"""The one file that Airflow's plugin loader imports here: `.airflowignore` keeps it out of the library.

The connection type comes with the installed package (`logops.airflow.provider`); the plugin registers nothing yet.
"""

from airflow.plugins_manager import AirflowPlugin


class LogopsPlugin(AirflowPlugin):
    """Shows under Admin > Plugins that this Airflow runs logops."""

    name = "logops"
