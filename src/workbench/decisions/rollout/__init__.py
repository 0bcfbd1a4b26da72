"""Whether a pilot worked, and what to do: `pilot` (who was dealt what) → `effects` → `verdict`."""

from workbench.decisions.rollout.study import Question, answer, begin, ready

__all__ = ["Question", "answer", "begin", "ready"]
