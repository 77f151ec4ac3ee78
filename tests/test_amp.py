"""amp: dtypes and values under autocast, nesting, decorators, gradient scaling, as in PyTorch."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from both_libraries import both
from samples import rows
from samples.define import Row, build, call, flat

import flambeau


def test_dtypes_under_autocast():
    both("""
    F = nn.functional
    x, w = torch.arange(6.0).reshape(2, 3) / 7, torch.arange(12.0).reshape(4, 3) / 5
    image = torch.ones(1, 2, 5, 5)
    with torch.autocast("cpu"):
        y = F.linear(x, w)
        print(y, (y + 1).dtype, (y + x[:, :1]).dtype, torch.cat([y[:, :3], x]).dtype)
        print(F.conv2d(image, torch.ones(3, 2, 3, 3)).dtype, torch.bmm(x[None], w.T[None]).dtype)
        print(torch.einsum("ij,kj->ik", x, w).dtype, F.softmax(y, -1).dtype, y.sum().dtype)
        print(F.mse_loss(y, torch.zeros(2, 4)).dtype, F.cross_entropy(y, torch.tensor([0, 1])))
        print(F.scaled_dot_product_attention(x[None], x[None], x[None]).dtype)
        print((x.double() @ w.double().T).dtype, torch.exp(y).dtype, F.relu(y).dtype)
        with torch.autocast("cpu", enabled=False):
            print((x @ w.T).dtype, torch.is_autocast_enabled("cpu"))
        with torch.autocast("cpu", dtype=torch.float16):
            print((x @ w.T).dtype, torch.get_autocast_dtype("cpu"))
        print((x @ w.T).dtype, torch.is_autocast_enabled("cpu"))
    print((x @ w.T).dtype, torch.is_autocast_enabled("cpu"))
    print(torch.autocast("cpu")(lambda: x @ w.T)().dtype)
    attempt(lambda: torch.autocast("nothing"))
    """)


def test_training_under_autocast():
    both("""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    scaler = torch.amp.GradScaler("cpu", init_scale=16.0, growth_interval=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(4):
        optimizer.zero_grad()
        with torch.amp.autocast("cpu"):
            out = model(torch.ones(2, 4))
            loss = nn.functional.cross_entropy(out, torch.tensor([0, 2]))
        scaler.scale(loss).backward()
        if step == 2:
            model[0].weight.grad[0, 0] = float("inf")
        scaler.step(optimizer)
        scaler.update()
        print(out.dtype, loss.dtype, round(loss.item(), 2), scaler.get_scale())
    print(model[0].weight.grad.dtype, scaler.state_dict())
    attempt(lambda: scaler.unscale_(optimizer) or scaler.unscale_(optimizer))
    """)


def test_custom_function():
    both("""
    class Double(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx, x):
            print(x.dtype, torch.is_autocast_enabled("cpu"))
            return x * 2
        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx, g):
            return g * 2
    x = torch.ones(2, dtype=torch.bfloat16, requires_grad=True)
    with torch.autocast("cpu"):
        y = Double.apply(x)
    y.sum().backward()
    print(y.dtype, x.grad)
    """)


def test_switches():
    both("""
    import warnings
    warnings.simplefilter("ignore")  # PyTorch's names the file and line of its C++ source
    x = torch.ones(2, 2)
    print(torch.get_autocast_cpu_dtype(), torch.get_autocast_gpu_dtype())
    torch.set_autocast_enabled("cpu", True)
    torch.set_autocast_dtype("cpu", torch.float16)
    print(torch.is_autocast_cpu_enabled(), (x @ x).dtype)
    torch.set_autocast_dtype("cpu", torch.bfloat16)
    torch.set_autocast_enabled("cpu", False)
    torch.set_autocast_cache_enabled(False)
    print(torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled(), (x @ x).dtype)
    torch.set_autocast_cache_enabled(True)
    """)


# PyTorch composes these of operations that autocast casts apart: the dtype is another, not the
# values; and max_pool3d_with_indices is the one function whose plain form is cast and itself not.
COMPOSED = {"linalg.pinv", "nn.functional.local_response_norm",
            "nn.functional.max_pool3d_with_indices"}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dtypes_of_all_samples(dtype: str) -> None:
    torch = pytest.importorskip("torch")

    def dtypes(lib: Any, row: Row) -> list[str] | None:
        try:
            args, kwargs, _ = build(lib, row, 0, row.cases[0], dtype)
            with lib.autocast("cpu", dtype=lib.bfloat16):
                return [str(x.dtype) for x in flat(call(lib, row, args, kwargs))
                        if hasattr(x, "dtype")]
        except Exception:
            return None
    wrong = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in rows():
            if row.cases and row.path not in COMPOSED:
                theirs = dtypes(torch, row)
                if theirs is not None and (ours := dtypes(flambeau, row)) != theirs:
                    wrong[row.path] = (ours, theirs)
    assert wrong == {}
