"""The scenes that a session's tests are about: what takes long is made for no others."""

import pytest

from scenes import SCENES


def selected(request: pytest.FixtureRequest) -> list[str]:
    """The scenes that the chosen tests of this module are named after; all where one is about all of them."""
    here = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    names = {item.callspec.params.get("name") for item in here if hasattr(item, "callspec")}
    every = any("every_scene" in getattr(item, "fixturenames", ()) for item in here)
    return [name for name in SCENES if every or name in names]
