"""A log line as a finding may show it."""

from collections.abc import Sequence

from logops.clients.loki import Entry
from logops.quality.secrets.mask import printable
from logops.quality.secrets.match import Part, Salt
from logops.quality.secrets.rules import Rule
from logops.quality.secrets.scan import scan

LONGEST = 300


def masked_line(entry: Entry, rules: Sequence[Rule], salt: Salt) -> str:
    """Return a line with every secret and all personal data masked, in one line and shortened."""
    matches = scan([entry], rules, salt).matches
    if in_line := [match for match in matches if match.part is Part.LINE]:
        return in_line[0].example
    text = printable(entry.text.encode("utf-8", "surrogatepass"))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
