"""Rules for secrets and personal data: read from TOML files in gitleaks' format.

The format is https://github.com/gitleaks/gitleaks#configuration, without the keys for files and commits, and with two
keys of our own: `source` (where the token's format is published) and `checksum`. An unknown key is an error.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from logops.quality.secrets.checksums import CHECKSUMS
from logops.quality.secrets.entropy import entropy_bits
from logops.quality.secrets.errors import RulesError
from logops.quality.secrets.keywords import can_contain
from logops.suggestions import did_you_mean

FOLDER = Path("include/secrets")
_WHOLE_TEXT = re.compile(r"(?<!\\)(?:\\\\)*\\[Az]")
MAX_REGEX_BYTES = 64 << 20
"""Most memory of one regular expression. RE2's default, 8 MiB, is too little for rules with long tokens."""


class Kind(StrEnum):
    """What a rule finds. The value is its name in a masked line."""

    SECRET = "secret"
    PERSONAL_DATA = "personal data"


def is_masked(text: str) -> bool:
    """Return whether a text has the mask of a rule in place of a value."""
    return any(f"[{kind}: " in text for kind in Kind)


FILES = {"rules.toml": Kind.SECRET, "personal-data.toml": Kind.PERSONAL_DATA}
"""The files in `include/secrets`. Alloy reads the first one too."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


class AllowlistFile(_Model):
    """Values that are no secrets, as a file states them."""

    description: str
    regexes: list[str] = []
    stopwords: list[str] = []
    """Texts that a value must not contain, in any case."""
    regex_target: Literal["secret", "match", "line"] = "secret"
    condition: Literal["OR", "AND"] = "OR"
    """Whether one regex or stopword is enough, or both a regex and a stopword are needed."""


class RuleFile(_Model):
    """A rule, as a file states it."""

    id: str = Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")
    description: str = Field(min_length=1)
    source: str = Field(pattern="^https://")
    regex: str = Field(min_length=1)
    secret_group: int = Field(default=0, ge=0)
    entropy: float = Field(default=0.0, ge=0.0, strict=False)
    keywords: list[str] = []
    checksum: str | None = None
    allowlists: list[AllowlistFile] = []


class RulesFile(_Model):
    title: str
    rules: list[RuleFile] = Field(min_length=1)
    allowlists: list[AllowlistFile] = []
    """Allowlists for every rule of the file."""


@dataclass(frozen=True)
class Allowlist:
    """Values that are no secrets."""

    regexes: tuple[Any, ...]
    stopwords: tuple[bytes, ...]
    target: Literal["secret", "match", "line"]
    needs_both: bool

    def allows(self, secret: bytes, match: bytes, line: bytes) -> bool:
        target = {"secret": secret, "match": match, "line": line}[self.target]
        by_regex = any(regex.search(target) for regex in self.regexes)
        by_stopword = any(word in secret.lower() for word in self.stopwords)
        return by_regex and by_stopword if self.needs_both else by_regex or by_stopword


@dataclass(frozen=True)
class Rule:
    """A rule that is ready to use."""

    id: str
    kind: Kind
    description: str
    source: str
    regex: Any
    secret_group: int
    entropy: float
    """Bits per character. A value with at most this entropy is no secret."""
    keywords: tuple[bytes, ...]
    """In lower case. The regular expression runs on texts that contain one of them; without keywords, on all texts."""
    checksum: str | None
    allowlists: tuple[Allowlist, ...]

    @property
    def mask(self) -> str:
        return f"[{self.kind}: {self.id}]"

    def spans(self, text: bytes) -> Iterator[tuple[int, int, bool]]:
        """Return start and end of each value that the regular expression matches, and whether the value is certain.

        An uncertain value has too little entropy or a wrong checksum. Values in an allowlist are left out. The value is
        the rule's group; without one, the first group that is not empty; without any, the whole match (as in gitleaks).
        """
        for match in self.regex.finditer(text):
            start, end = self._span(match)
            if start >= end:
                continue
            secret = text[start:end]
            if any(allowlist.allows(secret, match.group(), text) for allowlist in self.allowlists):
                continue
            yield start, end, self._is_certain(secret.decode("utf-8", "replace"))

    def _span(self, match: Any) -> tuple[int, int]:
        groups = (self.secret_group,) if self.secret_group else (*range(1, self.regex.groups + 1), 0)
        return next((span for span in map(match.span, groups) if span[0] < span[1]), (0, 0))

    def _is_certain(self, secret: str) -> bool:
        if self.entropy and entropy_bits(secret) <= self.entropy:
            return False
        return self.checksum is None or CHECKSUMS[self.checksum](secret)


def read_rules(root: Path) -> tuple[Rule, ...]:
    """Return the rules of `include/secrets` below the project's root. Raises RulesError."""
    rules: list[Rule] = []
    for name, kind in FILES.items():
        path = root / FOLDER / name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RulesError(f"Reading rules for secrets: {FOLDER / name}: {_reason(error)}.") from None
        rules += parse_rules(text, str(FOLDER / name), kind)
    return tuple(rules)


def parse_rules(text: str, file: str, kind: Kind) -> tuple[Rule, ...]:
    """Return the rules of a file's text. Raises RulesError, which names the file, the rule and the mistake."""
    where = f"Reading rules for secrets: {file}"
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{where}: not TOML: {error}.") from None
    try:
        content = RulesFile.model_validate(values)
    except ValidationError as error:
        raise RulesError("\n".join(f"{where}{problem}" for problem in _problems(error, values, text))) from None
    shared = [_allowlist(allowlist, f"{where}: allowlists") for allowlist in content.allowlists]
    starts = [f"{where}{_at(text, number)}: rule {rule.id}" for number, rule in enumerate(content.rules)]
    rules = [_rule(rule, kind, shared, start) for rule, start in zip(content.rules, starts, strict=True)]
    for position, rule in enumerate(rules):
        if rule.id in (earlier.id for earlier in rules[:position]):
            raise RulesError(f"{starts[position]}: an earlier rule has the same id. Give it another id.")
    return tuple(rules)


def _rule(rule: RuleFile, kind: Kind, shared: Sequence[Allowlist], where: str) -> Rule:
    regex = _compiled(rule.regex, f"{where}: regex")
    if rule.secret_group > regex.groups:
        raise RulesError(f"{where}: secretGroup is {rule.secret_group}, but the regex has {regex.groups} groups.")
    if _WHOLE_TEXT.search(rule.regex):
        raise RulesError(f"{where}: regex: \\A and \\z are not supported: texts are searched together. Use ^ and $.")
    if regex.search(b""):
        raise RulesError(f"{where}: regex: it matches an empty text, so it would match every line.")
    if wrong := next((word for word in rule.keywords if not (word and word.isascii() and word == word.lower())), None):
        raise RulesError(f"{where}: keywords: {wrong!r} is not in ASCII lower case. Write it in lower case.")
    if wrong := next((word for word in rule.keywords if not can_contain(rule.regex, word)), None):
        raise RulesError(
            f"{where}: keywords: no match of the regex contains {wrong!r}, so the rule would find nothing by it. "
            "Correct the keyword."
        )
    if rule.checksum is not None and rule.checksum not in CHECKSUMS:
        known = ", ".join(CHECKSUMS)
        hint = did_you_mean(rule.checksum, CHECKSUMS)
        raise RulesError(f"{where}: checksum: {rule.checksum!r} is not known. There are: {known}.{hint}")
    allowlists = [_allowlist(allowlist, f"{where}: allowlists") for allowlist in rule.allowlists]
    return Rule(
        id=rule.id,
        kind=kind,
        description=rule.description,
        source=rule.source,
        regex=regex,
        secret_group=rule.secret_group,
        entropy=rule.entropy,
        keywords=tuple(word.encode() for word in rule.keywords),
        checksum=rule.checksum,
        allowlists=(*shared, *allowlists),
    )


def _allowlist(allowlist: AllowlistFile, where: str) -> Allowlist:
    if not (allowlist.regexes or allowlist.stopwords):
        raise RulesError(f"{where}: {allowlist.description!r} has neither regexes nor stopwords.")
    return Allowlist(
        regexes=tuple(_compiled(regex, f"{where}: regexes") for regex in allowlist.regexes),
        stopwords=tuple(word.lower().encode() for word in allowlist.stopwords),
        target=allowlist.regex_target,
        needs_both=allowlist.condition == "AND",
    )


def _compiled(pattern: str, where: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_REGEX_BYTES
    try:
        return re2.compile(pattern.encode(), options)
    except re2.error as error:
        reason = error.args[0] if error.args else "it cannot be compiled"
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise RulesError(f"{where}: {text}. Correct it; the syntax is RE2's, without look-around.") from None


def _at(text: str, rule_number: int) -> str:
    """Return the line of a rule as the end of a file's name: `:12`; empty if the file has the rules in another form."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[rules]]"]
    return f":{lines[rule_number]}" if rule_number < len(lines) else ""


def _problems(error: ValidationError, values: dict[str, Any], text: str) -> Iterator[str]:
    """Return each mistake with the line and the id of its rule."""
    for problem in error.errors():
        location = list(problem["loc"])
        names, line = [], ""
        if len(location) > 1 and location[0] == "rules" and isinstance(location[1], int):
            rule = values["rules"][location[1]]
            number = location[1] + 1
            names = [f"rule {rule.get('id', number)}" if isinstance(rule, dict) else f"rule {number}"]
            location = location[2:]
            line = _at(text, number - 1)
        key = ".".join(map(str, location))
        if problem["type"] == "extra_forbidden":
            known = [field.alias or name for name, field in RuleFile.model_fields.items()]
            yield ": ".join(
                [line, *names, f"{key} is not a known key, so nothing would read it.{did_you_mean(key, known)}"]
            )
        else:
            yield ": ".join([line, *names, key, problem["msg"]]) + "."


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "not UTF-8"
