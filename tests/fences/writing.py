"""Finds in a module's source every call that could open a file for writing, make one or a folder, or remove one."""

import ast
from collections.abc import Iterator

_WRITERS = {  # called as anything.NAME(...), or by the name alone where it was imported
    **dict.fromkeys(("write_text", "write_bytes", "touch", "symlink_to", "hardlink_to", "rename"), "Path"),
    **dict.fromkeys(("symlink", "link", "mkfifo", "mknod", "truncate", "rename", "renames"), "os"),
    **dict.fromkeys(("copy2", "copyfile", "copymode", "copytree", "move", "make_archive"), "shutil"),
    **dict.fromkeys(("mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory"), "tempfile"),
    **dict.fromkeys(("mkdir", "rmdir", "unlink", "chmod", "lchmod"), "Path"),
    **dict.fromkeys(("makedirs", "removedirs"), "os"),
    **dict.fromkeys(("rmtree", "chown"), "shutil"),
    **dict.fromkeys(("extractall", "extract"), "archives"),
    **dict.fromkeys(("savez", "savez_compressed", "savetxt", "tofile", "memmap", "open_memmap"), "numpy"),
    **dict.fromkeys(("save_file", "save_model", "save_pretrained", "imsave", "imwrite"), "libraries"),
    **dict.fromkeys(
        ("RotatingFileHandler", "TimedRotatingFileHandler", "FileHandler", "WatchedFileHandler"), "logging"
    ),
    **dict.fromkeys(("QFile", "QSaveFile", "QTemporaryFile", "QSettings", "QLockFile"), "Qt"),
    **dict.fromkeys(
        ("fdopen", "SpooledTemporaryFile", "connect_database", "print_png", "print_svg", "PdfPages"), "more"
    ),
}
_INTO = {"savefig": 0, "save": 0, "dump": 1, "savez": 0, "savez_compressed": 0, "print_svg": 0, "print_png": 0}
_INTO |= {"PdfPages": 0}
_ELSEWHERE = {"remove": "os", "export": "torch.onnx"}
"""Names that lists and others have too, and the module whose function changes the disk."""
"""Calls that may write into memory: the place of the argument that says where to."""

_READ_ONLY = {"O_RDONLY", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY", "O_NONBLOCK", "O_DIRECTORY"}
_MEMORY = {"BytesIO", "StringIO"}


def writes(source: str) -> list[str]:
    """`line: call` of everything that may write to the disk; what is written into memory is left out."""
    tree = ast.parse(source)
    modules = _modules(tree)
    return [
        f"{call.lineno}: {ast.unparse(call)[:80]}"
        for call, memory in _calls(tree, set())
        if _may_write(call, modules, memory)
    ]


def _calls(scope: ast.AST, memory: set[str]) -> Iterator[tuple[ast.Call, set[str]]]:
    """Every call, with the names that are bound to something in memory where it stands."""
    inside = list(_inside(scope))
    bindings = list(_bindings(scope, inside))
    memory = _memory(bindings, memory - {name for name, _ in bindings})
    for node in inside:
        if isinstance(node, ast.Call):
            yield node, memory
        if isinstance(node, _SCOPES):
            yield from _calls(node, memory)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function or module itself, functions within it without their insides."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _inside(child)


def _may_write(call: ast.Call, modules: dict[str, str], memory: set[str]) -> bool:
    name, owner = _called(call, modules)
    if name == "open":
        if owner == "os":
            return not _reads(call.args[1]) if len(call.args) > 1 else True
        return owner != "PIL.Image" and _mode(call, 0 if owner and owner not in ("io", "codecs", "gzip") else 1) != "r"
    if name == "File" and owner == "h5py":
        return _mode(call, 1) != "r" and not _in_core(call)
    if name in ("ZipFile", "TarFile", "FileIO", "GzipFile"):
        return _mode(call, 1) != "r"
    if name == "memmap":
        return _mode(call, 2) != "r"
    if name == "replace":  # Path.replace has one argument, str.replace two, dataclasses.replace names them
        return owner == "os" or (isinstance(call.func, ast.Attribute) and len(call.args) == 1 and not call.keywords)
    if name in _ELSEWHERE:
        return owner == _ELSEWHERE[name] and not (name == "export" and _in_memory(call, 2, memory))
    if name in ("copy", "copyfileobj"):
        return owner == "shutil"
    if name in ("writer", "DictWriter"):
        return owner == "csv"
    if name == "basicConfig":
        return owner == "logging"
    if name == "save" and owner == "safetensors.torch":
        return False  # gives bytes
    if name == "save" and owner in ("torch", "numpy", "torch.jit"):
        return not _in_memory(call, int(owner.startswith("torch")), memory)
    if name in ("move", "truncate"):
        return owner in ("os", "shutil")
    if name in _INTO and (call.args or call.keywords):
        return not owner.startswith(("trainer.", "explorer.")) and not _in_memory(call, _INTO[name], memory)
    if name == "rename" and not isinstance(call.func, ast.Attribute):
        return owner == "os"
    if name == "link" and owner != "os":
        return False
    return name in _WRITERS and name not in ("save", "dump")


def _modules(tree: ast.Module) -> dict[str, str]:
    """What each imported name stands for: `from os import open as x` gives x: os.open."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(part.asname or part.name.partition(".")[0]): part.name for part in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(part.asname or part.name): f"{node.module}.{part.name}" for part in node.names}
    return found


def _called(call: ast.Call, modules: dict[str, str]) -> tuple[str, str]:
    """The last name of what is called, and the module or object that has it."""
    if isinstance(call.func, ast.Name):
        owner, _, name = modules.get(call.func.id, call.func.id).rpartition(".")
        return name, owner
    if isinstance(call.func, ast.Attribute):
        owner = ast.unparse(call.func.value)
        return call.func.attr, modules.get(owner, owner)
    return "", ""


def _mode(call: ast.Call, place: int) -> str:
    """The mode of an `open`, "r" for everything that only reads; "?" where it is not written there."""
    given: ast.expr | None = call.args[place] if len(call.args) > place else None
    given = next((word.value for word in call.keywords if word.arg == "mode"), given)
    if given is None:
        return "r"
    text = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else "?"
    return "?" if set(text) & set("wax+?c") else "r"


def _reads(flags: ast.expr) -> bool:
    names = [node.attr for node in ast.walk(flags) if isinstance(node, ast.Attribute)]
    plain = all(
        isinstance(node, ast.Attribute | ast.BinOp | ast.BitOr | ast.Name | ast.Load) for node in ast.walk(flags)
    )
    return plain and bool(names) and set(names) <= _READ_ONLY


def _in_core(call: ast.Call) -> bool:
    words = {word.arg: ast.unparse(word.value) for word in call.keywords}
    return words.get("driver") == "'core'" and words.get("backing_store") == "False"


def _memory(bindings: list[tuple[str, ast.expr]], outer: set[str]) -> set[str]:
    """Names that are bound to something in memory, and to nothing else."""
    bound: dict[str, set[bool]] = {}
    for name, value in bindings:
        last = ast.unparse(value.func).rpartition(".")[2] if isinstance(value, ast.Call) else ""
        bound.setdefault(name, set()).add(last in _MEMORY)
    memory = outer | {name for name, kinds in bound.items() if kinds == {True}}
    for name, value in bindings:  # a document of pages that lies in memory itself
        if (
            isinstance(value, ast.Call)
            and ast.unparse(value.func).endswith("PdfPages")
            and _in_memory(value, 0, memory)
        ):
            memory.add(f"{name}.savefig")
    return memory


def _bindings(scope: ast.AST, inside: list[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(scope, _SCOPES):
        given = scope.args
        names = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        yield from ((each.arg, ast.Constant(None)) for each in names)
    for node in inside:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
                elif isinstance(target, ast.Tuple):  # first, second = BytesIO(), BytesIO()
                    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value] * len(target.elts)
                    yield from ((each.id, value) for each, value in zip(target.elts, values, strict=False)
                                if isinstance(each, ast.Name))  # fmt: skip
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
        elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            yield node.optional_vars.id, node.context_expr
        elif isinstance(node, ast.For):
            yield from ((each.id, ast.Constant(None)) for each in ast.walk(node.target) if isinstance(each, ast.Name))


def _in_memory(call: ast.Call, place: int, memory: set[str]) -> bool:
    if ast.unparse(call.func) in memory:
        return True
    given = ast.unparse(call.args[place]) if len(call.args) > place else ""
    return given in memory or given in ("sys.stdout", "sys.stderr")
