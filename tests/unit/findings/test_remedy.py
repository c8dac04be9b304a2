import re

from logops.findings import Subject
from logops.findings.classes import REGISTRY
from logops.findings.remedy import filled_in

SUBJECT = Subject("local", "main", "application", "loki_index_20780", "errors")


def test_command_with_placeholders_names_the_subject() -> None:
    remedy = "See `logops audit explain ENV TABLE TENANT`."

    assert filled_in(remedy, SUBJECT) == "See `logops audit explain local loki_index_20780 application`."


def test_name_that_the_subject_lacks_is_left_out_with_its_option() -> None:
    assert filled_in("`logops bench run ENV --query QUERY`", Subject("local")) == "`logops bench run local`"


def test_argument_after_a_missing_argument_is_left_out() -> None:
    remedy = "`logops audit explain ENV TABLE TENANT`"

    assert filled_in(remedy, Subject("local", tenant="application")) == "`logops audit explain local`"


def test_capital_word_outside_of_a_command_is_kept() -> None:
    assert filled_in("One prefix for each tenant: CONTAINER/TENANT/.", SUBJECT) == (
        "One prefix for each tenant: CONTAINER/TENANT/."
    )


def test_name_with_shell_syntax_is_quoted() -> None:
    subject = Subject("local", table="x; rm -rf .")

    assert filled_in("`logops audit explain ENV TABLE`", subject) == "`logops audit explain local 'x; rm -rf .'`"


def test_no_class_has_a_command_with_a_placeholder_that_stays() -> None:
    commands = [command for cls in REGISTRY.values() for command in filled_in(cls.remedy, SUBJECT).split("`")[1::2]]

    assert [command for command in commands if re.search(r"^logops .* [A-Z]{3,}", command)] == []
