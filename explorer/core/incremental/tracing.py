"""Draws a module's operations as a graph without touching what other threads use.

`torch.fx.symbolic_trace` puts its own `__call__` into `nn.Module` for as long as it runs, so that every pass of every
other thread runs into it. Here a twin of the module is traced: the same tensors in parts of classes that note calls.
"""

import builtins
import math
from collections.abc import Callable, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any

import torch
from torch import fx, nn
from torch.fx import _symbolic_trace
from torch.utils import _pytree

WRAPPED: Mapping[tuple[int, str], object] = getattr(_symbolic_trace, "_wrapped_fns_to_patch", {})
"""What `torch.fx.wrap` was told: (identity of a module's globals, name) of functions that are one operation each."""


def traced(module: nn.Module) -> fx.GraphModule:
    """The graph of a module, over the module's own parts; it raises whatever tracing or the module's code raises."""
    tracer = _Tracer()
    graph = tracer.trace(module)
    twin_attributes = vars(tracer.root)
    named = {str(node.target) for node in graph.nodes if node.op in ("call_module", "get_attr")}
    # Values that the code made while it was traced are the twin's; everything else is the module's own.
    parts = {name: _part(tracer.root if name in twin_attributes else module, name) for name in named}
    return fx.GraphModule(parts, graph, type(module).__name__)


class _Tracer(fx.Tracer):
    """Notes what the parts of a module's twin do: what torch patches for the whole process, the twin's classes do."""

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> fx.Graph:
        """The operations of a module in their order."""
        self._kinds: dict[type[nn.Module], type[nn.Module]] = {}
        self._twins: dict[nn.Module, nn.Module] = {}
        self._parameters: dict[str, fx.Proxy] = {}
        self._math = SimpleNamespace(
            **{name: self._noted(member) if callable(member) else member for name, member in vars(math).items()}
        )
        self.root = self._twin(root)
        self.root_module_name = type(root).__name__
        self.submodule_paths = {part: name for name, part in self.root.named_modules()}
        self.tensor_attrs = {
            value: f"{path}.{name}" if path else name
            for path, part in self.root.named_modules()
            for name, value in vars(part).items()
            if isinstance(value, torch.Tensor)
        }
        self.graph = fx.Graph()
        forward, arguments = self.create_args_for_root(type(self.root).forward, True, concrete_args)
        self.create_node("output", "output", (self.create_arg(forward(*arguments)),), {})
        return self.graph

    def _twin(self, part: nn.Module) -> nn.Module:
        """A module with the state of `part`; what the code sets while it is traced stays with it."""
        twin = self._twins.get(part)
        if twin is None:
            kind = type(part)
            if kind not in self._kinds:
                self._kinds[kind] = self._noting(kind)
            twin = self._twins[part] = object.__new__(self._kinds[kind])
            vars(twin).update(vars(part), _parameters=dict(part._parameters), _buffers=dict(part._buffers))
            vars(twin)["_modules"] = {name: child and self._twin(child) for name, child in part._modules.items()}
        return twin

    def _noting(self, kind: type[nn.Module]) -> type[nn.Module]:
        """A class like `kind` whose calls are noted, and its parameters where they are asked for."""

        def call(twin: nn.Module, *arguments: Any, **options: Any) -> Any:
            def forward(*arguments: Any, **options: Any) -> Any:
                return kind.__call__(twin, *arguments, **options)

            return self.call_module(twin, forward, arguments, options)

        def attribute(twin: nn.Module, name: str) -> Any:
            return self.getattr(name, kind.__getattr__(twin, name), self._parameters)

        members = {"__call__": call, "__getattr__": attribute, "__module__": kind.__module__, **self._methods(kind)}
        make: Any = type(kind)  # nearly always `type`
        noting: type[nn.Module] = make(kind.__name__, (kind,), members)
        return noting

    def _methods(self, kind: type) -> dict[str, FunctionType]:
        """The methods of a class that call functions which are one operation each, with such functions noted."""
        methods: dict[str, FunctionType] = {}
        for base in reversed(kind.__mro__):
            for name, method in vars(base).items():
                noted = self._functions(method) if isinstance(method, FunctionType) else {}
                if noted:
                    code, closure, defaults = method.__code__, method.__closure__, method.__defaults__
                    methods[name] = FunctionType(code, method.__globals__ | noted, name, defaults, closure)
                    methods[name].__kwdefaults__ = method.__kwdefaults__
                else:
                    methods.pop(name, None)
        return methods

    def _functions(self, method: FunctionType) -> dict[str, Any]:
        """Which of a method's globals are to be noted, and what notes them."""
        around = method.__globals__
        noted: dict[str, Any] = {}
        for name in method.__code__.co_names:
            value: Any = around.get(name, getattr(builtins, name, None))
            if value is math:
                noted[name] = self._math
            elif (id(around), name) in WRAPPED or (callable(value) and value is getattr(math, name, None)):
                noted[name] = self._noted(value)
        return noted

    def _noted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if any(isinstance(value, fx.Proxy) for value in _pytree.tree_leaves((arguments, options))):
                return self.create_proxy("call_function", function, arguments, options)
            return function(*arguments, **options)

        return call


def _part(module: nn.Module, path: str) -> Any:
    attribute: Any = module
    for name in path.split("."):
        attribute = getattr(attribute, name)
    return attribute
