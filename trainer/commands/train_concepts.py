"""`feature-trainer train-concepts`: the small network that finds lesion and artifacts in a picture."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.console.numbers import at_least_one, decay, not_negative, positive, share, zero_or_more
from trainer.files.printing import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trainer.concepts.evaluation import Row
    from trainer.concepts.pictures import Pictures
    from trainer.files.progress import OnStep

    Measures = dict[str, Callable[[OnStep], Iterable[Row]]]

DESCRIPTION = """
Train the network that finds lesion, hair, rulers, reflections, bubbles, ink, patches and dark corners. Lesions are
learned from masks; artifacts are drawn into the pictures. One picture in ten, chosen by its name, is kept from
training. docs/concepts.md says how well it finds them, and how to measure that again.
"""


TEST_SEED = 7_000_000
"""Of the drawings with which a network is measured; no seed of training comes near."""

MOST_DRAWN = 60
"""Pictures that artifacts are drawn into to measure with: each of the seven into each."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "train-concepts", help="train the network that finds lesion and artifacts", description=DESCRIPTION
    )
    parser.usage = f"{parser.prog} --images DIR --masks DIR --out FILE [options]"
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="folder of pictures")
    parser.add_argument("--masks", type=Path, required=True, metavar="DIR", help="their masks, NAME_segmentation.png")
    parser.add_argument(
        "--seen",
        type=Path,
        metavar="CSV",
        help="which artifacts somebody saw in some of the pictures: image,hair,ruler,... of 1, 0 or nothing "
        "(default: the bundled table for HAM10000)",
    )
    parser.add_argument(
        "--held-out", type=Path, metavar="CSV", help="pictures to keep from training, and what was seen in them"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="network to write (.safetensors)")
    parser.add_argument(
        "--evaluate",
        type=Path,
        metavar="FILE",
        help="train nothing, and measure this network on what is kept from training; --out is a CSV then, and "
        "--held-out says what was seen in its pictures (columns hair_1, hair_2, ... of two readings, or hair, ...)",
    )
    parser.add_argument("--epochs", type=zero_or_more, default=9, help="times that every picture is shown (default 9)")
    parser.add_argument("--rate", type=positive, default=4e-3, help="highest learning rate (default 0.004)")
    parser.add_argument(
        "--small", type=zero_or_more, metavar="N", help="epochs at 160 pixels; the others at 224 (all but two)"
    )
    parser.add_argument(
        "--begin",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="go on from this network, or from the mean of several that began with the same one, instead of by chance; "
        "with --epochs 0 that is written as it is",
    )
    parser.add_argument("--each", type=at_least_one, default=60, help="drawings of every kind of artifact (default 60)")
    parser.add_argument("--batch", type=at_least_one, default=16, help="pictures of a step (default 16)")
    parser.add_argument("--average", type=decay, default=0.0, metavar="X", help="moving average of the weights (0)")
    parser.add_argument(
        "--wide",
        type=share,
        default=0.0,
        metavar="X",
        help="share of the batches that are changed far more, as of other cameras: lesions small, large, at the side, "
        "cut by the frame (0)",
    )
    parser.add_argument("--lesion", type=not_negative, default=1.0, metavar="X", help="weight of the lesion's loss (1)")
    parser.add_argument(
        "--validate",
        action="store_true",
        help="keep another tenth of the pictures from training, to choose settings by; with --evaluate, measure "
        "lesions on these alone, as they are and changed as by --wide",
    )
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="in which the network is computed while it learns; float32 where the device has no bfloat16 (float32)",
    )
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, mps, auto")
    parser.add_argument(
        "--processes", type=zero_or_more, default=0, metavar="N", help="that make batches beside this one (0)"
    )
    parser.add_argument("--seed", type=zero_or_more, default=0, help="of everything that is left to chance (default 0)")
    parser.add_argument("--source", default="", metavar="TEXT", help="where the pictures come from; goes into the file")
    parser.add_argument("--licence", default="", metavar="TEXT", help="terms of the weights; goes into the file")
    parser.set_defaults(run=run, wrong_usage=parser.error)


def run(arguments: argparse.Namespace) -> None:
    """Read the pictures, then train and write the network, or measure one."""
    if not (arguments.epochs or arguments.begin or arguments.evaluate):
        arguments.wrong_usage("--epochs 0 needs a network to write: give --begin, or 1 epoch or more")
    import resources
    from trainer.concepts.pictures import is_held_out, is_validated, read_pictures, read_seen

    seen = read_seen(arguments.seen or Path(resources.__file__).parent / "concepts" / "seen.csv")
    held_out = read_seen(arguments.held_out) if arguments.held_out else {}

    def taught(name: str) -> bool:
        return (
            name not in held_out
            and not is_held_out(name, name in seen)
            and not (arguments.validate and chosen_by(name))
        )

    def chosen_by(name: str) -> bool:
        return name not in held_out and is_validated(name, name in seen)

    if arguments.evaluate and arguments.validate:
        _validate(arguments, read_pictures(arguments.images, arguments.masks, held_out, chosen_by))
        return
    if arguments.evaluate:
        _measure(
            arguments,
            held_out,
            read_pictures(arguments.images, arguments.masks, held_out, lambda name: not taught(name)),
        )
        return
    source = read_pictures(arguments.images, arguments.masks, seen, taught)
    say(f"{len(source):,} pictures to learn from, {sum(name in seen for name in source.names)} of them looked at")
    from trainer.concepts.finding import load_network
    from trainer.concepts.train import Settings, mean_network, save_network, train_network
    from trainer.devices.arithmetic import number_type
    from trainer.devices.names import find_device

    small = max(0, arguments.epochs - 2) if arguments.small is None else arguments.small
    settings = Settings(
        seed=arguments.seed,
        epochs=arguments.epochs,
        batch=arguments.batch,
        each=arguments.each,
        rate=arguments.rate,
        whole=max(0, arguments.epochs - small),
        average=arguments.average,
        wide=arguments.wide,
        lesion=arguments.lesion,
    )
    begin = mean_network([load_network(path) for path in arguments.begin]) if arguments.begin else None

    def on_epoch(epoch: int, loss: float, seconds: float) -> None:
        say(f"epoch {epoch}/{settings.epochs}  loss {loss:.3f}  {seconds:.0f} s")

    device = find_device(arguments.device)
    if begin is not None and not settings.epochs:
        network = begin
    else:
        computed = number_type(arguments.precision, device)
        network = train_network(
            source, settings, on_epoch, begin, device=device, processes=arguments.processes, computed=computed
        )
    save_network(arguments.out, network, settings, arguments.source, arguments.licence)
    say(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")


def _measure(arguments: argparse.Namespace, held_out: "dict[str, list[int]]", pictures: "Pictures") -> None:
    from trainer.concepts.drawn_layers import draw_all
    from trainer.concepts.evaluation import drawn_rows, lesion_rows, real_rows
    from trainer.concepts.finding import load_network
    from trainer.synthetic.kinds import TESTING

    network = load_network(arguments.evaluate)
    looked_at = [name in held_out for name in pictures.names]
    others = pictures.only([not flag for flag in looked_at] if not all(looked_at) else looked_at)
    drawn_into = others.only([position < MOST_DRAWN for position in range(len(others))])
    measures: Measures = {
        "lesions": lambda step: lesion_rows(pictures, network, step),
        "drawn": lambda step: drawn_rows(
            drawn_into, draw_all(TESTING, arguments.each, TEST_SEED), network, TEST_SEED, step
        ),
        "real": lambda step: real_rows(pictures.only(looked_at), network, step) if any(looked_at) else iter(()),
    }
    _write(arguments.out, measures)


def _validate(arguments: argparse.Namespace, pictures: "Pictures") -> None:
    from trainer.concepts.batches import as_elsewhere
    from trainer.concepts.evaluation import lesion_rows
    from trainer.concepts.finding import load_network

    network, changed = load_network(arguments.evaluate), as_elsewhere(pictures, TEST_SEED)
    _write(
        arguments.out,
        {
            "lesions": lambda step: lesion_rows(pictures, network, step),
            "changed": lambda step: lesion_rows(changed, network, step, "changed pictures"),
        },
    )


def _write(out: Path, measures: "Measures") -> None:
    from trainer.concepts.evaluation import in_table
    from trainer.console.progress import progress
    from trainer.files.atomic_files import cannot_write, replace_file
    from trainer.files.written_tables import write_rows

    rows = []
    for title, measure in measures.items():
        with progress(title, "pictures") as on_step:
            for row in measure(on_step):
                say(f"{row.concept:<11}{row.way:<9}{row.figure:<20}{row.value:.3f}  {row.over}")
                rows.append(row)
    try:
        replace_file(out, write_rows(in_table(rows)))
    except OSError as error:
        raise cannot_write(out, error) from error
