"""Finding classes of the ingestion quality check."""

from logops.findings.model import FindingClass, Severity

AGENT_DOWN = FindingClass(
    name="agent-down",
    severity=Severity.ERROR,
    meaning="An agent does not answer, so the sources that it ships are not delivered.",
    why="New lines wait on their machine. If the agent stays down until a file is rotated away, its lines are lost. "
    "A line that is sent to a syslog port is lost at once.",
    remedy="Look at its log: `logops logs ENV`, or the log of its pod. Start it again. Files are read from where it "
    "stopped.",
)
SOURCE_SILENT = FindingClass(
    name="source-silent",
    severity=Severity.ERROR,
    meaning="A source has delivered no line for longer than its `expect_every`.",
    why="The next incident of that system has no logs.",
    remedy="Check that the program still writes, that the agent may read its files, and that `paths` matches them. "
    "If the source is quiet by nature, raise its `expect_every`; if it was removed, remove it from the environment.",
)
SOURCE_GAP = FindingClass(
    name="source-gap",
    severity=Severity.WARNING,
    meaning="A source delivered lines, then none for longer than its `expect_every`, then lines again.",
    why="The lines of that time are missing, or the program did not run. A search in that time finds nothing and looks "
    "like a quiet system.",
    remedy="Compare with the restarts of the program and of its agent in that time. If the program wrote lines, look "
    "for them on its machine, and for `lines-lost` in the runs of that time.",
)
LINES_UNPARSABLE = FindingClass(
    name="lines-unparsable",
    severity=Severity.WARNING,
    meaning="Lines of a source do not have their declared format, an unknown level, or a malformed trace id.",
    why="Queries that parse them miss them, and so do alerts. Their labels and their timestamp are missing or wrong.",
    remedy="Look at the example lines and at the last release of the program that writes them. If the new form is "
    "right, change `parse` or `expect` of the source.",
)
LABELS_UNEXPECTED = FindingClass(
    name="labels-unexpected",
    severity=Severity.WARNING,
    meaning="Streams of a source lack a required label, have a label that is not allowed, or have an unknown level.",
    why="Queries, dashboards and alerts select by labels: they do not see these lines.",
    remedy="Look at the agent's pipeline and at what changed in it. If the labels are right, change `parse.labels` or "
    "`expect` of the source.",
)
SAMPLES_DISCARDED = FindingClass(
    name="samples-discarded",
    severity=Severity.CRITICAL,
    meaning="Loki refused lines of a tenant. They are lost, unless the agent sends them again in time.",
    why="A refused line is not stored. Agents drop most refused lines without another try.",
    remedy="The reason says which limit was reached: raise that limit of the tenant, or send less. For `stream_limit`, "
    "find the label with too many values.",
)

CLASSES = (
    AGENT_DOWN,
    SOURCE_SILENT,
    SOURCE_GAP,
    LINES_UNPARSABLE,
    LABELS_UNEXPECTED,
    SAMPLES_DISCARDED,
)
