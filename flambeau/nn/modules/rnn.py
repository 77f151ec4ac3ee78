"""Recurrent layers and their cells."""

from __future__ import annotations

import math
from typing import Any, overload

from flambeau.functional import recurrent
from flambeau.nn import init
from flambeau.nn.modules._recurrent_base import RNNBase
from flambeau.nn.modules.module import Module
from flambeau.nn.parameter import Parameter
from flambeau.tensor.creation import empty, zeros

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


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

    @overload
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None: ...

    @overload
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
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

    @overload
    def __init__(
        self,
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
    ) -> None: ...

    @overload
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

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

    @overload
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None: ...

    @overload
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


# ---- cells -------------------------------------------------------------------------------------

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
