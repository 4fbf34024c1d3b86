"""The command line: ``python -m twist VERB``; one module in ``twist/commands`` a verb."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Sequence

import twist
from twist import commands
from twist.errors import TwistError


def verbs() -> list[str]:
    """Names of all verbs: the modules of ``twist.commands``, with dashes for underscores."""
    return [module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)]


def build_parser(verb: str | None) -> argparse.ArgumentParser:
    """The parser with ``verb``'s own arguments; other verbs are not imported, so each starts fast.

    A command module offers ``HELP`` (one line), ``EXAMPLE`` (a command line), ``add_arguments(parser)``
    and ``run(arguments)``.
    """
    parser = argparse.ArgumentParser(prog="python -m twist", description=twist.__doc__)
    parser.add_argument("--version", action="version", version=f"twist {twist.__version__}")
    parser.add_argument("--verbose", action="store_true", help="show the traceback of an error")
    known = verbs()
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name in known if verb not in known else [verb]:
        module = importlib.import_module(f"twist.commands.{name.replace('-', '_')}")
        subparser = subparsers.add_parser(
            name, help=module.HELP, description=module.HELP, epilog=f"example: {module.EXAMPLE}"
        )
        module.add_arguments(subparser)
        subparser.set_defaults(command=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Exit code 0 = done, 1 = a TwistError, printed as one line, 2 = wrong usage.

    130 = interrupted, 141 = the reader of a pipe has gone.
    """
    # One thread a process unless asked for more (docs/architecture.md); BLAS reads this when it is loaded.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    argv = list(sys.argv[1:] if argv is None else argv)
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
    except KeyboardInterrupt:
        print(f"twist {arguments.verb}: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
