"""utils.checkpoint: the gradients of the plain call, the same random numbers, as in PyTorch."""

from __future__ import annotations

from both_libraries import both


def test_gradients():
    both("""
    import importlib
    module = importlib.import_module(torch.__name__ + ".utils.checkpoint")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2), nn.Tanh())
    for reentrant in (True, False):
        x = torch.ones(2, 3, requires_grad=True)
        calls = []
        def run(value):
            calls.append(1)
            return model(value)
        torch.manual_seed(1)
        y = module.checkpoint(run, x, use_reentrant=reentrant)
        y.square().sum().backward()
        print(len(calls), y.detach(), x.grad, model[0].weight.grad, torch.rand(1))
        y = module.checkpoint_sequential(model.eval(), 2, x, use_reentrant=reentrant)
        y.sum().backward()
        print(y.detach(), x.grad, model[3].weight.grad)
        model.train().zero_grad()
    y = module.checkpoint(model, torch.ones(2, 3), use_reentrant=False)
    print(y.requires_grad)
    attempt(lambda: module.checkpoint(torch.sum, x, use_reentrant=True, dim=0))
    print(module.checkpoint(torch.sum, x, use_reentrant=False, dim=0).detach())
    """)
