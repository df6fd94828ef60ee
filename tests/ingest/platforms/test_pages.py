"""The pages of the platforms say what the declarations say."""

from pathlib import Path

import pytest
from mediaops_ingest.adapters.pages import END, hand_written, index, page
from mediaops_ingest.platforms.declaration import Declaration
from mediaops_ingest.platforms.registry import attachable

FOLDER = Path(__file__).parents[3] / "docs/guides/platforms"
DECLARATIONS = [adapter.declaration for adapter in attachable()]
WRITE = "write them anew: python -m mediaops_ingest.adapters.pages"


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda one: one.name)
def test_the_page_of_an_adapter_is_current(declaration: Declaration):
    text = (FOLDER / f"{declaration.name}.md").read_text()
    assert text == page(declaration, hand_written(text)), WRITE


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda one: one.name)
def test_somebody_wrote_how_to_set_it_up_at_the_platform(declaration: Declaration):
    text = hand_written((FOLDER / f"{declaration.name}.md").read_text())
    assert len(text.split()) > 20


def test_there_is_a_page_for_each_adapter_and_no_other():
    assert (FOLDER / "README.md").read_text() == index(DECLARATIONS), WRITE
    names = {path.stem for path in FOLDER.glob("*.md")} - {"README"}
    assert names == {one.name for one in DECLARATIONS}


def test_what_was_written_by_hand_survives_a_change_of_the_declaration():
    declaration = DECLARATIONS[0]
    text = page(declaration, "Ask the team of the shop.\n\n| a | b |")
    assert hand_written(text) == "Ask the team of the shop.\n\n| a | b |"
    assert page(declaration, hand_written(text)) == text
    assert hand_written("# A page without marks") == ""
    assert text.count(END) == 1
