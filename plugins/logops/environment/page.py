"""The page in Airflow: who sees on it what belongs to security clusters."""

from logops.environment.base import Model


class Page(Model):
    """Readers of the page who also see findings about security clusters. Everybody else sees that they are left out."""

    security_roles: tuple[str, ...] = ()
    """Roles of Airflow's auth manager, such as `admin` of the simple one, or a role of your own in FAB."""
    security_users: tuple[str, ...] = ()
    """User ids in Airflow, as in `approval.approvers`."""
