"""The changes that an apply would make to the objects of a platform, and to its storage accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from logops.findings import FindingClass
from logops.findings.classes.rollout import PLAN_UNKNOWN
from logops.render.files import digest_of

STORAGE_ACCOUNT = "StorageAccount"
"""Kind of a storage account in a preview. Kubernetes itself has no such kind."""
Refusal = Literal["no", "until accepted", "always"]


@dataclass(frozen=True)
class Mark:
    """Something that a person must know before a plan is approved."""

    cls: FindingClass
    subject: str
    """The object, such as `StatefulSet monitoring/loki-ingester`."""
    message: str
    refuses: Refusal = "no"
    """Whether the plan is refused: not, until a person accepts the class with a reason, or always."""
    remedy: str = ""
    """Empty: the remedy of the class."""


@dataclass(frozen=True)
class ObjectDiff:
    """The change of one object."""

    component: str
    """Release and component: `loki / ingester`."""
    object: str
    """Kind, namespace and name: `StatefulSet monitoring/loki-ingester`. A part of a storage account:
    `StorageAccount monitoring/lifecycle`, with the account's key in the environment file."""
    verb: Literal["add", "change", "remove"]
    lines: tuple[str, ...]
    """Lines that begin with `-` or `+`, without secrets."""

    @property
    def name(self) -> str:
        return f"{self.component}: {self.object}"

    @property
    def unified(self) -> list[str]:
        """The lines as a unified diff."""
        removed, added = (sum(line.startswith(sign) for line in self.lines) for sign in "-+")
        return [
            "--- /dev/null" if self.verb == "add" else f"--- live/{self.name}",
            "+++ /dev/null" if self.verb == "remove" else f"+++ desired/{self.name}",
            f"@@ -{1 if removed else 0},{removed} +{1 if added else 0},{added} @@",
            *self.lines,
        ]


@dataclass(frozen=True)
class Preview:
    """The changes of a stage's objects. Empty on a platform whose files say everything."""

    diffs: Sequence[ObjectDiff] = ()
    """By component."""
    marks: Sequence[Mark] = ()
    base: str = ""
    """Digest of the live objects."""
    digest: str = ""
    """Digest of the objects after the apply."""
    restarts: Mapping[str, str] = field(default_factory=dict)
    """Workload whose pods are replaced -> how."""

    @property
    def changed(self) -> bool:
        """Whether something changes, or may change: what could not be tried is never "no change"."""
        return bool(self.diffs) or any(mark.cls is PLAN_UNKNOWN for mark in self.marks)


NO_PREVIEW = Preview()


def joined(*previews: Preview) -> Preview:
    """Return the changes of several previews as one."""
    return Preview(
        [diff for preview in previews for diff in preview.diffs],
        [mark for preview in previews for mark in preview.marks],
        base=digest_of(*(preview.base for preview in previews)),
        digest=digest_of(*(preview.digest for preview in previews)),
        restarts={name: how for preview in previews for name, how in preview.restarts.items()},
    )
