"""Programs as users write them, run with flambeau and, where installed, with PyTorch."""

from __future__ import annotations

import warnings

import pytest
from both_libraries import HAS_TORCH, both, output_of

import flambeau as torch
from flambeau.functional import calling


def test_arguments_that_are_none() -> None:
    both("""
        F = nn.functional
        x = torch.full((2, 3), 0.25)
        print(F.binary_cross_entropy(x, x), F.batch_norm(x, None, None, training=True))
        print(F.group_norm(x, 3), F.binary_cross_entropy_with_logits(x, x))
        import numpy as np
        for call in (lambda: torch.exp(None), lambda: torch.sqrt(np.ones(2)),
                     lambda: torch.mm(x, None), lambda: F.relu(None)):
            attempt(call)
    """.replace("group_norm(x, 3)", "group_norm(x[:, :, None].repeat(1, 1, 2), 3)"))


def test_gan_with_detach() -> None:
    both("""
        torch.manual_seed(11)
        G = nn.Sequential(nn.Linear(4, 16), nn.ReLU(True), nn.Linear(16, 2))
        D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16, 1),
                          nn.Sigmoid())
        def init(m):
            if type(m).__name__.find("Linear") != -1:
                m.weight.data.normal_(0.0, 0.2)
                m.bias.data.fill_(0)
        G.apply(init), D.apply(init)
        adam = lambda m: torch.optim.Adam(m.parameters(), lr=1e-3, betas=(0.5, 0.999))
        step_g, step_d, loss = adam(G), adam(D), nn.BCELoss()
        for i in range(4):
            real, label = torch.randn(16, 2) * 0.5 + 1, torch.full((16, 1), 1.0)
            D.zero_grad()
            a = loss(D(real), label)
            a.backward()
            fake = G(torch.randn(16, 4))
            label.fill_(0)
            b = loss(D(fake.detach()), label)
            b.backward()
            step_d.step()
            G.zero_grad()
            label.fill_(1)
            c = loss(D(fake), label)
            c.backward()
            step_g.step()
            print("%.4f %.4f %.4f" % (a.item(), b.item(), c.item()))
    """)


def test_gradient_penalty_and_hessian() -> None:
    both("""
        torch.manual_seed(1)
        C = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        x = torch.randn(16, 2, requires_grad=True)
        g, = torch.autograd.grad(C(x), x, torch.ones(16, 1), create_graph=True)
        penalty = ((g.norm(2, dim=1) - 1) ** 2).mean()
        penalty.backward()
        print(penalty.item().__format__(".5f"), C[0].weight.grad)
        x = torch.randn(4, dtype=torch.float64, requires_grad=True)
        f = (x ** 3).sum() + (x[0] * x[1]).sin()
        g, = torch.autograd.grad(f, x, create_graph=True)
        H = torch.stack([torch.autograd.grad(g[i], x, retain_graph=True)[0] for i in range(4)])
        v = torch.randn(4, dtype=torch.float64)
        print(H, torch.allclose(H @ v, torch.autograd.grad(g @ v, x)[0]))
        print(torch.autograd.gradgradcheck(torch.exp, (x,)), torch.rand(2))
    """)


def test_gradient_of_a_differentiable_pass_is_a_copy(recwarn: pytest.WarningsRecorder) -> None:
    x = torch.ones(2, requires_grad=True)
    (x ** 2).sum().backward(create_graph=True)
    assert str(x.grad) == "tensor([2., 2.], grad_fn=<CopyBackwards>)"
    assert repr(x.grad.grad_fn).startswith("<CopyBackwards object at ")


def test_custom_functions() -> None:
    both("""
        class Add(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, y):
                x.add_(1)
                ctx.mark_dirty(x)
                return x, y + 1

            @staticmethod
            def backward(ctx, g, h):
                return g * 10, h

        a = torch.ones(2, requires_grad=True)
        x = a * 1
        r, s = Add.apply(x, torch.zeros(2))
        print(r is x, x._version, r.grad_fn.name())
        (r + s).sum().backward()
        print(a.grad)
        y = torch.ones(2)
        Add.apply(y, y)
        print(y._version)
        attempt(lambda: Add()(1))
    """)


def test_messages_about_gradients() -> None:
    both("""
        x, z = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
        attempt(lambda: torch.autograd.grad((x * 2).sum(), z))
        attempt(lambda: torch.autograd.grad((x * 2).sum(), [x, z]))
        for g in (torch.ones(3), torch.ones(2).double(), torch.ones(2).half(),
                  torch.ones(2, dtype=torch.int64), x, 3):
            attempt(lambda: setattr(x, "grad", g))
    """)


def test_gradient_of_an_inner_tensor_warns() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with pytest.warns(UserWarning, match="is not a leaf Tensor is being accessed"):
        assert y.grad is None
    y.retain_grad()
    y.sum().backward()
    assert y.grad.tolist() == [1., 1.]


def test_inference_tensors() -> None:
    both("""
        w, x = torch.ones(2, requires_grad=True), torch.ones(2)
        with torch.inference_mode():
            made = [torch.ones(2), torch.tensor([1.]), torch.randn(2), torch.arange(3), w * 2,
                    torch.Tensor([1]), torch.empty(2), torch.ones(2)[0], torch.ones(2).detach()]
            kept = [x.view(2, 1), x.add_(1), x[0], x.detach()]
        print([t.is_inference() for t in made], [t.is_inference() for t in kept])
        attempt(lambda: made[1].mul_(2))
        attempt(lambda: made[0].requires_grad_())
        attempt(lambda: made[0] * w)
        print((made[0].clone() * w).sum())
    """)


def test_numbers_that_do_not_fit() -> None:
    both("""
        types = (torch.uint8, torch.int8, torch.int32, torch.int64, torch.float16, torch.bfloat16,
                 torch.float32, torch.bool)
        for d in types:
            for v in (300, -300, -1, 2**40, 2**63, 1e10, 1e39, float("inf"), float("nan"), 2.5):
                x = torch.zeros(2, dtype=d)
                attempt(lambda: torch.full((1,), v, dtype=d))
                attempt(lambda: x.fill_(v))
                attempt(lambda: torch.tensor([v], dtype=d))
                attempt(lambda: x.masked_fill(torch.tensor([True, False]), v))
        x = torch.zeros(2, dtype=torch.int32)
        attempt(lambda: x.__setitem__(0, 2**40))
    """)


def test_tensors_as_python_numbers() -> None:
    both("""
        for t in (torch.ones(2), torch.ones(0), torch.tensor(1 + 2j), torch.tensor([2.5])):
            for kind in (int, float, complex):
                if kind is not int or not t.is_complex():
                    attempt(lambda: kind(t))
        a = torch.arange(4).view(2, 2)
        for index in ((0, "x"), (slice(1, 2), b"x"), {}):
            attempt(lambda: a[index])
        print(torch.iinfo(torch.int64), torch.iinfo(torch.int32), torch.iinfo(torch.int8))
    """)


def test_copies() -> None:
    both("""
        import copy, pickle
        x = torch.arange(6.).view(2, 3).requires_grad_()
        x.note = 3
        c = copy.copy(x)
        with torch.no_grad():
            c[0, 0] = 5
        print(x, c.note, c is x, c.data_ptr() == x.data_ptr(), c.requires_grad)
        t = torch.arange(6.).view(2, 3).t()
        a, b = copy.deepcopy((t, t.t()))
        a[0, 0] = 9
        print(b, t[0, 0], a.stride(), copy.deepcopy(t[1:]).storage_offset())
        print(pickle.loads(pickle.dumps(x * 2)), copy.copy(x * 2))
        attempt(lambda: copy.deepcopy(x * 2))
    """)


def test_memory_shared_with_numpy_has_one_address() -> None:
    both("""
        import numpy as np
        a = np.zeros(4, np.float32)
        t, u = torch.from_numpy(a), torch.as_tensor(a)
        print(t.data_ptr() == u.data_ptr(), t[1:].data_ptr() - t.data_ptr())
    """)


def test_machine_without_cuda() -> None:
    if torch.cuda.is_available():
        pytest.fail("there is no CUDA engine")
    program = """
        print(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
        print(torch.cuda.device_count(), torch.cuda.is_initialized(), torch.version.cuda)
        torch.cuda.manual_seed(0), torch.cuda.manual_seed_all(0), torch.cuda.empty_cache()
        print(torch.cuda.memory_allocated(), torch.cuda.get_rng_state_all())
        for call in (torch.cuda.current_device, torch.cuda.synchronize, torch.cuda.get_device_name,
                     torch.cuda.init, torch.ones(1).cuda):
            attempt(call)
        with torch.cuda.device(-1):
            print(torch.ones(1))
        attempt(lambda: torch.cuda.device(0).__enter__())
        cudnn = torch.backends.cudnn
        cudnn.benchmark = True
        with cudnn.flags(enabled=False, deterministic=True):
            print(cudnn.enabled, cudnn.deterministic, cudnn.benchmark)
        print(cudnn.enabled, cudnn.deterministic, cudnn.benchmark, cudnn.is_available())
        cudnn.benchmark = False
        print(torch.backends.mps.is_available(), torch.backends.cuda.matmul.allow_tf32)
    """
    if HAS_TORCH and pytest.importorskip("torch").version.cuda:
        output_of(program, torch)  # that PyTorch answers otherwise
    else:
        both(program)


def test_writes_in_place_are_not_seen_by_earlier_results() -> None:
    both("""
        import random
        random.seed(0)
        x = torch.arange(24.).view(4, 6).clone()
        kept, held, w = [], [], torch.ones(6, requires_grad=True)
        for k in range(300):
            i, j = random.randrange(4), random.randrange(6)
            what = random.randrange(13)
            if what == 0:
                x[i] = k
            elif what == 1:
                x[i, j] = x[j % 4, i] + 1
            elif what == 2:
                x[:, j].add_(1)
            elif what == 3:
                kept.append(x[i])
            elif what == 4:
                held.append(x[i] * 2)
            elif what == 5:
                x[i, 1:4] = x[i, 0:3].clone()
            elif what == 6:
                x.t()[j] = torch.arange(4.)
            elif what == 7:
                held.append(x + 0.5)
            elif what == 8:
                held.append(x.detach().clone())
            elif what == 9:
                x.view(-1)[3 * i:3 * i + 4] = float(k)
            elif what == 10:
                held.append((x[i] * w).sum())
            elif what == 11:
                x.data[i, j] = -k
            else:
                held.append(x[i, j].item())
            if k % 50 == 0:
                print(x)
        print(kept[:9], kept[-1])
        for h in held:
            print(h if isinstance(h, float) else h.detach())
    """)


def test_a_saved_value_that_was_overwritten_is_an_error() -> None:
    both("""
        w = torch.ones(3, requires_grad=True)
        x = torch.arange(3.)
        y = (x * w).sum()
        x[0] = 7
        attempt(y.backward)
        z = torch.zeros(2, 3)
        z[0] = w * 2
        z[1, 1] = 5
        z.sum().backward()
        print(z, w.grad)
    """)


def test_old_tensor_types_take_any_sequence() -> None:
    both("""
        from collections import deque
        print(torch.LongTensor(range(4)), torch.Tensor(deque([1, 2])))
        print(torch.FloatTensor([range(2), (1, 2)]))
        for wrong in ({1, 2}, iter([1]), {1: 2}, "ab"):
            attempt(lambda: torch.LongTensor(wrong))
    """)


def test_factors_between_the_tensors() -> None:
    """As before PyTorch 1.5: `p.data.add_(-lr, p.grad.data)`, `addcmul_(1 - beta, g, g)`."""
    both("""
        import warnings
        warnings.simplefilter("ignore")
        x, y = lambda: torch.full((2, 2), 3.0), torch.full((2, 2), 2.0)
        v, m, b = y[0], lambda: x()[None], y[None]
        print(x().add_(-0.1, y), x().add(2, y), torch.add(x(), 2, y), x().sub_(2, y))
        print(torch.sub(x(), 2, y), x().addcmul_(0.5, y, y), torch.addcmul(x(), 0.5, y, y))
        print(x().addcdiv_(-0.5, y, y), torch.addcdiv(x(), 0.5, y, y))
        print(x().addmm_(0.5, 2, y, y), torch.addmm(0.5, x(), 2, y, y), x().addmm(2, y, y))
        print(torch.addmm(0.5, x(), y, y), torch.addmv(0.5, v, 2, y, v), v.addmv(0.5, 2, y, v))
        print(torch.addr(0.5, x(), 2, v, v), torch.addbmm(0.5, x(), 2, b, b))
        print(torch.baddbmm(0.5, m(), 2, b, b), m().baddbmm_(0.5, 2, b, b))
        w = torch.ones(2, requires_grad=True)
        (w * w).add(3, w).sum().backward()
        w.data.add_(-0.5, w.grad.data)
        print(w)
        for wrong in (lambda: torch.add(x(), y, 2), lambda: x().addcmul(y, y, 0.5)):
            try:
                wrong()
            except TypeError:
                print("refused")
    """)


def test_factors_between_the_tensors_warn_once() -> None:
    calling._warned_of.clear()
    x = torch.ones(2)
    with pytest.warns(UserWarning, match="This overload of add is deprecated"):
        x.add_(2, x)  # type: ignore[call-arg, arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x.add_(2, x)  # type: ignore[call-arg, arg-type]


def test_range_includes_its_end() -> None:
    both("""
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(torch.range(1, 4), torch.range(0, 1, 0.25), torch.range(5, 1, -2))
            print(torch.range(1, 4, dtype=torch.long))
            attempt(lambda: torch.range(1, 0))
            attempt(lambda: torch.range(0, 1, 0))
        x = torch.ones(2)
        same = torch.zeros(3).new(x)
        same.add_(1)
        print(same, x)
    """)
