"""Every command, with its arguments, options, help text and example.

A module here imports little, so that help, a mistyped option and completion are quick. What a command does is in
`logops.cli`, in the module of the same name, and is imported when the command runs.
"""
