import os

import pytest

from twist.stamps import current_facts, stamp, store_facts


@pytest.fixture
def product(tmp_path):
    """A product with its stamp; ``source`` and ``product`` lie in ``tmp_path``."""
    source, made = tmp_path / "source.txt", tmp_path / "made.npz"
    source.write_text("raw")
    made.write_bytes(b"whole")
    facts = store_facts(made, stamp({"k": 0.5}, [source]), {"points": 3})
    assert facts["points"] == 3
    return made


def is_current(product, **settings) -> bool:
    wanted = stamp(settings or {"k": 0.5}, [product.parent / "source.txt"])
    return current_facts(product, wanted) is not None


def test_facts_of_a_current_file_come_back(product):
    wanted = stamp({"k": 0.5}, [product.parent / "source.txt"])
    assert current_facts(product, wanted)["points"] == 3
    assert len(current_facts(product, wanted)["sha256"]) == 64


def test_other_settings_are_not_current(product):
    assert is_current(product)
    assert not is_current(product, k=0.6)


def test_a_changed_or_touched_source_is_not_current(product):
    source = product.parent / "source.txt"
    status = source.stat()
    source.write_text("new")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert not is_current(product)
    source.write_text("longer")
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not is_current(product)


def test_a_further_source_is_not_current(product):
    further = product.parent / "labels.ply"
    further.write_text("")
    assert current_facts(product, stamp({"k": 0.5}, [product.parent / "source.txt", further])) is None


def test_a_damaged_or_missing_product_or_stamp_is_not_current(product):
    product.write_bytes(b"whol3")
    assert not is_current(product)
    product.unlink()
    assert not is_current(product)
    product.write_bytes(b"whole")
    assert is_current(product)
    stamp_path = product.with_name("made.stamp.json")
    for content in ("", "[]", "{}", '{"stamp": 1, "facts": null}'):
        stamp_path.write_text(content)
        assert not is_current(product)
