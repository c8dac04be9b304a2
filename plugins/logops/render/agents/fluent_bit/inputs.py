"""Render the inputs, and the parsers that they need."""

from pathlib import PurePath
from typing import Any

from logops.environment.agents import Agent
from logops.environment.sources import FileSource, JournalSource, PodSource, Source, SyslogSource
from logops.render.agents.addresses import AgentAddresses
from logops.render.agents.fluent_bit.expressions import onigmo, other_lines
from logops.render.agents.longest import LONGEST_LINE_BYTES, longest_message_bytes

_SYSLOG_HEADERS = {
    "rfc5424": (
        r"/\A<\d{1,3}>1 (?<time>\S+) (?:-|(?<host>\S+)) (?:-|(?<app>\S+)) \S+ \S+ "
        r"(?:-|(?:\[(?:\\.|[^\]\\])*\])+)(?: (?<message>.*))?\z/m"
    ),
    "rfc3164": (
        r"/\A<\d{1,3}>(?<time>\w{3} [ \d]\d \d\d:\d\d:\d\d) (?<host>\S+) "
        r"(?:(?<app>[^:\[ ]+)(?:\[[^\]]*\])?: ?)?(?<message>.*)\z/m"
    ),
}


def input_of(name: str, source: Source, agent: Agent, addresses: AgentAddresses, state: PurePath) -> dict[str, Any]:
    """Return the input that reads a source's lines.

    state   folder with the positions of files that Fluent Bit has read
    """
    common = {"alias": name, "tag": tag_of(name, source), "storage.type": "filesystem"}
    position = {"db": str(state / f"{name}.db")}
    match source:
        case FileSource() | PodSource():
            return {"name": "tail", **common, **_paths(source, addresses), **position, **_tail(name, source, agent)}
        case JournalSource():
            units = {"systemd_filter": [f"_SYSTEMD_UNIT={unit}" for unit in source.units]} if source.units else {}
            # From the head, Loki would refuse the first chunks as too old, and lines of today are lost with them.
            return {"name": "systemd", **common, "path": source.path, **position, **units, "read_from_tail": True}
        case SyslogSource():
            return {"name": "syslog", **common, **_syslog(name, source, addresses)}
        case _:
            raise TypeError(f"Fluent Bit has no input for sources of kind {source.kind}")


def tag_of(name: str, source: Source) -> str:
    """Return the tag of a source's records. The kubernetes filter reads the name of the file from it."""
    return f"{name}.*" if isinstance(source, PodSource) else name


def _paths(source: FileSource | PodSource, addresses: AgentAddresses) -> dict[str, Any]:
    if isinstance(source, PodSource):
        # POD_NAMESPACE_CONTAINER-ID.log
        namespaces = source.namespaces or ("*",)
        return {"path": ",".join(f"/var/log/containers/*_{namespace}_*.log" for namespace in namespaces)}
    exclude = ",".join(str(addresses.relative_to / path) for path in source.exclude)
    return {
        "path": ",".join(str(addresses.relative_to / path) for path in source.paths),
        **({"exclude_path": exclude} if exclude else {}),
    }


def _tail(name: str, source: FileSource | PodSource, agent: Agent) -> dict[str, Any]:
    longest_bytes = agent.max_line_size.value if agent.max_line_size else LONGEST_LINE_BYTES
    return {
        "path_key": "filename",
        "read_from_head": True,
        "refresh_interval": 5,
        **({"ignore_older": f"{source.ignore_older.seconds:g}s"} if source.ignore_older else {}),
        # By default Fluent Bit stops reading a file at a line of more than 32 KiB.
        "buffer_chunk_size": min(longest_bytes, 32768),
        # Fluent Bit cuts a line one byte before the end of its buffer.
        "buffer_max_size": longest_bytes + 1,
        "truncate_long_lines": True,
        **({"multiline.parser": parser} if (parser := source.container or _joined_by_input(name, source)) else {}),
    }


def _joined_by_input(name: str, source: Source) -> str | None:
    return f"{name}.entries" if source.parse.multiline_first_line else None


def _syslog(name: str, source: SyslogSource, addresses: AgentAddresses) -> dict[str, Any]:
    tls: dict[str, Any] = {}
    if source.tls:
        tls = {"tls": True, "tls.crt_file": source.tls.cert_file, "tls.key_file": source.tls.key_file}
        if source.tls.client_ca_file:
            tls |= {"tls.ca_file": source.tls.client_ca_file, "tls.verify_client_cert": True}
    return {
        "mode": source.protocol,
        "listen": addresses.listen,
        "port": addresses.syslog_ports[name],
        "parser": f"{name}.{source.message_format}",
        # A datagram is cut at the size of a chunk.
        "buffer_chunk_size": 64 << 10,
        "buffer_max_size": longest_message_bytes(source),
        **tls,
    }


def input_parsers(name: str, source: Source) -> list[dict[str, Any]]:
    """Return the parsers that an input needs."""
    if not isinstance(source, SyslogSource):
        return []
    header = _SYSLOG_HEADERS[source.message_format]
    return [{"name": f"{name}.{source.message_format}", "format": "regex", "regex": header}]


def multiline_parsers(name: str, source: Source) -> list[dict[str, Any]]:
    """Return the parser that joins the lines of an entry."""
    parse = source.parse
    if not parse.multiline_first_line:
        return []
    rules = [
        {"state": "start_state", "regex": onigmo(parse.multiline_first_line), "next_state": "other"},
        {"state": "other", "regex": other_lines(parse.multiline_first_line), "next_state": "other"},
    ]
    return [
        {
            "name": f"{name}.entries",
            "type": "regex",
            "flush_timeout": int(parse.multiline_max_wait.value),
            "key_content": "log",
            "rules": rules,
        }
    ]
