"""Everything that one window works on, built and connected in one place."""

import getpass
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject

from explorer import __version__
from explorer.core.errors import UserError
from explorer.core.tags.vocabulary import Vocabulary, read_vocabulary
from explorer.state.artifacts.candidates import ArtifactCandidates
from explorer.state.artifacts.lists import ArtifactLists
from explorer.state.beside.entries import DifferenceBeside, NetworkBeside, ShuffledBeside, WhatIfBeside
from explorer.state.beside.pins import PinnedFilter, PinnedPicture
from explorer.state.comparison.both_drawn import BothDrawn
from explorer.state.comparison.filter_match import FilterMatch
from explorer.state.comparison.second_answers import SecondAnswers
from explorer.state.comparison.second_network import SecondNetwork
from explorer.state.comparison.side_by_side import SideBySide
from explorer.state.export.exporting import Exporting
from explorer.state.figures.in_view import FigureInView
from explorer.state.figures.of_lens import SLOT as SAVING_A_LENS
from explorer.state.findings.evaluating import Evaluating
from explorer.state.findings.folder_muting import FolderMuting
from explorer.state.findings.reporting import Reporting
from explorer.state.findings.worth_a_look import WorthALook
from explorer.state.index.card_in_view import CardInView
from explorer.state.index.evidence import Evidence
from explorer.state.index.filter_facts import FilterFacts
from explorer.state.index.given_classes import GivenClasses
from explorer.state.index.indexing import Indexing
from explorer.state.index.point_maps import PointMaps
from explorer.state.index.surrounds import MeasuredSurrounds
from explorer.state.index.work_list import WorkingThrough
from explorer.state.lens.chosen_lens import ChosenLens
from explorer.state.lens.occluding import Occluding
from explorer.state.lens.sheet import SAVING as SAVING_A_SHEET
from explorer.state.lens.sheet import LensSheet
from explorer.state.lens.shuffled_weights import ShuffledWeights
from explorer.state.opened.layer_facts import LayerFacts
from explorer.state.opened.library import Library
from explorer.state.opening import Opening
from explorer.state.pictures.chosen import ChosenPictures
from explorer.state.pictures.search import PictureSearch
from explorer.state.pictures.starred import Starred
from explorer.state.session import Session, View
from explorer.state.settings import ANNOTATOR
from explorer.state.settings_file import Settings
from explorer.state.suggestions.concept import SuggestedConcept
from explorer.state.suggestions.suggesting import Suggesting
from explorer.state.tags.history import TagHistory
from explorer.state.tags.last_step import LastStep
from explorer.state.tags.tagging import Tagging
from explorer.state.view.beside import Beside, UntouchedBeside
from explorer.state.view.filter_selection import FilterSelection
from explorer.state.view.muting import Muting
from explorer.state.view.pipeline import Pipeline
from explorer.state.view.stages import StagesInView
from explorer.state.what_if.drawn_over import WhatIfOver
from explorer.state.what_if.picture import PictureWhatIf
from explorer.state.what_if.recipe_preview import RecipePreview
from explorer.state.workers.kept_changes import KeptChanges


class Workspace(QObject):
    """The session, its workers, its tags and what is remembered; `bundled` is the folder of what comes with
    the program. `index_command` begins the command line that makes indexes and suggestions; without one none are made.

    `troubles` are sentences about what could not be read at the start.
    """

    version = __version__

    def __init__(
        self,
        settings: Settings,
        bundled: Path,
        parent: QObject | None = None,
        *,
        index_command: Sequence[str] | None = None,
    ) -> None:
        super().__init__(parent)
        self.icons = bundled / "icons"
        self.settings = settings
        self.vocabulary_path = settings.folder / "tags.toml"
        self.troubles: list[str] = []
        self.vocabulary = self._vocabulary()
        self.session = Session(View(style=self.settings.style()), self)
        self.library = Library(self)
        self.evidence = Evidence(self)
        self.pipeline = Pipeline(self.session, self.library, self.evidence, self)
        self.given = GivenClasses(self.settings, self.library, self.evidence, self)
        self.evaluating = Evaluating(self.library, self.evidence, self.given, self)
        self.lists = ArtifactLists(self.library, self.settings, self)
        self.candidates = ArtifactCandidates(self.session, self.evidence, self.lists, self)
        self.worth_a_look = WorthALook(self.library, self.evidence, self.given, self.lists, self)
        self.chosen = ChosenPictures(self.session, self.library, self)
        self.starred = Starred(self.settings, self)
        self.picture_search = PictureSearch(self.library, self.evidence, self.given, self.starred, self)
        self.lens = ChosenLens(self.session, self.pipeline, self.library, self)
        self.occluding = Occluding(self.session, self.pipeline, self.library, self.lens, self)
        self.shuffled = ShuffledWeights(self.pipeline, self.library, self.lens, self)
        self.tagging = Tagging(self.settings.value(ANNOTATOR) or user_name(), self)
        self.selection = FilterSelection(self.session, self)
        self.last_step = LastStep(self.tagging, self)
        self.tag_history = TagHistory(self.library, self.tagging, self)
        self.muting = Muting(self.library, self.pipeline, self.tagging, self.evidence, self.settings, self)
        asked = self.evidence, self.given, self.muting, self.tagging
        self.folder_muting = FolderMuting(self.library, *asked, self)
        self.stages = StagesInView(self.session, self.library, self.pipeline, self)
        self.what_if = PictureWhatIf(self.session, self.library, self.pipeline, self.lists, self)
        self.what_if.changed.connect(lambda: self.occluding.pause(bool(self.what_if.tool)))
        self.what_if_over = WhatIfOver(self.session, self.pipeline, self.library, self.lens, self.what_if, self)
        self.lens_sheet = LensSheet(self.library, self)
        self.recipe_preview = RecipePreview(self.session, self)
        self._build_second()
        pinned = self.session, self.pipeline, self.library
        self.pinned_filter, self.pinned_picture = PinnedFilter(*pinned), PinnedPicture(*pinned, self.lens)
        entries = (
            WhatIfBeside(self.what_if, self.what_if_over),
            ShuffledBeside(self.pipeline, self.lens, self.shuffled),
            UntouchedBeside(),
            NetworkBeside(self.sides),
            DifferenceBeside(self.sides),
            self.pinned_filter,
            self.pinned_picture,
        )
        self.beside = Beside(self.session, entries, self)
        self.sides.follow(self.beside)
        self.library.network_opened.connect(lambda network: self.sides.bring_back())
        self.working = WorkingThrough(self.session, self.evidence, self.tagging, self)
        self.filter_facts = FilterFacts(self.library, self.evidence, self.given, self)
        self.layer_facts = LayerFacts(self.library, self)
        self.card = CardInView(self.session, self.library, self.evidence, self.given, self)
        self.reporting = Reporting(self.library, self.evidence, self.tagging, self.given, self.lists, self)
        self.exporting = Exporting(self.library, self.pipeline, self.tagging, self.settings, self)
        self.point_maps = PointMaps(self.session, self.library, self.evidence, self.tagging, self)
        self.surrounds = MeasuredSurrounds(self)
        self.settings.setting_changed.connect(self._name_annotator)
        self.opening = Opening(self.session, self.library, self.tagging, self.settings, bundled / "demo", self)
        self.opening.second_wanted.connect(self.second.open_later)
        self._build_indexing(index_command)
        self.suggesting = Suggesting(
            self.session, self.library, self.evidence, self.tagging, index_command, self, lists=self.lists
        )
        self.suggested_concept = SuggestedConcept(self.pipeline, self.library, self.suggesting, self)
        self.figure = FigureInView(
            self.session,
            self.pipeline,
            self.library,
            self.lens,
            self.exporting,
            self.tagging,
            self.settings,
            self.sides,
            self.beside,
            self.occluding,
            self.suggested_concept,
            self,
        )

    def _build_second(self) -> None:
        """What a second network takes, which lies beside the first."""
        self.second = SecondNetwork(self.library, self.settings, self)
        self.second_evidence = Evidence(self)
        of_second = self.session, self.pipeline, self.lens, self.second, self.second_evidence
        self.second_answers = SecondAnswers(*of_second, self)
        self.library.folder_opened.connect(lambda folder: self.second_answers.begin_scale_anew())
        evidences = self.evidence, self.second_evidence
        self.match = FilterMatch(self.session, self.library, self.second, evidences, self)
        both = BothDrawn(self.session, self.pipeline, self.lens, self.second, self.second_answers, self.match)
        self.sides = SideBySide(
            self.session,
            self.pipeline,
            self.muting,
            self.tagging,
            self.second,
            self.second_answers,
            self.match,
            both,
            self,
        )

    def _build_indexing(self, command: Sequence[str] | None) -> None:
        """What makes the indexes of both networks, one after the other."""
        self.indexing = Indexing(self.session, self.library, self.evidence, self.settings, command, self)
        of_second = self.session, self.library, self.second_evidence, self.settings, command, self
        self.second_indexing = Indexing(*of_second, networks=self.second.session, name="B", after=self.indexing)
        self.second.changed.connect(lambda: self.indexing.call("A" if self.second.network is not None else ""))

    @property
    def keepings(self) -> tuple[KeptChanges, ...]:
        """What a person said, beside tags, on its way into files."""
        return self.lists.keeping, self.suggesting.keeping, self.starred.keeping

    @property
    def running(self) -> tuple[tuple[str, str], ...]:
        """What a person began and what closing would end: a title each, and what becomes of it."""
        found = []
        if self.exporting.running:
            found.append(("An export is running", f"The figures written so far are whole; {self.exporting.rest}."))
        if self.reporting.running:
            found.append(("A report is being written", "It is not there before its end; nothing of it is kept."))
        if any(self.library.batch.busy(slot) for slot in (SAVING_A_LENS, SAVING_A_SHEET)):
            found.append(("A figure is being written", "It is not there before its end."))
        return tuple(found)

    def close(self) -> None:
        """Remember the session, save the tags, end the workers and wait for them."""
        self.opening.remember()
        self.indexing.close()
        self.suggesting.close()
        self.exporting.close()
        self.tagging.close()
        self.evaluating.close()
        self.worth_a_look.close()
        self.folder_muting.close()
        self.candidates.close()
        self.lists.close()
        self.starred.close()
        self.point_maps.close()
        self.surrounds.close()
        self.lens.close()
        self.shuffled.close()
        self.what_if.close()
        self.beside.close()
        self.sides.close()
        self.match.close()
        self.second_answers.close()
        self.second_indexing.close()
        self.second.close()
        self.second_evidence.close()
        self.what_if_over.close()
        self.lens_sheet.close()
        self.recipe_preview.close()
        self.stages.close()
        self.occluding.close()
        self.muting.close()
        self.layer_facts.close()
        self.pipeline.close()
        self.library.close()
        self.evidence.close()

    def _name_annotator(self, setting: object) -> None:
        """Give tags under the name that a person set from now on."""
        if setting is ANNOTATOR:
            self.tagging.sign_as(self.settings.value(ANNOTATOR) or user_name())

    def _vocabulary(self) -> Vocabulary:
        try:
            return read_vocabulary(self.vocabulary_path)
        except UserError as error:
            self.troubles.append(str(error))
            return read_vocabulary()


def user_name() -> str:
    """The name under which a person works on this computer."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # some systems have no user database
        return "me"
