"""Noise that knows whose it is: one number for each customer's slot, month and mechanism.

A world with an initiative and a world without it read the same noise (common random numbers), so they differ by the
initiative alone; a longer horizon reads further and leaves earlier months as they were; and a chunk of slots gets the
same numbers whichever chunk it is dealt to. Philox (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3")
makes this cheap: its stream is a function of key and counter, so any block of it can be had without the rest.
"""

import threading
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from scipy.special import ndtri

_BLOCK = 4  # Philox gives four words a count
_EARLIEST = 2048  # months before the records are negative; a key is not
_HALF = 0.5  # the middle of a step, so that no number is 0 or 1
_PIECES = 4  # numbers of 16 bits in a word of 64
AT_ONCE = 2_048  # slots that fit in a cache: a small company lives through several replicates together


class Mechanism(IntEnum):
    """What a stream of noise drives; the order is part of every world, so new ones go to the end."""

    FIRST_JOIN = 1
    ATTRIBUTES = 2
    TRAITS = 3
    TOUCH = 4
    CONTACT = 5
    LEAVE = 6
    REASON = 7
    NEED = 8
    ORDERS = 9
    ORDER = 10
    SURVEY = 11
    ITEMS = 12
    ANSWERS = 13
    NAME = 14
    TRIAL = 15
    REACH = 16
    INTENTION = 17
    USAGE = 18
    ENQUIRY = 19
    REMINDER = 20


class _Streams(threading.local):
    """Philox at any key and count: a new generator would first ask the system for entropy, five times as long."""

    def __init__(self) -> None:
        self._philox = np.random.Philox(key=0)
        self._state = self._philox.state  # nothing drawn yet

    def words(self, key: tuple[int, int], count: int, size: int) -> np.ndarray:
        self._state["state"]["key"][:] = key
        self._state["state"]["counter"][0] = count
        self._philox.state = self._state
        return self._philox.random_raw(size)


_STREAMS = _Streams()


@dataclass(frozen=True)
class Noise:
    """The noise of one block of slots.

    Attributes
    ----------
    seed
        Of the world.
    first, size
        The block: slots `first` to `first + size - 1`; `first` is a multiple of 4.
    replicate
        0 is what happened; others are what could have happened instead.
    """

    seed: int
    first: int
    size: int
    replicate: int = 0

    def again(self, replicate: int) -> "Noise":
        """The same slots in another replicate.

        Parameters
        ----------
        replicate
            Its number.
        """
        return replace(self, replicate=replicate)

    def part(self, begin: int, size: int) -> "Noise":
        """Some of the slots.

        Parameters
        ----------
        begin
            The first of them, counted from the block's first; a multiple of 4.
        size
            How many.
        """
        return replace(self, first=self.first + begin, size=size)

    def uniform(self, mechanism: Mechanism, month: int, sub: int = 0) -> np.ndarray:
        """Numbers strictly between 0 and 1, one a slot.

        Parameters
        ----------
        mechanism, month, sub
            What the numbers are for: no two uses share them.
        """
        return (self._words(mechanism, month, sub) >> np.uint64(11)) * 2.0**-53 + 2.0**-54

    def normal(
        self, mechanism: Mechanism, month: int, sub: int = 0, *, slots: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """Standard normal numbers, one a slot.

        Parameters
        ----------
        mechanism, month, sub
            What the numbers are for: no two uses share them.
        slots
            Of these alone, counted from the block's first: the same numbers in less time.
        """
        return ndtri(self.uniform(mechanism, month, sub)[slots])

    def pieces(self, mechanism: Mechanism, month: int, sub: int = 0) -> np.ndarray:
        """Four numbers between 0 and 1 a slot, as cheap as one: each a multiple of 2⁻¹⁶ and a half of it.

        Parameters
        ----------
        mechanism, month, sub
            What the numbers are for: no two uses share them.

        Returns
        -------
        array of shape (4, size)
        """
        quarters = self._words(mechanism, month, sub).view(np.uint16).reshape(-1, _PIECES).T
        return (quarters + _HALF) * 2.0**-16

    def _words(self, mechanism: Mechanism, month: int, sub: int) -> np.ndarray:
        field = (self.replicate << 40) | (int(mechanism) << 24) | (sub << 16) | (month + _EARLIEST)
        return _STREAMS.words((self.seed, field), self.first // _BLOCK, self.size)


@dataclass(frozen=True)
class Together:
    """The same slots in several replicates, one block after the other: small worlds are worked out many at a time."""

    noises: tuple[Noise, ...]

    def uniform(self, mechanism: Mechanism, month: int, sub: int = 0) -> np.ndarray:
        """As of `Noise`, one replicate after the other.

        Parameters
        ----------
        mechanism, month, sub
            As of `Noise`.
        """
        return np.concatenate([each.uniform(mechanism, month, sub) for each in self.noises])

    def pieces(self, mechanism: Mechanism, month: int, sub: int = 0) -> np.ndarray:
        """As of `Noise`, one replicate after the other.

        Parameters
        ----------
        mechanism, month, sub
            As of `Noise`.
        """
        return np.concatenate([each.pieces(mechanism, month, sub) for each in self.noises], axis=1)
