"""The graph of a module for TensorBoard: its parts in the order in which they run."""

from __future__ import annotations

from typing import Any

from . import messages as m


def module_graph(model: Any, inputs: Any) -> bytes:
    """An encoded GraphDef of one forward pass: a node for each innermost module that runs.

    Args:
        model: a module.
        inputs: its input, or a tuple of several.

    Returns:
        The message; a node's inputs are the nodes whose outputs it takes, and where a tensor was
        changed on the way by plain functions, the node that ran before.
    """
    given = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    nodes: list[bytes] = []
    makers: dict[int, str] = {}
    kept: list[Any] = []  # tensors stay alive, so that their identities do
    for k, tensor in enumerate(_tensors(given)):
        makers[id(tensor)] = name = f"input/{k}"
        kept.append(tensor)
        nodes.append(_node(name, "IO Node", [], tuple(tensor.shape)))
    last = ["input/0"] if kept else []

    def note(name: str) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            sources = [makers[id(t)] for t in _tensors(args) if id(t) in makers] or list(last)
            results = _tensors((output,))
            shape = tuple(results[0].shape) if results else ()
            nodes.append(_node(name, type(module).__name__, sources, shape))
            makers.update((id(t), name) for t in results)
            kept.extend(results)
            last[:] = [name]
        return hook
    root = type(model).__name__
    handles = [module.register_forward_hook(note(f"{root}/{name.replace('.', '/')}" if name
                                                 else root))
               for name, module in model.named_modules() if not list(module.children())]
    try:
        output = model(*given)
    finally:
        for handle in handles:
            handle.remove()
    for k, tensor in enumerate(_tensors((output,))):
        nodes.append(_node(f"output/{k}", "IO Node", [makers.get(id(tensor), *last[:1])],
                           tuple(tensor.shape)))
    return b"".join(nodes) + m.data(4, m.integer(1, 22))


def _tensors(value: Any) -> list[Any]:
    if hasattr(value, "requires_grad"):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for v in value for t in _tensors(v)] if isinstance(value, (tuple, list)) else []


def _node(name: str, kind: str, sources: list[str], shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(m.data(2, m.integer(1, n)) for n in shape)
    shapes = m.table(5, {"_output_shapes": m.data(1, m.data(7, sizes))})
    return m.data(1, m.data(1, name) + m.data(2, kind)
                  + b"".join(m.data(3, source) for source in sources) + shapes)
