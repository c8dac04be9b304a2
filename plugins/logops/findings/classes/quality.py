"""Finding classes of the ingestion quality check."""

from logops.findings.model import FindingClass, Severity

AGENT_DOWN = FindingClass(
    name="agent-down",
    severity=Severity.ERROR,
    meaning="An agent does not answer, or Loki accepts nothing of it: the sources that it ships are not delivered.",
    why="New lines wait on their machine. If the agent stays down until a file is rotated away, its lines are lost. "
    "A line that is sent to a syslog port is lost at once.",
    remedy="Look at its log: `logops logs ENV`, or the log of its pod. If it does not run, start it again: files are "
    "read from where it stopped. If it cannot send, check the network, the name and the password of Loki's address.",
)
SOURCE_SILENT = FindingClass(
    name="source-silent",
    severity=Severity.ERROR,
    meaning="A source has delivered no line for longer than its `expect_every`, or than its own pauses.",
    why="The next incident of that system has no logs.",
    remedy="Check that the program still writes, that the agent may read its files, that `paths` matches them, and "
    "that the lines are sent to the tenant of the source. If the source is quiet by nature, declare a longer "
    "`expect_every`; if it was removed, remove it from the environment.",
)
GAP = FindingClass(
    name="gap",
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
    meaning="Lines of a source do not have their declared format, or have a malformed trace id.",
    why="Queries that parse them miss them, and so do alerts. Their labels and their timestamp are missing or wrong.",
    remedy="Look at the example lines and at the last release of the program that writes them. If the new form is "
    "right, change `parse` or `expect` of the source.",
)
LINES_CUT = FindingClass(
    name="lines-cut",
    severity=Severity.WARNING,
    meaning="Lines were longer than a limit, and an agent or Loki cut them.",
    why="Their end is lost. A cut JSON line does not parse: queries and alerts miss its fields.",
    remedy="Find the program that writes such lines, and let it write less in a line: often a whole request or a "
    "picture. If the lines are right, raise `max_line_size` of the agent, or of the tenant's limits.",
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

RATE_OUT_OF_BAND = FindingClass(
    name="rate-out-of-band",
    severity=Severity.WARNING,
    meaning="A source delivers fewer or more lines per minute than it declares, or than its own past weeks let expect.",
    why="Fewer lines: a part of the source does not deliver, or its program stands still. More lines: an error loops, "
    "or a debug level was left on, which costs money and may reach a limit.",
    remedy="Look at what was released or changed at that time. If the new rate is right, change `expect.rate` of the "
    "source; a learned band follows by itself.",
)
CARDINALITY_GROWING = FindingClass(
    name="cardinality-growing",
    severity=Severity.WARNING,
    meaning="A source has more streams than `expect.most_streams`, or many more than in the run before.",
    why="Every combination of label values is a stream with its own chunks: many small chunks make every query slow, "
    "and at the tenant's limit Loki refuses new streams.",
    remedy="The message names the label with the most values. Make it structured metadata, or drop it in the agent's "
    "pipeline.",
)
CLOCK_SKEW = FindingClass(
    name="clock-skew",
    severity=Severity.WARNING,
    meaning="Lines have timestamps that are further from their arrival than `expect.skew`.",
    why="They are at the wrong place in every search, alerts over the last minutes do not see them, and Loki refuses "
    "lines that are more than 10 minutes early or an hour late.",
    remedy="Check the clock of the machine (NTP) and the time zone in the timestamps of the source. If an agent was "
    "delayed, the lines of the delay are complete, and the finding disappears.",
)
DUPLICATES = FindingClass(
    name="duplicates",
    severity=Severity.WARNING,
    meaning="Lines of a source are stored more than once.",
    why="Counts, rates and alerts are too high, and the storage is paid twice.",
    remedy="Look for two agents or two sources that read the same files, and for an agent that lost its positions. "
    "`filename` and `host` of the copies tell them apart.",
)
CANARY_MISSING = FindingClass(
    name="canary-missing",
    severity=Severity.CRITICAL,
    meaning="Loki's canary wrote lines, and Loki does not have them.",
    why="What is lost of the canary is lost of other sources too.",
    remedy="Look for findings of agents and of Loki in the same run, then at the canary's log and the distributor's.",
)
LINES_LOST = FindingClass(
    name="lines-lost",
    severity=Severity.CRITICAL,
    meaning="Lines are missing in an agent, between agents and distributors, or between distributors and store.",
    why="These lines are nowhere.",
    remedy="The message says where, with the counters. In an agent: compare its running pipeline with the environment "
    "(`logops plan ENV`), and look at its log for refused requests. Between agents and distributors: look for a proxy "
    "that answers for Loki. Between distributors and store: look for an ingester that lost its disk (write-ahead log), "
    "and in the ingesters' logs for chunks that could not be flushed.",
)
SECRET_IN_LOGS = FindingClass(
    name="secret-in-logs",
    severity=Severity.CRITICAL,
    meaning="Lines, labels or structured metadata of a source contain a secret or personal data.",
    why="Everybody who may read the logs can use it, until the logs expire.",
    remedy="Revoke the secret first. Then stop the program from writing it. Lines that are stored can be deleted with "
    "a delete request, if the tenant allows it. If personal data may be there, set `expect.personal_data`.",
)
WAL_PRESSURE = FindingClass(
    name="wal-pressure",
    severity=Severity.ERROR,
    meaning="The disk of an ingester's write-ahead log is almost full, or was full.",
    why="While it is full, lines that the ingester accepted are lost if it crashes.",
    remedy="Enlarge the ingester's volume, or find out why its chunks are not flushed to the object store.",
)

CLASSES = (
    AGENT_DOWN,
    SOURCE_SILENT,
    GAP,
    LINES_UNPARSABLE,
    LINES_CUT,
    LABELS_UNEXPECTED,
    SAMPLES_DISCARDED,
    RATE_OUT_OF_BAND,
    CARDINALITY_GROWING,
    CLOCK_SKEW,
    DUPLICATES,
    CANARY_MISSING,
    LINES_LOST,
    SECRET_IN_LOGS,
    WAL_PRESSURE,
)
