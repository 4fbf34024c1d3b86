"""The command line: ``python -m twist VERB``; one module in ``twist/commands`` a verb."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence

import twist
from twist import commands
from twist.errors import TwistError

#: What ``--help`` lists together, in the order of use; verbs that are in no group come last.
GROUPS: dict[str, tuple[str, ...]] = {
    "on a scan of your own": ("predict", "supervoxels", "picture"),
    "before a run": ("check", "rooms", "draw-rooms", "settings"),
    "results": (
        "evaluate", "table", "experiment", "experiment-labels", "compare", "diagnosis", "precision-recall",
        "losses", "figure7", "viewer", "page", "export-submission",
    ),
    "steps of the workflow": (
        "prepare", "collect", "splits", "views", "pretrain", "train", "label", "predict-scenes", "diagnose",
        "finish",
    ),
}  # fmt: skip

_VERBOSE = "show the traceback of an error"

EXIT_CODES = """exit codes:
  0    done
  1    an error, told in one line; --verbose adds where it came from
  2    wrong usage
  130  interrupted
  141  the reader of a pipe has gone
"""


def verbs() -> list[str]:
    """Names of all verbs: the modules of ``twist.commands``, with dashes for underscores."""
    return [module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)]


def build_parser(verb: str | None) -> argparse.ArgumentParser:
    """The parser with ``verb``'s own arguments; other verbs are not imported, so each starts fast.

    A command module offers ``HELP`` (one line), ``EXAMPLE`` (a command line), ``add_arguments(parser)``
    and ``run(arguments)``.
    """
    parser = argparse.ArgumentParser(
        prog="python -m twist",
        description=twist.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"twist {twist.__version__}")
    parser.add_argument("--verbose", action="store_true", help=_VERBOSE)
    known = verbs()
    modules = {
        name: importlib.import_module(f"twist.commands.{name.replace('-', '_')}")
        for name in (known if verb not in known else [verb])
    }
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True, help="see below")
    for name, module in modules.items():
        subparser = subparsers.add_parser(
            name,
            description=module.HELP,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(subparser)
        # given behind the verb it must not be overwritten by the default of the one before it
        subparser.add_argument("--verbose", action="store_true", default=argparse.SUPPRESS, help=_VERBOSE)
        subparser.set_defaults(command=module.run)
    parser.epilog = _listed({name: module.HELP for name, module in modules.items()}) + "\n" + EXIT_CODES
    return parser


def _listed(helps: Mapping[str, str]) -> str:
    """All verbs with a line each, by group."""
    grouped = {name for group in GROUPS.values() for name in group}
    groups = GROUPS | {"others": tuple(name for name in helps if name not in grouped)}
    width = max(len(name) for name in helps)
    lines = []
    for title, names in groups.items():
        there = [name for name in names if name in helps]
        lines += [f"{title}:", *(f"  {name:{width}}  {helps[name]}" for name in there), ""] if there else []
    lines.append("`python -m twist VERB --help` tells a verb's options and gives an example.")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns one of ``EXIT_CODES``. A TwistError is printed as one line."""
    # One thread a process unless asked for more (docs/architecture.md); BLAS reads this when it is loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    argv = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # names of files may hold bytes that are no text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    verb = next((word for word in argv if not word.startswith("-")), None)
    arguments = build_parser(verb).parse_args(argv)
    try:
        arguments.command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; nothing is left to flush at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except TwistError as error:
        if arguments.verbose:
            raise
        print(f"twist {arguments.verb}: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:  # a folder that may not be looked into, a file that may not be read
        if arguments.verbose or error.filename is None:
            raise
        print(f"twist {arguments.verb}: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"twist {arguments.verb}: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
