"""Alerts: the Alertmanagers that get them, and whom these tell."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from logops.environment.base import BasicAuth, Model, Name, SecretRef
from logops.environment.units import Duration

Address = Annotated[str, Field(pattern=r"^https?://[^/@?#]+(/[^@?#]*[^@?#/])?$")]
"""A URL without a password, a query, and a final slash."""
Severity = Literal["warning", "error", "critical"]


class Webhook(Model):
    """A service that receives Alertmanager's own JSON."""

    url: Address | SecretRef
    """A reference, if the URL has a token in it."""


class Email(Model):
    """Mails through an SMTP server."""

    to: Annotated[tuple[str, ...], Field(min_length=1)]
    sender: str
    server: Annotated[str, Field(pattern=r"^[^:\s]+:[0-9]{1,5}$")]
    """HOST:PORT."""
    username: str | None = None
    password: SecretRef | None = None
    tls: bool = True
    """Whether STARTTLS is required."""

    @model_validator(mode="after")
    def _login_is_complete(self) -> "Email":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password: set both, or neither")
        return self


class Slack(Model):
    """A Slack channel."""

    url: SecretRef
    """The incoming webhook."""
    channel: Annotated[str, Field(pattern=r"^[#@]?[^\s#@]+$")]


class Teams(Model):
    """A channel of Microsoft Teams, through a workflow with a webhook."""

    url: SecretRef


class PagerDuty(Model):
    """A service of PagerDuty, through its Events API v2."""

    routing_key: SecretRef


class Receiver(Model):
    """A place that gets notifications. Set exactly one kind."""

    webhook: Webhook | None = None
    email: Email | None = None
    slack: Slack | None = None
    teams: Teams | None = None
    pagerduty: PagerDuty | None = None

    @model_validator(mode="after")
    def _has_one_kind(self) -> "Receiver":
        kinds = [name for name in type(self).model_fields if getattr(self, name)]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            raise ValueError(f"set exactly one of: {', '.join(type(self).model_fields)}. Found: {found}")
        return self


class Route(Model):
    """Alerts that one receiver gets. The first route that fits an alert is taken."""

    receiver: Name
    severities: tuple[Severity, ...] = ()
    """Empty: every severity."""
    teams: tuple[str, ...] = ()
    """Owners of sources, or `alerts.team`. Empty: every team."""
    classes: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")], ...] = ()
    """Finding classes, such as chunk-missing. Empty: every class."""
    repeat: Duration | None = None
    """Time after which an alert that is still active is sent again. Null: as in `repeat` of the Alertmanager."""


class Alertmanager(Model):
    """An Alertmanager, or a highly available pair, and whom it tells."""

    urls: tuple[Address, ...] = ()
    """The address of every replica: each gets all alerts. Empty: the local platform runs one Alertmanager, and
    Kubernetes a pair if `platform.charts.alertmanager` names its chart."""
    basic_auth: BasicAuth | None = None
    """User and password of a proxy in front of every replica."""
    bearer_token: SecretRef | None = None
    """A token instead of `basic_auth`."""
    receivers: dict[Name, Receiver] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    receiver: Name | None = None
    """Who gets the alerts that no route takes. Null: nobody. They are on the pages of Alertmanager only."""
    group_wait: Duration = Duration("30s")
    """Time before the first notification about a class, cluster and tenant: alerts of the same moment are one."""
    group_interval: Duration = Duration("5m")
    """Time before the next notification about them, if an alert is added or resolved."""
    repeat: Duration = Duration("24h")
    """Time after which an alert that is still active is sent again."""

    @model_validator(mode="after")
    def _has_one_login_for_its_urls(self) -> "Alertmanager":
        if self.basic_auth and self.bearer_token:
            raise ValueError("bearer_token: set basic_auth or bearer_token, not both")
        if (self.basic_auth or self.bearer_token) and not self.urls:
            raise ValueError("urls: a login needs the address of the proxy that asks for it")
        return self


class Alerts(Model):
    """How findings become alerts. Findings of severity `info` are no alerts."""

    team: Annotated[str, Field(min_length=1, max_length=100)] = "log-platform"
    """Who must act if a source has no owner, and on everything that is not about a source."""
    grace: Duration = Duration("2h")
    """Time after which a run that did not come is overdue. At most the time between two runs."""
    rollout_grace: Duration = Duration("45m")
    """Time after a rollout in which a finding that its restarts cause is no alert. At least the window and the interval
    of `quality`: then a run has seen the time after the rollout only."""
    airflow_url: Address | None = None
    """Address of Airflow: alerts that `logops alerts send` sends link to its pages. Null: these have no links."""
    standard: Alertmanager = Alertmanager()
    """Gets everything that is not about a security cluster."""
    security: Alertmanager = Alertmanager()
    """Gets everything about security clusters, their storage accounts and sources. It is shown nowhere else."""
