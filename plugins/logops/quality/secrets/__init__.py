"""Find secrets and personal data in lines, labels and structured metadata. Values are never kept.

`rules` reads the rule files, `scan` scans entries, and `leak` says what a sample means for the whole stream:

    rules = read_rules(root)
    result = scan(entries, rules, Salt.of_this_run())
    for leak in leaks(result, total_lines):
        print(leak.rule_id, leak.statement, leak.examples)
"""
