"""Settings of all tests."""

from hypothesis import settings

# A test that is slow because the machine is busy has not failed.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
