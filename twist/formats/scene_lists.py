"""Lists of scene names in text files; ScanNet's published ones are known by their hash."""

from __future__ import annotations

from codecs import BOM_UTF8
from hashlib import sha256
from pathlib import Path

from twist.errors import TwistError
from twist.files import plain_names

#: SHA-256 of ScanNet's published lists; the data-efficient ones are independent draws, not nested.
PUBLISHED_SHA256 = {
    "scannetv2_train.txt": "96acca299b7855f02824c496b19077904d80996e7ced1bb9f0dac98f7dd4d0c8",
    "scannetv2_val.txt": "d75d4971c3fa7128c643695840e279042c212ef904fe933bd00cf9918c61b083",
    "scannetv2_test.txt": "0214c6a3b1ee516ad653393b0321e7c0394c7662a4b3702eac1ddd7fbc00f7e0",
    "1.txt": "39ddd0db0617ae568a85ad7e211d2c39c6664172fa57ef0b4d840e0fa40e0489",
    "5.txt": "ff517b71ecca5e656c27d4cbc1c54c20f21a2a4034285ad0439d24702a9dae5a",
    "10.txt": "c9fa2e94a409ecd2252e8ac507a66aa829e1692b0268a031dfdaeac031f88006",
    "20.txt": "f266bc0897aff988d4005a2757314fcc19d7c0d13fd1cdaaff760a8d957482a9",
}

_WHERE = {
    "scannetv2": "ScanNet's repository publishes it under Tasks/Benchmark",
    "": "the documentation of ScanNet's data-efficient benchmark publishes it (limited scenes)",
}


def read_list(path: Path, own: bool) -> tuple[str, ...]:
    """Scene names of a text file, one a line. Published lists are checked by SHA-256 unless ``own``.

    Raises TwistError for a missing or other file, a repeated name, and a name that is no plain file name.
    """
    if not path.is_file() and own:
        raise TwistError(
            f"{path} is missing: put your list there. For labelled scenes that are drawn from the prepared "
            'ones, set data.label_lists: ""'
        )
    if not path.is_file():
        source = next(text for start, text in _WHERE.items() if path.name.startswith(start))
        raise TwistError(f"{path} is missing; {source}. Your own list: set data.own_lists and put it there")
    content = path.read_bytes()
    if not own:
        _refuse_unpublished(path, content)
    try:
        names = tuple(content.decode("utf-8-sig").split())
    except UnicodeDecodeError as error:
        raise TwistError(f"{path}: not a text file ({error.reason} at byte {error.start})") from error
    repeated = (
        sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    )
    if repeated:
        raise TwistError(f"{path}: {', '.join(repeated[:5])} is listed more than once")
    return plain_names(names, path)


def _refuse_unpublished(path: Path, content: bytes) -> None:
    """Raise TwistError for another list than the published one; ends of lines and of the file may differ."""
    published = PUBLISHED_SHA256.get(path.name)
    plain = b"\n".join(content.removeprefix(BOM_UTF8).split())
    digests = [sha256(lines).hexdigest() for lines in (content, plain, plain + b"\n")]
    if published not in digests:
        raise TwistError(
            f"{path} is not the published list: its SHA-256 is {digests[0]}, published is {published}; "
            "if it is your own, set data.own_lists: true"
        )
