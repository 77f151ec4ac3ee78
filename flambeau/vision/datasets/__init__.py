"""Image datasets."""

from __future__ import annotations

from flambeau.vision.datasets.cifar import CIFAR10, CIFAR100
from flambeau.vision.datasets.emnist import EMNIST
from flambeau.vision.datasets.fakedata import FakeData
from flambeau.vision.datasets.folder import DatasetFolder, ImageFolder
from flambeau.vision.datasets.mnist import KMNIST, MNIST, FashionMNIST
from flambeau.vision.datasets.stl10 import STL10
from flambeau.vision.datasets.svhn import SVHN
from flambeau.vision.datasets.vision import VisionDataset

__all__ = ["CIFAR10", "CIFAR100", "EMNIST", "KMNIST", "MNIST", "STL10", "SVHN", "DatasetFolder",
           "FakeData", "FashionMNIST", "ImageFolder", "VisionDataset"]
