"""Compare the live system with what its environment file renders, by a schedule. A difference is a finding.

Flow: `observe.observe` reads the live system into an `Observed`, `judge.judged` turns it into findings, `run.run_drift`
looks twice and records. The diff of a stage is that of a rollout's plan (`rollout.plan`).
"""
