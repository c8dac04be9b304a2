"""Read processes from supervisord's configuration file."""

import re
from configparser import RawConfigParser
from dataclasses import dataclass

from logops.render.topology import HOST

_VARIABLE = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Section:
    """A process, as a section of `supervisor/STAGE.conf`."""

    name: str
    digest: str
    """Digest of the command, the variables, and the files that the process reads when it starts."""
    program: str
    """`loki`, `promtail`, `loki-canary`, `azurite`, `prometheus`, `alertmanager` or `logops`."""
    ports: tuple[int, ...]
    """Ports that it listens on; the first answers HTTP."""
    cluster: str
    component: str
    """For Loki, its -target."""
    command: str
    stop_seconds: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports[0]}"

    @property
    def holds_logs(self) -> bool:
        """Whether the process keeps logs in memory that are not in the object store yet."""
        return self.component in ("ingester", "all")


def sections(conf: str) -> tuple[Section, ...]:
    """Return the processes in a configuration file that `render.supervisor` wrote, in its order.

    Other sections are ignored: somebody has edited the file, which is reported as drift. Raises configparser.Error if
    the text is not a configuration file.
    """
    parser = RawConfigParser(inline_comment_prefixes=None)
    parser.read_string(conf)
    parsed = (_section(name.removeprefix("program:"), dict(parser[name])) for name in parser.sections())
    return tuple(section for section in parsed if section is not None)


def _section(name: str, keys: dict[str, str]) -> Section | None:
    variables = dict(_VARIABLE.findall(keys.get("environment", "")))
    ports = tuple(int(port) for port in variables.get("LOGOPS_PORTS", "").split() if port.isdigit())
    if not ports or not variables.get("LOGOPS_DIGEST"):
        return None
    return Section(
        name,
        variables["LOGOPS_DIGEST"],
        variables.get("LOGOPS_PROGRAM", ""),
        ports,
        variables.get("LOGOPS_CLUSTER", ""),
        variables.get("LOGOPS_COMPONENT", ""),
        keys.get("command", ""),
        int(keys.get("stopwaitsecs", "10")),
    )
