"""Read the header of syslog messages: RFC 5424 and RFC 3164."""

import re

from logops.environment.go_time import TimestampError, parse_timestamp
from logops.environment.sources import SyslogSource
from logops.pipelines.line import EMPTY_MESSAGE, NO_SYSLOG, Sample

_HEADERS = {
    "rfc5424": re.compile(
        r"<\d{1,3}>1 (?P<time>\S+) (?P<host>\S+) (?P<app>\S+) \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+)"
        r"(?: (?P<message>.*))?",
        re.DOTALL,
    ),
    "rfc3164": re.compile(
        r"<\d{1,3}>(?P<time>\w{3} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S+) "
        r"(?:(?P<app>[^:\[ ]+)(?:\[[^\]]*\])?: ?)?(?P<message>.*)",
        re.DOTALL,
    ),
}


def syslog_sample(source: SyslogSource, message: str, read_ns: int, agent_kind: str) -> Sample:
    """Return a message as an agent of a kind takes it: its text, the labels host and app, its time.

    Agents refuse a message whose header they cannot read, and one without a text.
    """
    header = _HEADERS[source.message_format].fullmatch(message)
    if header is None:
        return Sample(message, read_ns, refused_by=NO_SYSLOG)
    text = header["message"]
    if not text:
        return Sample(message, read_ns, refused_by=EMPTY_MESSAGE)
    labels = {name: header[name] for name in ("app", "host") if header[name] not in (None, "-")}
    return Sample(text, read_ns, labels, _timestamp_ns(source, header["time"], read_ns, agent_kind))


def _timestamp_ns(source: SyslogSource, time: str, read_ns: int, agent_kind: str) -> int | None:
    try:
        if source.message_format == "rfc5424":
            return parse_timestamp(time, "RFC3339Nano", None, read_ns)
        if agent_kind == "promtail":
            # Promtail takes the year 0, so its own time of reading is used: see render/agents/promtail/inputs.py.
            return None
        return parse_timestamp(time, "Jan _2 15:04:05", None, read_ns)
    except TimestampError:
        return None
