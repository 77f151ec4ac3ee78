"""Forward mode on templates: tangents of the outputs from tangents of the inputs.

The derivative that carries cotangents back is linear in them; its own derivative with respect to
the cotangents, which are not read, carries tangents forward.
"""

from __future__ import annotations

from typing import Any

from .define import Sym, Template, trace
from .derivative import dependent_outputs, inline, vjp_of
from .elementwise import constant
from .movement import expand


class Pushforward:
    """How tangents pass through a template.

    Attributes:
        template: takes the template's inputs, then one tangent per chosen input.
        places: which output each of its results is the tangent of.
    """

    __slots__ = ("places", "template")

    def __init__(self, template: Template, places: tuple[int, ...]) -> None:
        self.template = template
        self.places = places


def pushforward_of(template: Template, wrt: tuple[int, ...]) -> Pushforward:
    """The rule for tangents of the inputs `wrt`."""
    key = ("pushforward", wrt)
    found: Pushforward | None = template.vjps.get(key)
    if found is None:
        found = template.vjps[key] = _derive(template, wrt)
    return found


def _derive(template: Template, wrt: tuple[int, ...]) -> Pushforward:
    specs = template.output_specs
    given = tuple([d and s.dtype.category >= 2
                   for d, s in zip(dependent_outputs(template, wrt), specs, strict=True)])
    back = vjp_of(template, wrt, given, save_outputs=False)
    seeds = tuple([n for n, (where, _) in enumerate(back.picks) if where == "ct"])
    forth = vjp_of(back.template, seeds, (True,) * len(back.template.output_specs),
                   save_outputs=False)
    present = [i for i, p in zip(range(len(wrt)), back.present, strict=True) if p]
    count = len(template.input_specs)

    def body(*values: Sym) -> Any:
        inputs, tangents = values[:count], values[count:]
        known: dict[tuple[str, int], Sym] = {}
        for n, (where, k) in enumerate(back.picks):
            known["in", n] = inputs[k] if where == "in" else expand(
                constant(value=0, dtype=specs[k].dtype), shape=specs[k].shape)
        for n, i in enumerate(present):
            known["ct", n] = tangents[i]
        return inline(forth.template, [known[pick] for pick in forth.picks])

    places = tuple([back.picks[n][1] for n, p in zip(seeds, forth.present, strict=True) if p])
    made = trace(template.name + "_pushforward", body,
                 [*template.input_specs, *[template.input_specs[i] for i in wrt]])
    return Pushforward(made, places)
