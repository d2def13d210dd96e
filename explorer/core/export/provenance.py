"""What is written down about each figure: its lines in the manifest, and the description inside the file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from explorer.core.drawing.styles import Scale
from explorer.core.export.manifest import Row, numbers
from explorer.core.export.plan import ExportPlan, Figure
from explorer.core.figures.captioned import caption_lines
from explorer.core.figures.encoding import describe
from explorer.core.figures.single import statistics
from explorer.core.maps.activation_cache import Recorded
from explorer.core.tags.book import FilterKey
from trainer.networks.input_spec import Box


@dataclass
class Records:
    """Collects what one figure shows while it is drawn.

    `settings` is the figure's from `settings_of`; `digests` are those of the pictures by number.
    """

    plan: ExportPlan
    figure: Figure
    settings: str
    digests: Mapping[int, str]
    rows: list[Row] = field(default_factory=list)
    _scales: list[tuple[FilterKey, int, Scale]] = field(default_factory=list)
    _frames: dict[int, Box] = field(default_factory=dict)

    def add(self, page: int, key: FilterKey, number: int, recorded: Recorded, scale: Scale) -> None:
        """Note that a filter's map on a picture stands on a page (from 1) of the figure."""
        plan, (height, width) = self.plan, recorded.rgb.shape[:2]
        map_statistics = statistics(recorded.maps[key.layer][key.filter], recorded.frame, (height, width))
        self._scales.append((key, number, scale))
        self._frames[number] = recorded.frame
        self.rows.append(
            Row(
                file=self.figure.name,
                page=str(page),
                layer=str(key.layer),
                layer_name=plan.network.layers[key.layer].name,
                filter=str(key.filter),
                picture=plan.names[number],
                picture_digest=self.digests[number],
                prediction=recorded.prediction,
                probability=f"{recorded.probability:.4f}",
                scale=plan.style.scale,
                tags=plan.tags.get(key, "") if plan.tags else "",
                network_digest=plan.network.digest,
                settings=self.settings,
                file_digest="",
                **numbers(map_statistics, scale),
            )
        )

    def caption(self, key: FilterKey, number: int, recorded: Recorded) -> tuple[str, str]:
        """The lines that stand below a single figure of a filter on a picture."""
        plan = self.plan
        tags, layer = plan.words.get(key, ""), plan.network.layers[key.layer].name
        prediction, scale = spoken_prediction(recorded), plan.style.scale
        of_picture = plan.captions[number], prediction
        given = (given_on(plan, [number]) or {}).get(number, "")
        return caption_lines(str(key), layer, *of_picture, tags, scale, plan.network.name, given)

    def description(self) -> str:
        """JSON from which the figure can be made again.

        `scales` holds [filter, number of the picture in `pictures`, foot, peak] of every map.
        """
        plan, picture_numbers = self.plan, list(self._frames)
        return describe(
            {
                "kind": "sheet" if self.figure.pages else "single",
                "settings": self.settings,
                "network_digest": plan.network.digest,
                "network": plan.network.identity,
                "network_name": plan.network.name,
                "layers": {str(key.layer): plan.network.layers[key.layer].name for key in self.figure.filters},
                "filters": [str(key) for key in self.figure.filters],
                "pictures": [
                    {"name": plan.names[number], "digest": self.digests[number], "frame": frame}
                    for number, frame in self._frames.items()
                ],
                "style": plan.style.as_dict(),
                "scales": [
                    [str(key), picture_numbers.index(number), scale.foot, scale.peak]
                    for key, number, scale in self._scales
                ],
            }
        )


def given_on(plan: ExportPlan, pictures: Iterable[int]) -> dict[int, str] | None:
    """The given classes of pictures as captions have them, "" for one of none; None where no class is known at all."""
    if not plan.given:
        return None
    return {number: f"given {given}" if (given := plan.given_of(number)) else "" for number in pictures}


def spoken_prediction(recorded: Recorded) -> str:
    """What the network says of a picture, as a caption has it; "" without class scores."""
    return f"{recorded.prediction} {recorded.probability:.2f}" if recorded.prediction else ""
