"""`logops ship`: commands that are refused before anything is sent."""

import pytest
from typer.testing import CliRunner

from logops.cli import app
from logops.cli.output.console import BAD_INPUT


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Give a file, or - for the standard input: `logops ship local app.log`"),
        (["local"], "Give a file, or - for the standard input: `logops ship local app.log`"),
        (["local", "app.log", "--url", "http://loki"], "Give the environment local or --url, not both."),
        (["local", "-"], "Cluster main of local has several tenants. Give --tenant: "),
        (["local", "-", "--tenant", "aplication"], "has no tenant 'aplication'. It has: "),
        (["local", "-", "--cluster", "mian"], "local has no cluster 'mian'. It has: main, security."),
        (["production", "-", "--tenant", "application"], "logops does not know the address for pushes to production."),
        (["--url", "http://127.0.0.1:9", "/no/such.log"], "Reading /no/such.log: No such file or directory."),
        (["--url", "loki:3100", "-"], "'loki:3100' is not the address of a target."),
        (["--url", "http://127.0.0.1:9", "-", "--label", "shop"], "--label shop: write it as NAME=VALUE"),
        (["--url", "http://127.0.0.1:9", "-", "--label", "a.b=c"], "Loki refuses the label name 'a.b'."),
        (["--url", "http://127.0.0.1:9", "-", "--retry-for", "soon"], "--retry-for: 'soon' is not a duration"),
        (["--url", "http://u:p@127.0.0.1:9", "-"], "The address of the target 127.0.0.1 contains credentials."),
    ],
)
def test_unusable_command_is_refused_with_the_reason(arguments: list[str], message: str) -> None:
    ended = CliRunner().invoke(app, ["ship", *arguments])
    assert ended.exit_code == BAD_INPUT
    assert message in " ".join(ended.stderr.split())
