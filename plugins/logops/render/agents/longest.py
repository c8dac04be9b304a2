"""Longest lines and messages that agents accept, where their defaults are too short for logs that must not be lost."""

from logops.environment.sources import SyslogSource

LONGEST_LINE_BYTES = 2 << 20
"""Longest line of a file, and longest message over TCP, if the agent sets no limit."""

_LONGEST_DATAGRAM_BYTES = 64 << 10
"""No datagram is longer. Promtail and Alloy allocate a buffer of this size for each message."""


def longest_message_bytes(source: SyslogSource) -> int:
    """Return the size of the longest syslog message.

    By default, a longer message ends the connection and the next messages are lost: 8 KiB in Promtail and Alloy (octet
    counting), 32 KiB in Fluent Bit.
    """
    return _LONGEST_DATAGRAM_BYTES if source.protocol == "udp" else LONGEST_LINE_BYTES
