"""Top-level switches and rarer functions: warnings, denormal numbers, lobpcg; beside PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from both_libraries import both

import flambeau


def test_warn_always():
    both("""
    print(torch.is_warn_always_enabled())
    torch.set_warn_always(True)
    print(torch.is_warn_always_enabled())
    torch.set_warn_always(False)
    """)


def test_flush_denormal():
    tiny = flambeau.tensor([1e-310], dtype=flambeau.float64)
    if not flambeau.set_flush_denormal(True):
        pytest.skip("this processor cannot")
    try:
        flushed = (tiny * 0.5).sum().item()
    finally:
        flambeau.set_flush_denormal(False)
    assert flushed == 0 and (tiny * 0.5).sum().item() == 5e-311
    with pytest.raises(TypeError):
        flambeau.set_flush_denormal(1)


def test_lobpcg():
    both("""
    torch.manual_seed(0)
    M, N = torch.randn(2, 30, 30, dtype=torch.float64).unbind()
    A, B = M @ M.T, N @ N.T + 30 * torch.eye(30, dtype=torch.float64)
    for options in (dict(), dict(k=3), dict(k=3, largest=False), dict(k=2, B=B), dict(k=2, n=4),
                    dict(k=2, B=B, largest=False, niter=-1), dict(X=M[:, :2]),
                    dict(k=2, method="basic", iK=torch.eye(30, dtype=torch.float64))):
        E, V = torch.lobpcg(A, **options)
        rest = A @ V - (options["B"] @ V if "B" in options else V) * E
        print(V.shape, [round(float(e), 3) for e in E], float(rest.norm()) < 1e-3)
    E, V = torch.lobpcg(torch.stack([A, 2 * A]), k=2)
    print(E.shape, V.shape)
    A.requires_grad_()
    E, V = torch.lobpcg(A, k=2)
    (E.sum() + (V ** 2).sum(1)[0]).backward()
    print(A.grad[:2, :2])
    attempt(lambda: torch.lobpcg(A, k=20))
    """)


def test_lobpcg_tracks_its_steps():
    seen = []
    A = flambeau.diag(flambeau.arange(1.0, 41.0))
    flambeau.manual_seed(0)
    values, _ = flambeau.lobpcg(A, k=2, tol=1e-4, tracker=seen.append)
    assert [s.istep for s in seen] == list(range(len(seen))) and seen[-1].converged == 2
    np.testing.assert_allclose(values.numpy(), [40, 39], rtol=1e-5)
