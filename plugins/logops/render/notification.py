"""The texts of notifications, as a person reads them at night. Pure.

They are templates of Alertmanager (prometheus.io/docs/alerting/latest/notifications, Go's text/template). A
notification is about alerts of one class, cluster and tenant. The webhook needs none: it gets all labels and
annotations as JSON.

Findings quote names and lines that strangers wrote, so each kind of text escapes what could be markup there.
"""

from typing import Any

MOST_TOLD = 5
"""Most findings that one notification describes. The others are on the page."""

_HEAD = (
    '{{ if eq .Status "resolved" }}RESOLVED{{ else }}{{ .CommonLabels.severity | toUpper }}{{ end }}'
    " {{ .GroupLabels.alertname }}"
    '{{ if eq .Status "firing" }}{{ if gt (len .Alerts.Firing) 1 }} ({{ len .Alerts.Firing }}){{ end }}{{ end }}'
    ": {{ .GroupLabels.environment }}{{ with .GroupLabels.cluster }} {{ . }}{{ end }}"
    "{{ with .GroupLabels.tenant }} {{ . }}{{ end }}"
)
"""`CRITICAL chunk-missing (2): local main application`. Labels have no line breaks (`alerts.from_finding`)."""
_PARTS = ("table", "query", "source", "path")
"""Parts of the subject that are not in the head."""
_SUMMARY = "or .Annotations.summary .Annotations.description"
"""Alerts of rules may have a description only."""
_TIME = '"2006-01-02 15:04 UTC"'


def head() -> str:
    """Return the template of the first line: how bad, what, where."""
    return _HEAD


def text(escape: str = "") -> str:
    """Return the template of a plain text: what, since when, what to do, links. What is resolved comes last.

    escape   a pipeline that each text of a finding goes through: ` | reReplaceAll "<" "&lt;"`
    """
    return (
        f"{{{{ range $number, $alert := .Alerts.Firing }}}}{{{{ if lt $number {MOST_TOLD} }}}}"
        f"{{{{ ({_SUMMARY}){escape} }}}}\n"
        f"Since: {{{{ .StartsAt.UTC.Format {_TIME} }}}}\n"
        f"{_where(escape)}"
        f"{{{{ with .Labels.team }}}}Team: {{{{ .{escape} }}}}\n{{{{ end }}}}"
        f"{{{{ with .Annotations.remedy }}}}What to do: {{{{ .{escape} }}}}\n{{{{ end }}}}"
        "{{ with .Annotations.page }}Page: {{ . }}\n{{ end }}"
        "{{ with .Annotations.runbook }}Runbook: {{ . }}\n{{ end }}"
        "\n{{ end }}{{ end }}"
        f"{{{{ if gt (len .Alerts.Firing) {MOST_TOLD} }}}}And more: {{{{ len .Alerts.Firing }}}} findings in all. "
        "Every one is on the page.\n\n{{ end }}"
        f"{{{{ range $number, $alert := .Alerts.Resolved }}}}{{{{ if lt $number {MOST_TOLD} }}}}"
        f"Resolved: {{{{ ({_SUMMARY}){escape} }}}}\n"
        f"It was there from {{{{ .StartsAt.UTC.Format {_TIME} }}}} to {{{{ .EndsAt.UTC.Format {_TIME} }}}}.\n"
        "\n{{ end }}{{ end }}"
    )


def mail_html() -> str:
    """Return the template of a mail. Alertmanager escapes every value in it (Go's html/template)."""
    rows = "".join(
        f"{{{{ with .Labels.{part} }}}}<tr><td>{part.capitalize()}</td><td>{{{{ . }}}}</td></tr>{{{{ end }}}}"
        for part in _PARTS
    )
    return (
        f'<div style="font-family:sans-serif;max-width:40em"><h2>{_HEAD}</h2>'
        f"{{{{ range $number, $alert := .Alerts.Firing }}}}{{{{ if lt $number {MOST_TOLD} }}}}"
        f"<p><b>{{{{ {_SUMMARY} }}}}</b></p>"
        '<table cellpadding="4" style="vertical-align:top">'
        f"<tr><td>Since</td><td>{{{{ .StartsAt.UTC.Format {_TIME} }}}}</td></tr>"
        f"{rows}"
        "{{ with .Labels.team }}<tr><td>Team</td><td>{{ . }}</td></tr>{{ end }}"
        "{{ with .Annotations.remedy }}<tr><td>What to do</td><td>{{ . }}</td></tr>{{ end }}"
        "</table>"
        '<p>{{ with .Annotations.page }}<a href="{{ . }}">Evidence and history</a> {{ end }}'
        '{{ with .Annotations.runbook }}<a href="{{ . }}">Runbook</a>{{ end }}</p>'
        "{{ end }}{{ end }}"
        f"{{{{ if gt (len .Alerts.Firing) {MOST_TOLD} }}}}<p>And more: {{{{ len .Alerts.Firing }}}} findings in all. "
        "Every one is on the page.</p>{{ end }}"
        f"{{{{ range $number, $alert := .Alerts.Resolved }}}}{{{{ if lt $number {MOST_TOLD} }}}}"
        f"<p>Resolved: {{{{ {_SUMMARY} }}}}<br>"
        f"It was there from {{{{ .StartsAt.UTC.Format {_TIME} }}}} to {{{{ .EndsAt.UTC.Format {_TIME} }}}}.</p>"
        "{{ end }}{{ end }}</div>"
    )


def email() -> dict[str, Any]:
    """Return the keys of `email_configs`."""
    return {"headers": {"Subject": _HEAD}, "html": mail_html(), "text": text()}


def slack() -> dict[str, Any]:
    """Return the keys of `slack_configs`. Slack reads `<!channel>` and `<ADDRESS|TEXT>`: the brackets are escaped."""
    escape = ' | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;"'
    return {
        "title": _HEAD,
        "title_link": "{{ with index .Alerts 0 }}{{ .Annotations.page }}{{ end }}",
        "fallback": _HEAD,
        "text": text(escape),
    }


def teams() -> dict[str, Any]:
    """Return the keys of `msteamsv2_configs`. Teams reads `[TEXT](ADDRESS)`: a blank makes it two texts."""
    return {"title": _HEAD, "text": text(r' | reReplaceAll "\\]\\(" "] ("')}


def pagerduty() -> dict[str, Any]:
    """Return the keys of `pagerduty_configs`. The description is the title of the incident.

    If a detail is YAML after it is rendered, Alertmanager renders it again, and fails if a finding has `{{` in it:
    nobody is told (DeepCopyWithTemplate in template/template.go). A text that begins with a tab is no YAML. The
    details that Alertmanager adds by default are YAML: they are replaced by nothing.
    """
    return {
        "description": _HEAD,
        "severity": "{{ with .CommonLabels.severity }}{{ . }}{{ else }}error{{ end }}",
        "details": {"findings": f"\t{text()}", "firing": "", "resolved": ""},
    }


def _where(escape: str) -> str:
    return "".join(
        f"{{{{ with .Labels.{part} }}}}{part.capitalize()}: {{{{ .{escape} }}}}\n{{{{ end }}}}" for part in _PARTS
    )
