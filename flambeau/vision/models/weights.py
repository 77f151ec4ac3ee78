"""Where the numbers of a published model come from: a file, or the address it has on the web."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from flambeau.checkpoint import load
from flambeau.hub import load_state_dict_from_url
from flambeau.nn import Module
from flambeau.vision.transforms._presets import ImageClassification
from flambeau.vision.transforms.functional import InterpolationMode

Model = TypeVar("Model", bound=Module)


URL = "https://download.pytorch.org/models/"


class Published(NamedTuple):
    """A file of weights, and the images that it expects.

    Attributes:
        file: its name.
        crop_size, resize_size: pixels of the images' sides, and of the shorter one before.
        interpolation: how they are resized.
        mean, std: by which the channels are normalized.
    """

    file: str
    crop_size: int = 224
    resize_size: int = 256
    interpolation: InterpolationMode = InterpolationMode.BILINEAR
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


class WeightsEnum(Enum):
    """The weights published for a model by torchvision.

    A member's value is a `Published`, or its file's name alone.

    Source: torchvision, models.WeightsEnum.
    """

    @property
    def details(self) -> Published:
        """The file and the images that it expects."""
        if isinstance(self.value, Published):
            return self.value
        recent = self.name.endswith("V2")  # trained by the newer recipe
        return Published(self.value, resize_size=232 if recent else 256)

    @property
    def url(self) -> str:
        """The address of the file."""
        return URL + self.details.file

    def transforms(self) -> ImageClassification:
        """What the weights expect of their images."""
        images = self.details._asdict()
        del images["file"]
        return ImageClassification(**images)

    def get_state_dict(self, progress: bool = True, check_hash: bool = True) -> Mapping[str, Any]:
        """Reads the weights from the folder that PyTorch downloads to, or downloads them.

        Args:
            progress: say what is downloaded.
            check_hash: compare the file with the hash in its name.

        Returns:
            The state dictionary.

        Raises:
            RuntimeError: the file is not there and could not be downloaded.
        """
        state: Mapping[str, Any] = load_state_dict_from_url(self.url, progress=progress,
                                                            check_hash=check_hash)
        return state


def get_weight(name: str) -> WeightsEnum:
    """The published weights of a full name, such as "ResNet18_Weights.DEFAULT".

    Raises:
        ValueError: there are none of that name.
    """
    kind, _, member = name.partition(".")
    for names in WeightsEnum.__subclasses__():
        if names.__name__ == kind and member in names.__members__:
            return names[member]
    raise ValueError(f"no weights of the name {name!r}")


def read_weights(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    """Reads a file that holds a state dictionary.

    Raises:
        ValueError: when the file holds something else.
    """
    state = load(path)
    if not isinstance(state, Mapping):
        raise ValueError(f"{os.fspath(path)} holds a {type(state).__name__}, not a state_dict")
    return state


def state_of(weights: object, names: type[WeightsEnum],
             progress: bool = True) -> Mapping[str, Any] | None:
    """Returns the state dictionary that a model's `weights` argument stands for.

    Args:
        weights: None, a member of `names` or its name, or the path of a file.
        names: the weights published for the model.
        progress: say what is downloaded.

    Raises:
        FileNotFoundError: when `weights` names a file, or published weights, that do not exist.
        RuntimeError: when published weights could not be downloaded.
        TypeError: when `weights` is none of these.
    """
    if weights is None:
        return None
    if isinstance(weights, names):
        return weights.get_state_dict(progress)
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(f"weights must be None, a {names.__name__} or a path, "
                        f"not {type(weights).__name__}")
    if os.path.exists(weights):
        return read_weights(weights)
    raise FileNotFoundError(f"weights={os.fspath(weights)!r} is neither a file nor one of "
                            f"{list(names.__members__)}")


def member_of(weights: object, names: type[WeightsEnum]) -> object:
    """Returns the published weights that a string names; anything else as it is."""
    if not isinstance(weights, str) or os.path.exists(weights):
        return weights
    name = weights.removeprefix(f"{names.__name__}.")
    return names[name] if name in names.__members__ else weights


def published(
    names: type[WeightsEnum],
    renamed: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    optional: tuple[str, ...] = (),
    **assumed: Any,
) -> Callable[[Callable[..., Model]], Callable[..., Model]]:
    """Lets a model's function load `weights`, and take the `pretrained` of before torchvision 0.13.

    Args:
        names: the weights published for the model; they fix its 1000 classes.
        renamed: gives the entries of old files their present names.
        optional: beginnings of entries that a model may lack, and then are left out.
        **assumed: arguments of the model that published weights take for granted.

    Returns:
        A decorator for a function that builds the model from keyword arguments.
    """
    def decorate(build: Callable[..., Model]) -> Callable[..., Model]:
        @functools.wraps(build)
        def function(*args: Any, **kwargs: Any) -> Model:
            arguments = by_keyword(args, kwargs)
            weights = member_of(arguments.pop("weights", None), names)
            if "pretrained" in arguments:
                weights = from_pretrained(arguments.pop("pretrained"), names)
            if isinstance(weights, names):
                arguments = assumed | arguments
                if arguments.setdefault("num_classes", 1000) != 1000:
                    raise ValueError("The parameter 'num_classes' expected value 1000 but got "
                                     f"{arguments['num_classes']} instead.")
            state = state_of(weights, names, arguments.get("progress", True))
            model = build(**arguments)
            if state is not None:
                state = state if renamed is None else renamed(state)
                known = model.state_dict() if optional else {}
                model.load_state_dict({key: value for key, value in state.items()
                                       if key in known or not key.startswith(optional)})
            return model
        return function
    return decorate


def by_keyword(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Names the positional `pretrained, progress` of old programs."""
    if not args:
        return dict(kwargs)
    if len(args) > 2:
        raise TypeError(f"a model takes keyword arguments, got {len(args)} positional ones")
    named = dict(zip(("weights", "progress"), args, strict=False))
    words = " and ".join(f"'{name}'" for name in named)
    warnings.warn(f"Using {words} as positional parameter(s) is deprecated since 0.13 and may be "
                  "removed in the future. Please use keyword parameter(s) instead.", stacklevel=3)
    if isinstance(named["weights"], bool):
        named["pretrained"] = named.pop("weights")
    return named | kwargs


def from_pretrained(pretrained: object, names: type[WeightsEnum]) -> WeightsEnum | None:
    """Translates `pretrained=True` into the first published weights, False into none."""
    warnings.warn("The parameter 'pretrained' is deprecated since 0.13 and may be removed in the "
                  "future, please use 'weights' instead.", stacklevel=3)
    return next(iter(names)) if pretrained else None
