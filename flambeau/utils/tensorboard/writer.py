"""`SummaryWriter`: what a training program tells TensorBoard."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from . import images, projector, summaries
from . import messages as m
from .graph import module_graph
from .records import FileWriter

SESSION_START = m.data(7, m.integer(1, 1))


class SummaryWriter:
    """Writes numbers, histograms, pictures, sounds, texts and graphs for TensorBoard.

    Args:
        log_dir: folder of the event files. Default: runs/DATE_HOST.
        comment: added to the default folder's name.
        purge_step: hide earlier events of this step and later ones, after a crash.
        max_queue: events that may wait to be written. Default: 10.
        flush_secs: seconds after which what was written reaches the disk. Default: 120.
        filename_suffix: at the end of the files' names.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:
        ...     for step in range(3):
        ...         writer.add_scalar("loss", 1 / (step + 1), step)

    Source: torch.utils.tensorboard.SummaryWriter.
    """

    def __init__(self, log_dir: str | os.PathLike[str] | None = None, comment: str = "",
                 purge_step: int | None = None, max_queue: int = 10, flush_secs: float = 120,
                 filename_suffix: str = "") -> None:
        if not log_dir:
            stamp = datetime.now().strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{stamp}_{socket.gethostname()}{comment}")
        self.log_dir = log_dir
        self.purge_step = purge_step
        self.max_queue = max_queue
        self.flush_secs = flush_secs
        self.filename_suffix = filename_suffix
        self.default_bins = summaries.default_bins()
        self.file_writer: FileWriter | None = None
        self.all_writers: dict[str, FileWriter] | None = None
        self._get_file_writer()

    def _get_file_writer(self) -> FileWriter:
        """The writer of the folder itself; a new one after `close`."""
        if self.file_writer is None or self.all_writers is None:
            self.file_writer = self._open(str(self.log_dir))
            self.all_writers = {self.file_writer.get_logdir(): self.file_writer}
            if self.purge_step is not None:
                self.file_writer.add_event(SESSION_START, self.purge_step)
                self.purge_step = None
        return self.file_writer

    def _open(self, folder: str) -> FileWriter:
        return FileWriter(folder, self.max_queue, self.flush_secs, self.filename_suffix)

    def _add(self, summary: bytes, step: int | None, walltime: float | None) -> None:
        self._get_file_writer().add_summary(summary, step, walltime)

    def get_logdir(self) -> Any:
        """The folder of the event files."""
        return self.log_dir

    def add_scalar(self, tag: str, scalar_value: Any, global_step: int | None = None,
                   walltime: float | None = None, new_style: bool = False,
                   double_precision: bool = False) -> None:
        """Add a number.

        Args:
            tag: its name; a slash groups names.
            scalar_value: a number or a tensor with one element.
            global_step: the training step.
            walltime: seconds since 1970. Default: now.
            new_style: write it as a tensor. Default: False.
            double_precision: accepted; the file's format holds float32.

        Raises:
            TypeError: for more elements than one.
        """
        self._add(summaries.scalar(tag, scalar_value, new_style), global_step, walltime)

    def add_scalars(self, main_tag: str, tag_scalar_dict: Mapping[str, Any],
                    global_step: int | None = None, walltime: float | None = None) -> None:
        """Add several numbers to one chart; each gets a folder of its own below the log's."""
        folder = self._get_file_writer().get_logdir()
        assert self.all_writers is not None
        for tag, x in tag_scalar_dict.items():
            name = f"{folder}/{main_tag.replace('/', '_')}_{tag}"
            if name not in self.all_writers:
                self.all_writers[name] = self._open(name)
            self.all_writers[name].add_summary(summaries.scalar(main_tag, x), global_step,
                                               walltime)

    def add_tensor(self, tag: str, tensor: Any, global_step: int | None = None,
                   walltime: float | None = None) -> None:
        """Add a tensor, as float32."""
        content = summaries.float_tensor(images.to_array(tensor)) + summaries.plugin("tensor")
        self._add(summaries.value(tag, content), global_step, walltime)

    def add_histogram(self, tag: str, values: Any, global_step: int | None = None,
                      bins: Any = "tensorflow", walltime: float | None = None,
                      max_bins: int | None = None) -> None:
        """Add the distribution of values.

        Args:
            tag: its name.
            values: tensor or array of any shape.
            global_step: the training step.
            bins: "tensorflow" (edges that grow by a tenth), a rule of NumPy, or edges.
            walltime: seconds since 1970. Default: now.
            max_bins: join bins until there are at most so many.

        Raises:
            ValueError: there are no values.
        """
        edges = self.default_bins if isinstance(bins, str) and bins == "tensorflow" else bins
        self._add(summaries.histogram(tag, images.to_array(values), edges, max_bins), global_step,
                  walltime)

    def add_histogram_raw(self, tag: str, min: float, max: float, num: float, sum: float,
                          sum_squares: float, bucket_limits: Any, bucket_counts: Any,
                          global_step: int | None = None, walltime: float | None = None) -> None:
        """Add a histogram that is already counted.

        Raises:
            ValueError: limits and counts differ in number.
        """
        if len(bucket_limits) != len(bucket_counts):
            raise ValueError("len(bucket_limits) != len(bucket_counts), see the document.")
        self._add(summaries.histogram_raw(tag, min, max, num, sum, sum_squares,
                                          images.to_array(bucket_limits),
                                          images.to_array(bucket_counts)), global_step, walltime)

    def add_image(self, tag: str, img_tensor: Any, global_step: int | None = None,
                  walltime: float | None = None, dataformats: str = "CHW") -> None:
        """Add a picture: bytes, or numbers from 0 to 1.

        Args:
            tag: its name.
            img_tensor: tensor or array of one picture, or of several put side by side.
            global_step: the training step.
            walltime: seconds since 1970. Default: now.
            dataformats: the order of its axes: "CHW", "HWC", "HW", "NCHW", … .

        Raises:
            ValueError: the letters do not name the axes.
        """
        pixels = images.channels_last(images.to_array(img_tensor), dataformats)
        self._add(summaries.image(tag, images.to_bytes(pixels)), global_step, walltime)

    def add_images(self, tag: str, img_tensor: Any, global_step: int | None = None,
                   walltime: float | None = None, dataformats: str = "NCHW") -> None:
        """Add several pictures as one; see `add_image`."""
        if isinstance(img_tensor, list):
            img_tensor = np.stack([images.to_array(one) for one in img_tensor])
        self.add_image(tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(self, tag: str, figure: Any, global_step: int | None = None,
                   close: bool = True, walltime: float | None = None) -> None:
        """Add a matplotlib figure, or a list of them, and close it."""
        pixels = images.figure_pixels(figure, close)
        self.add_image(tag, pixels, global_step, walltime, "NCHW" if pixels.ndim == 4 else "CHW")

    def add_audio(self, tag: str, snd_tensor: Any, global_step: int | None = None,
                  sample_rate: int = 44100, walltime: float | None = None) -> None:
        """Add a sound of one channel: samples between -1 and 1, at `sample_rate` a second."""
        samples = images.to_array(snd_tensor).reshape(-1)
        self._add(summaries.audio(tag, samples, sample_rate), global_step, walltime)

    def add_text(self, tag: str, text_string: str, global_step: int | None = None,
                 walltime: float | None = None) -> None:
        """Add a text in Markdown."""
        self._add(summaries.text(tag, text_string), global_step, walltime)

    def add_graph(self, model: Any, input_to_model: Any = None, verbose: bool = False,
                  use_strict_trace: bool = True) -> None:
        """Add the graph of a module: its innermost parts in the order in which they run.

        Args:
            model: the module.
            input_to_model: its input, or a tuple of several.
            verbose: print the number of parts. Default: False.
            use_strict_trace: accepted; nothing is traced.

        Raises:
            ValueError: no input is given.
        """
        if input_to_model is None:
            raise ValueError("add_graph needs input_to_model: the parts are found by running them")
        graph = module_graph(model, input_to_model)
        if verbose:
            print(f"graph of {type(model).__name__}: {len(graph)} bytes")
        self._get_file_writer().add_event(m.data(4, graph))

    def add_hparams(self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any],
                    hparam_domain_discrete: dict[str, list[Any]] | None = None,
                    run_name: str | None = None, global_step: int | None = None) -> None:
        """Add the hyperparameters of a run and what it reached.

        Args:
            hparam_dict: name and value: bool, string or number.
            metric_dict: name and number.
            hparam_domain_discrete: name and all values that it may have.
            run_name: folder below the log's. Default: the time.
            global_step: the training step.

        Raises:
            TypeError, ValueError: for values of other types.
        """
        found = summaries.hparams(hparam_dict, metric_dict, hparam_domain_discrete)
        folder = os.path.join(str(self.log_dir), run_name or str(time.time()))
        with SummaryWriter(folder) as writer:
            for summary in found:
                writer._add(summary, global_step, None)
            for tag, x in metric_dict.items():
                writer.add_scalar(tag, x, global_step)

    def add_pr_curve(self, tag: str, labels: Any, predictions: Any,
                     global_step: int | None = None, num_thresholds: int = 127,
                     weights: Any = None, walltime: float | None = None) -> None:
        """Add a curve of precision over recall.

        Args:
            tag: its name.
            labels: 0 or 1.
            predictions: scores from 0 to 1.
            global_step: the training step.
            num_thresholds: points of the curve, at most 127.
            weights: of the samples. Default: 1.
            walltime: seconds since 1970. Default: now.
        """
        points = min(num_thresholds, 127)
        rows = summaries.precision_recall(images.to_array(labels), images.to_array(predictions),
                                          points, weights)
        self._add(summaries.pr_curve(tag, rows, points), global_step, walltime)

    def add_embedding(self, mat: Any, metadata: list[Any] | None = None, label_img: Any = None,
                      global_step: int | None = None, tag: str = "default",
                      metadata_header: list[str] | None = None) -> None:
        """Add points (N, D) for the projector.

        Args:
            mat: the points.
            metadata: a label, or a row of several, per point.
            label_img: a picture per point, (N, C, H, W), square.
            global_step: the training step.
            tag: its name.
            metadata_header: names of the columns of `metadata`.

        Raises:
            ValueError: labels or pictures do not fit the points.
        """
        step = "000" if global_step is None else f"{global_step:05d}"
        place = Path(step, tag)
        projector.write_embedding(Path(str(self.log_dir)), place, f"{tag}:{step}",
                                  images.to_array(mat), metadata, metadata_header,
                                  None if label_img is None else images.to_array(label_img))

    def flush(self) -> None:
        """Wait until all events are in the files."""
        for writer in (self.all_writers or {}).values():
            writer.flush()

    def close(self) -> None:
        """Flush and close the files; the next call opens new ones."""
        writers, self.file_writer, self.all_writers = self.all_writers or {}, None, None
        for writer in writers.values():
            writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
