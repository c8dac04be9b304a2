"""The marks of lines that logops itself writes to verify a source. Checks of real lines leave these lines out."""

VERIFICATION_LABEL_VALUE = "logops-verify"
"""Value of every parsed label of such a line."""
VERIFICATION_TEXT = "written by logops to verify this source"
"""Part of the text of such a line."""
