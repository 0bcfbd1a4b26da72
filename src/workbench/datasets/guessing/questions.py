"""What only a person can say: a question with its evidence, its readings and the line that each writes."""

from dataclasses import dataclass

from workbench.wording import sentence


@dataclass(frozen=True)
class Reading:
    """One answer.

    Attributes
    ----------
    keys
        What stands in dataset.yaml in place of the question ("format: …"); several keys are several lines.
    means
        What the data are then.
    """

    keys: tuple[str, ...]
    means: str

    @property
    def line(self) -> str:
        """The keys as one line."""
        return ", ".join(self.keys)


@dataclass(frozen=True)
class Question:
    """What several readings fit equally, or what the data contradict.

    Attributes
    ----------
    asks
        The question.
    evidence
        What was counted.
    readings
        What may be answered, each with what it does; without any the answer's form is in `asks`.
    waits
        Whether nothing runs before it is answered.
    """

    asks: str
    evidence: str
    readings: tuple[Reading, ...] = ()
    waits: bool = True

    @property
    def lines(self) -> list[str]:
        """All of it, as it stands under `question:`: the question, and a line for each reading."""
        ways = [
            sentence("Write {keys} ({means}).", keys=each.line, means=each.means)
            if each.keys
            else sentence("Take the question away ({means}).", means=each.means)
            for each in self.readings
        ]
        return [f"{self.asks} {self.evidence}", *ways]

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " ".join(self.lines)


@dataclass(frozen=True)
class Guess:
    """What is drafted for a column or a table.

    Attributes
    ----------
    keys
        Its keys.
    assumed
        Whether they hold an assumption that a person confirms.
    question
        What must be answered first.
    """

    keys: tuple[str, ...] = ()
    assumed: bool = False
    question: Question | None = None
