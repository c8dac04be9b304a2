"""Render supervisord's configuration: one section for each process, one file for each stage.

Format: supervisord.org/configuration.html.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from logops.render.files import digest_of


@dataclass(frozen=True)
class SupervisedProgram:
    """A process under supervisord."""

    name: str
    program: str
    """`loki`, `promtail`, `loki-canary`, `azurite`, `prometheus`, `alertmanager` or `logops`."""
    command: tuple[str, ...]
    ports: tuple[int, ...]
    """Ports on which it listens. The first one serves HTTP."""
    cluster: str = ""
    component: str = ""
    """The -target of a Loki process."""
    reads: tuple[str, ...] = ()
    """Texts that the process reads only when it starts. If a text changes, the process must be restarted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables. A value may use a variable of supervisord as `%(ENV_NAME)s`, for secrets."""
    stop_seconds: int = 30
    lines: str = ""
    """File for stdout, if the process prints data to stdout instead of a log; empty: stdout is logged."""

    @property
    def digest(self) -> str:
        """Digest of everything that the process runs with. The process has it in its variable LOGOPS_DIGEST."""
        variables = [text for item in sorted(self.variables.items()) for text in item]
        section = digest_of(*self.command, str(self.stop_seconds), self.lines)
        return digest_of(section, digest_of(*self.reads), digest_of(*variables))[:16]

    @property
    def variables(self) -> dict[str, str]:
        """Its environment variables, and those that identify a running process."""
        return {
            **self.environment,
            "LOGOPS_PROCESS": self.name,
            "LOGOPS_PROGRAM": self.program,
            "LOGOPS_PORTS": " ".join(map(str, self.ports)),
            "LOGOPS_CLUSTER": self.cluster,
            "LOGOPS_COMPONENT": self.component,
        }


def supervisor_conf(programs: tuple[SupervisedProgram, ...], logs: str, data: str) -> str:
    """Return the sections of a stage's programs. Each logs to `logs/NAME.log` and runs in `data/NAME`."""
    return "\n".join(_section(program, logs, data) for program in programs)


def _section(program: SupervisedProgram, logs: str, data: str) -> str:
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
    """Escape %, which starts an expansion in supervisord's configuration."""
    return text.replace("%", "%%")
