"""Hide secrets in a line of configuration: values of settings with such a name, and logins in addresses. Pure."""

import re

_SECRET = re.compile(
    r"(?i)(\b[\w.-]*(?:password|passwd|secret|token|credentials?|(?:account|access|api|private|routing|service|shared)[_-]?key"
    r"|connection[_-]string|AccountKey)\b[\"']?\s*[:=]\s*)(?!\$\{)(?P<value>[^\s;,][^;,]*)"
)
_LOGIN = re.compile(r"(?P<start>://)[^/\s@]+@")
_QUERY = re.compile(r"(?P<start>https?://[^\s?'\"]+\?)[^\s'\"]+")
_HOOK = re.compile(r"(?P<start>https?://hooks\.[^/\s]+/)[^\s'\"]+")


def masked(line: str) -> str:
    """Return a line without the values of settings that are secrets, and without logins in addresses.

    >>> masked("-azure.account-key=abc"), masked("url: https://user:abc@host/push")
    ('-azure.account-key=***', 'url: https://***@host/push')
    """
    line = _SECRET.sub(lambda match: f"{match[1]}***", line)
    line = _LOGIN.sub(r"\g<start>***@", line)
    return _HOOK.sub(r"\g<start>***", _QUERY.sub(r"\g<start>***", line))
