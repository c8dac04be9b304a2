"""Programs as supervisord runs them: one section a process, one file a stage.

Source of the format: supervisord.org/configuration.html.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from logops.render.files import digest_of


@dataclass(frozen=True)
class Program:
    """A process under supervisord."""

    name: str
    program: str
    """`loki`, `promtail`, `loki-canary`, `azurite` or `prometheus`."""
    command: tuple[str, ...]
    ports: tuple[int, ...]
    """What it listens on; the first answers HTTP."""
    cluster: str = ""
    component: str = ""
    """For Loki, its -target."""
    reads: tuple[str, ...] = ()
    """Texts the process reads once, when it starts: when one changes, it must be restarted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Values may name variables of supervisord's own environment as `%(ENV_NAME)s`: how secrets get in."""
    stop_seconds: int = 30
    lines: str = ""
    """A file of its own for what the process prints to stdout, where that is data and not a log."""

    @property
    def digest(self) -> str:
        """Names what the process runs with; it finds it in its variable LOGOPS_DIGEST."""
        variables = [text for item in sorted(self.variables.items()) for text in item]
        section = digest_of(*self.command, str(self.stop_seconds), self.lines)
        return digest_of(section, digest_of(*self.reads), digest_of(*variables))[:16]

    @property
    def variables(self) -> dict[str, str]:
        """Its own, and those by which a running process says what it is."""
        return {
            **self.environment,
            "LOGOPS_PROCESS": self.name,
            "LOGOPS_PROGRAM": self.program,
            "LOGOPS_PORTS": " ".join(map(str, self.ports)),
            "LOGOPS_CLUSTER": self.cluster,
            "LOGOPS_COMPONENT": self.component,
        }


def supervisor_conf(programs: tuple[Program, ...], logs: str, data: str) -> str:
    """The sections of a stage's programs. Each logs to `logs/NAME.log` and works in `data/NAME`."""
    return "\n".join(_section(program, logs, data) for program in programs)


def _section(program: Program, logs: str, data: str) -> str:
    variables = {**program.variables, "LOGOPS_DIGEST": program.digest}
    environment = ",".join(f'{name}="{value}"' for name, value in sorted(variables.items()))
    log = f"{_percent(logs)}/{program.name}.log"
    if program.lines:
        outputs = f"stdout_logfile={_percent(program.lines)}\nstderr_logfile={log}\nstderr_logfile_maxbytes=10MB"
    else:
        outputs = f"stdout_logfile={log}\nredirect_stderr=true"
    return f"""[program:{program.name}]
command={shlex.join(_percent(word) for word in program.command)}
environment={environment}
directory={_percent(data)}/{program.name}
{outputs}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
autostart=false
autorestart=true
startsecs=1
startretries=3
stopsignal=TERM
stopwaitsecs={program.stop_seconds}
stopasgroup=false
killasgroup=true
"""


def _percent(text: str) -> str:
    """supervisord reads % as the start of an expansion."""
    return text.replace("%", "%%")
