"""The page as plain text, for a mail: the verdict, what is wrong with what to do, the checks, a line for each part.

Pure. The first line is the subject of the mail.
"""

from logops.number_text import count_text
from logops.report.page import Page
from logops.report.section import Mark, Shown, ago_text, moment_text
from logops.report.sections.overview import MOST_MUTES, check_row, mutes, troubles
from logops.report.state import State
from logops.wrapping import wrapped

WIDTH = 76
_WORDS: dict[Mark, str] = {"ok": "ok", "warning": "warning", "error": "WRONG", "unknown": "unknown"}


def digest(page: Page, state: State, shown: Shown, page_address: str = "") -> str:
    """Return the digest of a page.

    state          of the same moment as the page
    page_address   full address of the page; empty: unknown
    """
    first, *others = page.sections
    visible = state.shown_to(shown)
    wrong, more = troubles(visible)
    lines = [f"{page.environment}: {_one_line(first.summary)}", "", f"As of {moment_text(page.now)}."]
    if page.leaves_out:
        lines += ["Left out: what belongs to security clusters."]
    if wrong:
        lines += ["", "WHAT IS WRONG, AND WHAT TO DO"]
        for number, trouble in enumerate(wrong, start=1):
            lines += ["", f"{number}. {trouble.name}, since {moment_text(trouble.since)}"]
            lines += _indented(trouble.message)
            lines += _indented(f"Do: {trouble.remedy}")
            lines += [f"   {page_address}#{trouble.link}"] if page_address else []
        if more:
            lines += ["", f"And {count_text(more, 'entry')} more on the page."]
    lines += ["", "WHEN IT WAS LAST CHECKED", ""]
    for check in (check_row(check, visible) for check in visible.checks):
        last = f"{ago_text(check.last, page.now)}, {check.verdict}" if check.last else "has never run"
        overdue = f"; {check.due}" if check.due.startswith("overdue") else ""
        lines.append(f"   {check.name}: {last}{overdue}")
    if quiet := mutes(visible):
        lines += ["", "WHAT ALARMS NOBODY", ""]
        for mute in quiet[:MOST_MUTES]:
            lines += _indented(f"{mute.text}, until {moment_text(mute.until)}")
        if len(quiet) > MOST_MUTES:
            lines += [f"   And {count_text(len(quiet) - MOST_MUTES, 'more reason')} on the page."]
    lines += ["", "ALL PARTS", ""]
    for section in others:
        lines += _indented(f"{section.title} ({_WORDS[section.mark]}): {section.summary}")
    return "\n".join([*lines, *(["", page_address] if page_address else [])]) + "\n"


def _indented(text: str) -> list[str]:
    return wrapped(_one_line(text), WIDTH, indent=3, following=3).splitlines()


def _one_line(text: str) -> str:
    """Return a text without line breaks and control characters: a finding must not write lines of its own."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
