"""What was measured of pictures is kept beside the index until it was measured in another way."""

from pathlib import Path

import numpy as np
import pytest

from explorer.core.suggestions.picture_cache import Kept


def test_what_is_written_while_old_files_are_swept_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under torchrun another process may have begun to write."""
    old, new = Kept(tmp_path / "index.h5", "marks", "old way"), Kept(tmp_path / "index.h5", "marks", "new way")
    record = {"value": np.zeros(3)}
    old.write(["a.jpg"], [record])
    new.write(["b.jpg"], [record])
    look, late = Kept._is_mine, ["c.jpg"]

    def written_meanwhile(kept: Kept, path: Path) -> bool:
        if late:
            new.write([late.pop()], [record])
        return look(kept, path)

    monkeypatch.setattr(Kept, "_is_mine", written_meanwhile)
    new.sweep()
    assert new.names() == {"b.jpg", "c.jpg"}
    assert old.names() == set()
