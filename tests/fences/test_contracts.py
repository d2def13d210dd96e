"""The names that people's scripts use: wherever the code lies, these stay."""

import importlib

import pytest

NAMES = {
    "explorer.core.network": ("open_network", "Network"),
    "explorer.core.images": ("read_image",),
    "explorer.core.activations": ("record", "predict", "Activations"),
    "explorer.core.overlay": ("overlay", "compose", "in_picture"),
    "explorer.core.attribution": ("attribute", "LENSES", "AttributionMap"),
    "explorer.core.occlusion": ("Occluder", "occlude"),
    "explorer.core.tags": ("FilterKey", "TagBook"),
    "explorer.core.tag_store": ("load_tags", "save_tags"),
    "explorer.core.concepts": ("concept_maps", "CONCEPTS", "artifact_scores", "border_sides", "given_lesions"),
    "explorer.core.errors": ("UserError",),
    "explorer.core.progress": ("OnStep", "Cancelled"),
    "trainer.checkpoint": ("Checkpoint", "InputSpec", "load", "save"),
    "trainer.network": ("ARCHITECTURES", "ScratchCNN", "build"),
    "trainer.synthetic": ("draw",),
}


@pytest.mark.parametrize("module", NAMES)
def test_scripts_find_what_they_import(module: str) -> None:
    found = importlib.import_module(module)
    assert [name for name in NAMES[module] if not hasattr(found, name)] == []
