"""Recurrent layers and their cells."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from flambeau.functional import recurrent
from flambeau.nn import init
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.nn.utils.rnn import PackedSequence
from flambeau.tensor.creation import empty, zeros

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


def _check_options(
    input_size: Any,
    hidden_size: Any,
    num_layers: int,
    bias: Any,
    batch_first: Any,
    dropout: Any,
    proj_size: int,
) -> None:
    if isinstance(dropout, bool) or not isinstance(dropout, numbers.Number) or not (
        0 <= dropout <= 1  # type: ignore[operator]
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an "
            "element being zeroed"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={num_layers}",
            stacklevel=3,
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNNBase(Module):
    """What the recurrent layers share: options, parameters, checks, packed sequences.

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        input_size: features of the input.
        hidden_size: features of the hidden state.
        num_layers: layers on top of each other. Default: 1.
        bias: learn biases. Default: True.
        batch_first: input and output are (N, L, ·) rather than (L, N, ·). Default: False.
        dropout: probability of dropping outputs of each layer but the last. Default: 0.
        bidirectional: run each layer in both directions. Default: False.
        proj_size: project the hidden state of an LSTM to this size. Default: 0, no projection.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: an option is out of range.

    Source: torch.nn.RNN
    """

    __constants__ = [
        "mode",
        "input_size",
        "hidden_size",
        "num_layers",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
        "proj_size",
    ]

    mode: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    batch_first: bool
    dropout: float
    bidirectional: bool
    proj_size: int

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_options(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size
        )
        if mode.lower() not in recurrent.GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights = self._make_parameters(device, dtype)
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self.reset_parameters()

    def _make_parameters(self, device: Any, dtype: Any) -> list[list[str]]:
        """Register empty parameters; their names, one list per layer and direction."""
        rows = recurrent.GATES[self.mode.lower()] * self.hidden_size
        width = self.proj_size or self.hidden_size
        directions = 2 if self.bidirectional else 1
        names = []
        for layer in range(self.num_layers):
            features = width * directions if layer else self.input_size
            shapes = {"weight_ih": (rows, features), "weight_hh": (rows, width)}
            if self.bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}  # type: ignore[dict-item]
            if self.proj_size:
                shapes["weight_hr"] = (self.proj_size, self.hidden_size)
            for suffix in ("", "_reverse")[:directions]:
                group = {f"{name}_l{layer}{suffix}": shape for name, shape in shapes.items()}
                for name, shape in group.items():
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                names.append(list(group))
        return names

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name, None) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters, one list per layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Do nothing: the parameters need no particular place in memory."""

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def check_input(self, input: Any, batch_sizes: Any) -> None:
        """Raise where the input's dtype, dimensions or features do not fit.

        Args:
            input: the input.
            batch_sizes: of packed data; else None.
        """
        expected = self._flat_weights[0].dtype
        if input.dtype != expected:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({expected}). "
                f"Convert input: input.to({expected}), or convert model: model.to({input.dtype})"
            )
        dims = 3 if batch_sizes is None else 2
        if input.dim() != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.size(-1)}"
            )

    def _state_shape(self, input: Any, batch_sizes: Any, width: int) -> tuple[int, int, int]:
        if batch_sizes is not None:
            batch = int(batch_sizes[0])
        else:
            batch = input.size(0) if self.batch_first else input.size(1)
        return self.num_layers * (2 if self.bidirectional else 1), batch, width

    def get_expected_hidden_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """The shape that the initial hidden state must have."""
        return self._state_shape(input, batch_sizes, self.proj_size or self.hidden_size)

    def check_hidden_size(
        self,
        hx: Any,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Raise where a state does not have the expected shape."""
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        """Raise where the input or the initial state does not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Any) -> Any:
        """The state with its sequences in another order; None: as they are."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        for name, default in usual.items():
            if getattr(self, name) != default:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts)

    # How a state is taken apart and put together again: LSTMs have two.
    def _separate(self, hx: Any) -> tuple[Any, ...]:
        return (hx,)

    def _together(self, states: tuple[Any, ...]) -> Any:
        return states[0]

    def _check_state_dims(self, hx: Any, batched: bool) -> None:
        if hx.dim() != (3 if batched else 2):
            kind = ("batched 3-D", "3") if batched else ("unbatched 2-D", "2")
            raise RuntimeError(
                f"For {kind[0]} input, hx should also be {kind[1]}-D but got {hx.dim()}-D tensor"
            )

    def _layers(self, input: Any, states: tuple[Any, ...], batch_sizes: Any) -> tuple[Any, ...]:
        return recurrent.run_layers(
            self.mode.lower(),
            input,
            states,
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            self.batch_first,
            batch_sizes,
        )

    def forward(self, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            noun = "tensor " if self.mode.startswith("RNN") else ""
            name = "RNN" if self.mode.startswith("RNN") else self.mode
            raise ValueError(
                f"{name}: Expected input to be 2D or 3D, got {input.dim()}D {noun}instead"
            )
        batched = input.dim() == 3
        batch_dim = 0 if self.batch_first else 1
        if not batched:
            input = input.unsqueeze(batch_dim)
        states: tuple[Any, ...] = ()
        if hx is None:
            self.check_input(input, None)
        else:
            self._check_state_dims(hx, batched)
            states = self._separate(hx)
            if not batched:
                states = tuple(s.unsqueeze(1) for s in states)
            self.check_forward_args(input, self._together(states), None)
        output, *finals = self._layers(input, states, None)
        if not batched:
            output = output.squeeze(batch_dim)
            finals = [s.squeeze(1) for s in finals]
        return output, self._together(tuple(finals))

    def _forward_packed(self, sequence: PackedSequence, hx: Any) -> Any:
        input, batch_sizes, sorted_indices, unsorted_indices = sequence
        states: tuple[Any, ...] = ()
        if hx is None:
            self.check_input(input, batch_sizes)
        else:
            hx = self.permute_hidden(hx, sorted_indices)
            self.check_forward_args(input, hx, batch_sizes)
            states = self._separate(hx)
        output, *finals = self._layers(input, states, batch_sizes)
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden(self._together(tuple(finals)), unsorted_indices)


class RNN(RNNBase):
    r"""An Elman network: $h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})$.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        num_layers: layers on top of each other. Default: 1.
        nonlinearity: "tanh" or "relu". Default: "tanh".
        bias: learn biases. Default: True.
        batch_first: input and output are (N, L, ·) rather than (L, N, ·). Default: False.
        dropout: probability of dropping outputs of each layer but the last. Default: 0.
        bidirectional: run each layer in both directions. Default: False.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (L, N, input_size), (L, input_size) or a packed sequence to
        (L, N, directions · hidden_size) and h_n (directions · num_layers, N, hidden_size).

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: an option is out of range.

    Example:
        >>> import flambeau as torch
        >>> rnn = torch.nn.RNN(10, 20, 2)
        >>> output, h = rnn(torch.zeros(5, 3, 10), torch.zeros(2, 3, 20))
        >>> output.shape, h.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))

    Source: torch.nn.RNN
    """

    nonlinearity: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__("RNN_" + nonlinearity.upper(), *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    r"""Long short-term memory.

    $i, f, o = \sigma(\cdot)$ and $g = \tanh(\cdot)$ of $W_i x_t + b_i + W_h h_{t-1} + b_h$;
    $c_t = f c_{t-1} + i g$; $h_t = o \tanh c_t$, projected by $W_{hr}$ where proj_size says so.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        num_layers: layers on top of each other. Default: 1.
        bias: learn biases. Default: True.
        batch_first: input and output are (N, L, ·) rather than (L, N, ·). Default: False.
        dropout: probability of dropping outputs of each layer but the last. Default: 0.
        bidirectional: run each layer in both directions. Default: False.
        proj_size: project the hidden state to this size. Default: 0, no projection.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (L, N, input_size), (L, input_size) or a packed sequence to
        (L, N, directions · hidden_size) and (h_n, c_n), each
        (directions · num_layers, N, hidden_size).

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: an option is out of range.

    Example:
        >>> import flambeau as torch
        >>> lstm = torch.nn.LSTM(10, 20, 2)
        >>> output, (h, c) = lstm(torch.zeros(5, 3, 10))
        >>> output.shape, h.shape, c.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]), torch.Size([2, 3, 20]))

    Source: torch.nn.LSTM
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """The shape that the initial memory c must have."""
        return self._state_shape(input, batch_sizes, self.hidden_size)

    def check_forward_args(self, input: Any, hidden: Any, batch_sizes: Any) -> None:
        """Raise where the input or the initial states do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(
            hidden[0],
            self.get_expected_hidden_size(input, batch_sizes),
            "Expected hidden[0] size {}, got {}",
        )
        self.check_hidden_size(
            hidden[1],
            self.get_expected_cell_size(input, batch_sizes),
            "Expected hidden[1] size {}, got {}",
        )

    def permute_hidden(self, hx: Any, permutation: Any) -> Any:
        """The states with their sequences in another order; None: as they are."""
        if permutation is None:
            return hx
        return hx[0].index_select(1, permutation), hx[1].index_select(1, permutation)

    def _separate(self, hx: Any) -> tuple[Any, ...]:
        return tuple(hx)

    def _together(self, states: tuple[Any, ...]) -> Any:
        return states

    def _check_state_dims(self, hx: Any, batched: bool) -> None:
        dims = 3 if batched else 2
        if hx[0].dim() != dims or hx[1].dim() != dims:
            kind = "batched" if batched else "unbatched"
            raise RuntimeError(
                f"For {kind} {dims}-D input, hx and cx should also be {dims}-D but got "
                f"({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )


class GRU(RNNBase):
    r"""Gated recurrent units.

    $r, z = \sigma(W_i x_t + b_i + W_h h_{t-1} + b_h)$;
    $n = \tanh(W_{in} x_t + b_{in} + r (W_{hn} h_{t-1} + b_{hn}))$;
    $h_t = (1 - z) n + z h_{t-1}$.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        num_layers: layers on top of each other. Default: 1.
        bias: learn biases. Default: True.
        batch_first: input and output are (N, L, ·) rather than (L, N, ·). Default: False.
        dropout: probability of dropping outputs of each layer but the last. Default: 0.
        bidirectional: run each layer in both directions. Default: False.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (L, N, input_size), (L, input_size) or a packed sequence to
        (L, N, directions · hidden_size) and h_n (directions · num_layers, N, hidden_size).

    Raises:
        TypeError: an option is of the wrong type.
        ValueError: an option is out of range.

    Example:
        >>> import flambeau as torch
        >>> gru = torch.nn.GRU(10, 20, 2)
        >>> output, h = gru(torch.zeros(5, 3, 10))
        >>> output.shape, h.shape
        (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))

    Source: torch.nn.GRU
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


# ---- cells ----------------------------------------------------------------------------------------

class RNNCellBase(Module):
    """What the cells share: sizes, parameters and their initial values.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn biases.
        num_chunks: how many gates there are.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Source: torch.nn.RNNCell
    """

    __constants__ = ["input_size", "hidden_size", "bias"]

    input_size: int
    hidden_size: int
    bias: bool
    weight_ih: Any
    weight_hh: Any

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        for name, shape in (("weight_ih", (rows, input_size)), ("weight_hh", (rows, hidden_size))):
            setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        for name in ("bias_ih", "bias_hh"):
            value = Parameter(empty(rows, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, value)
        self.reset_parameters()

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _check_dims(self, value: Any, what: str) -> None:
        if value.dim() not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {what} to be 1D or 2D, got {value.dim()}D instead"
            )

    def _step(self, cell: Any, input: Any, hx: Any) -> Any:
        """One step of a cell with one state."""
        self._check_dims(input, "input")
        if hx is not None:
            self._check_dims(hx, "hidden")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
            hx = None if hx is None else hx.unsqueeze(0)
        if hx is None:
            hx = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
        result = cell(input, hx, *self._weights())
        return result if batched else result.squeeze(0)

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh


class RNNCell(RNNCellBase):
    r"""One step of an Elman network: $h' = \tanh(W_{ih} x + b_{ih} + W_{hh} h + b_{hh})$.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn biases. Default: True.
        nonlinearity: "tanh" or "relu". Default: "tanh".
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (N, input_size) or (input_size), and the hidden state (N, hidden_size) or (hidden_size),
        zeros by default, to the new hidden state.

    Example:
        >>> import flambeau as torch
        >>> cell = torch.nn.RNNCell(10, 20)
        >>> cell(torch.zeros(3, 10), torch.zeros(3, 20)).shape
        torch.Size([3, 20])

    Source: torch.nn.RNNCell
    """

    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]
    nonlinearity: str

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        cells = {"tanh": recurrent.rnn_tanh_cell, "relu": recurrent.rnn_relu_cell}
        if self.nonlinearity not in cells:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(cells[self.nonlinearity], input, hx)


class LSTMCell(RNNCellBase):
    r"""One step of an LSTM: $c' = f c + i g$, $h' = o \tanh c'$.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn biases. Default: True.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (N, input_size) or (input_size), and (h, c), each (N, hidden_size) or (hidden_size),
        zeros by default, to the new (h, c).

    Example:
        >>> import flambeau as torch
        >>> h, c = torch.nn.LSTMCell(10, 20)(torch.zeros(3, 10))
        >>> h.shape, c.shape
        (torch.Size([3, 20]), torch.Size([3, 20]))

    Source: torch.nn.LSTMCell
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        self._check_dims(input, "input")
        if hx is not None:
            for k, value in enumerate(hx):
                self._check_dims(value, f"hx[{k}]")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if hx is None:
            state = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
            hx = (state, state)
        elif not batched:
            hx = (hx[0].unsqueeze(0), hx[1].unsqueeze(0))
        h, c = recurrent.lstm_cell(input, hx, *self._weights())
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    r"""One step of a GRU: $h' = (1 - z) n + z h$.

    Args:
        input_size: features of the input.
        hidden_size: features of the hidden state.
        bias: learn biases. Default: True.
        device: where the parameters live.
        dtype: their type; default: the default dtype.

    Shape:
        (N, input_size) or (input_size), and the hidden state (N, hidden_size) or (hidden_size),
        zeros by default, to the new hidden state.

    Example:
        >>> import flambeau as torch
        >>> torch.nn.GRUCell(10, 20)(torch.zeros(3, 10)).shape
        torch.Size([3, 20])

    Source: torch.nn.GRUCell
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        return self._step(recurrent.gru_cell, input, hx)
