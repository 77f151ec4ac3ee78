"""Several transforms of samples: in a row, at random, in random order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flambeau.random import multinomial, rand, randperm
from flambeau.tensor.data import tensor
from flambeau.vision.transforms.v2.samples import Transform

Step = Callable[..., Any]


class _Several(Transform):
    def __init__(self, transforms: Sequence[Step]) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence):
            raise TypeError("Argument transforms should be a sequence of callables")
        self.transforms = transforms

    def _run(self, steps: Sequence[Step], inputs: tuple[Any, ...]) -> Any:
        several = len(inputs) > 1
        outputs: Any = inputs if several else inputs[0]
        for step in steps:
            outputs = step(*outputs) if several else step(outputs)
        return outputs

    def extra_repr(self) -> str:
        """A line for each transform."""
        return "\n".join(f"    {step}" for step in self.transforms)


class Compose(_Several):
    """Applies transforms one after the other.

    Args:
        transforms: the transforms.

    Raises:
        TypeError, ValueError: no sequence, or an empty one.

    Source: torchvision, ``transforms.v2.Compose``.
    """

    def __init__(self, transforms: Sequence[Step]) -> None:
        super().__init__(transforms)
        if not transforms:
            raise ValueError("Pass at least one transform")

    def forward(self, *inputs: Any) -> Any:
        """The changed sample."""
        return self._run(self.transforms, inputs)


class RandomApply(_Several):
    """Applies all transforms with a probability, or none.

    Args:
        transforms: the transforms.
        p: probability. Default 0.5.

    Raises:
        TypeError, ValueError: no sequence, or ``p`` outside [0, 1].

    Source: torchvision, ``transforms.v2.RandomApply``.
    """

    def __init__(self, transforms: Sequence[Step], p: float = 0.5) -> None:
        super().__init__(transforms)
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        """The sample, changed or not."""
        return self._run([] if float(rand(1).item()) >= self.p else self.transforms, inputs)


class RandomChoice(_Several):
    """Applies one of the transforms.

    Args:
        transforms: the transforms.
        p: probability of each, not necessarily with the sum 1. Default: equal.

    Raises:
        TypeError, ValueError: no sequence, or another number of probabilities.

    Source: torchvision, ``transforms.v2.RandomChoice``.
    """

    def __init__(self, transforms: Sequence[Step], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        p = [1] * len(transforms) if p is None else p
        if len(p) != len(transforms):
            raise ValueError("Length of p doesn't match the number of transforms: "
                             f"{len(p)} != {len(transforms)}")
        self.p = [chance / sum(p) for chance in p]

    def forward(self, *inputs: Any) -> Any:
        """The sample, changed by one of the transforms."""
        number = int(multinomial(tensor(self.p), 1).item())
        return self._run([self.transforms[number]], inputs)


class RandomOrder(_Several):
    """Applies all transforms in random order.

    Args:
        transforms: the transforms.

    Source: torchvision, ``transforms.v2.RandomOrder``.
    """

    def forward(self, *inputs: Any) -> Any:
        """The changed sample."""
        order = randperm(len(self.transforms)).tolist()
        return self._run([self.transforms[number] for number in order], inputs)
