"""The addresses and folders in an agent's configuration: the only difference between the platforms."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class AgentAddresses:
    """Addresses and folders in an agent's configuration that depend on the platform."""

    listen: str
    """Address on which the agent listens for syslog."""
    write_urls: Mapping[str, str]
    """URL for pushes of each cluster, without a path."""
    syslog_ports: Mapping[str, int]
    """Port of each syslog source."""
    relative_to: PurePath
    """Folder at which relative paths of files start."""
    secret_rules: PurePath
    """File with the rules for secrets, on the machine of the agent."""
