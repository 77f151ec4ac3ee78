"""`python -m flambeau run script.py`: an unmodified PyTorch program on flambeau.

The program becomes `__main__` as under `python script.py`: the same `sys.argv`, `sys.path[0]`,
`__file__`, exit status, and tracebacks that begin in the program's own file.

Worker processes that multiprocessing starts afresh (spawn, forkserver) prepare themselves from
`__main__.__spec__.name`: they import the module of that name and take what it defines for their own
main module. `MainSpec` names `flambeau.cli.worker`, which installs the aliases and then runs the
program recorded in the environment.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
from collections.abc import Callable
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any

from flambeau.cli import aliases

USAGE = "usage: python -m flambeau run [-m module | -c code | script.py] [arguments]"
WORKER = "flambeau.cli.worker"
PROGRAM_VARIABLE = "FLAMBEAU_RUN"
PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


class MainSpec(ModuleSpec):
    """The spec of the program's main module: it leads workers to `WORKER`."""

    def __init__(self, package: str) -> None:
        super().__init__(WORKER, None)
        self.package = package

    @property
    def parent(self) -> str:
        """The package that relative imports of the main module start from."""
        return self.package


def run(arguments: list[str]) -> int:
    """Runs a script, a module (`-m`) or a line of code (`-c`) with `torch` meaning flambeau."""
    match arguments:
        case ["-m", module, *rest]:
            start = prepare_module(module, rest)
        case ["-c", code, *rest]:
            start = prepare_code(code, rest)
        case [("-h" | "--help"), *_]:
            print(USAGE)
            return 0
        case [script, *rest] if not script.startswith("-"):
            start = prepare_script(script, rest)
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    sys.excepthook = without_own_frames(sys.excepthook)
    program, namespace = start()
    exec(program, namespace)
    return 0


Start = Callable[[], tuple[CodeType, dict[str, Any]]]


def prepare_script(script: str, rest: list[str]) -> Start:
    """Sets the process up as `python script.py` does; the result compiles the script."""
    path = os.path.abspath(script)
    if not os.path.isfile(path):
        reason = "Is a directory" if os.path.isdir(path) else "No such file or directory"
        print(f"flambeau: can't open file '{path}': {reason}", file=sys.stderr)
        raise SystemExit(2)
    enter([script, *rest], os.path.dirname(os.path.realpath(path)), f"script:{path}")
    main = new_main("", __file__=path, __cached__=None,
                    __loader__=SourceFileLoader("__main__", path))
    return lambda: (read_code(path), vars(main))


def prepare_module(name: str, rest: list[str]) -> Start:
    """Sets the process up as `python -m name` does."""
    enter(["-m", *rest], os.getcwd(), f"module:{name}")
    spec = runnable_spec(name)
    sys.argv[0] = spec.origin or name
    main = new_main(spec.parent or "", __file__=spec.origin, __cached__=spec.cached,
                    __loader__=spec.loader)
    return lambda: (module_code(spec), vars(main))


def prepare_code(code: str, rest: list[str]) -> Start:
    """Sets the process up as `python -c code` does."""
    enter(["-c", *rest], "", "code:")
    main = new_main("")
    return lambda: (compile(code, "<string>", "exec", dont_inherit=True), vars(main))


def enter(arguments: list[str], folder: str, program: str) -> None:
    """Sets `sys.argv`, `sys.path[0]`, the aliases and the note for worker processes."""
    sys.argv[:] = arguments
    if not sys.flags.safe_path:
        previous, sys.path[0] = sys.path[0], folder
        if os.path.realpath(previous or os.getcwd()) == os.path.dirname(PACKAGE_FOLDER):
            sys.path.append(os.path.dirname(PACKAGE_FOLDER))  # where workers find flambeau, too
    os.environ[PROGRAM_VARIABLE] = program
    aliases.install()


def new_main(package: str, **attributes: Any) -> ModuleType:
    """Puts a fresh main module in place."""
    main = ModuleType("__main__")
    vars(main).update(__builtins__=__builtins__, __package__=package, __spec__=MainSpec(package),
                      **attributes)
    sys.modules["__main__"] = main
    return main


def read_code(path: str) -> CodeType:
    """Compiles a source file under its own name."""
    with io.open_code(path) as file:
        return compile(file.read(), path, "exec", dont_inherit=True)


def runnable_spec(name: str) -> ModuleSpec:
    """Finds what `python -m name` would run: the module, or a package's `__main__`."""
    name = aliases.translate(name)
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except ModuleNotFoundError as error:
        print(f"flambeau: cannot run module '{name}': {error}", file=sys.stderr)
        raise SystemExit(1) from None
    if spec is None:
        print(f"flambeau: No module named {name}", file=sys.stderr)
        raise SystemExit(1)
    return spec


def module_code(spec: ModuleSpec) -> CodeType:
    """Returns the code of a module that was found."""
    code = spec.loader.get_code(spec.name) if isinstance(spec.loader, InspectLoader) else None
    if code is None:
        raise ImportError(f"No code object available for {spec.name}", name=spec.name)
    return code


def run_in_worker(namespace: dict[str, Any]) -> None:
    """Runs the recorded program in a worker's main module, for what it defines.

    Args:
        namespace: the worker module's globals, whose `__name__` multiprocessing set.
    """
    del namespace["run"]  # the worker module's own import
    aliases.install()
    kind, _, program = os.environ.get(PROGRAM_VARIABLE, "").partition(":")
    if kind == "script":
        sys.argv[0] = program
        namespace.update(__file__=program, __package__="", __spec__=MainSpec(""))
        exec(read_code(program), namespace)
    elif kind == "module":
        spec = runnable_spec(program)
        sys.argv[0], package = spec.origin or program, spec.parent or ""
        namespace.update(__file__=spec.origin, __package__=package, __spec__=MainSpec(package))
        exec(module_code(spec), namespace)


ExceptHook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


def without_own_frames(hook: ExceptHook) -> ExceptHook:
    """Returns an exception hook that drops the frames in front of the program's first one."""
    def report(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        program = trace
        while program is not None and program.tb_frame.f_code is not run.__code__:
            program = program.tb_next
        if program is not None:  # otherwise the error arose in another thread or at exit
            trace = program.tb_next
            while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
        hook(kind, error.with_traceback(trace), trace)
    return report
