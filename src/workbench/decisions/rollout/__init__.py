"""Whether a pilot worked, and what to do now: `pilot` (who was dealt what) → `effects` → `verdict`; before it, `plan`."""

from workbench.decisions.rollout.study import Question, answer, begin

__all__ = ["Question", "answer", "begin"]
