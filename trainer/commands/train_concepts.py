"""`feature-trainer train-concepts`: the small network that finds lesion and artifacts in a picture."""

import argparse
from pathlib import Path

from trainer.files.printing import say

DESCRIPTION = """
Train the network that finds lesion, hair, rulers, reflections, bubbles, ink, patches and dark corners. Lesions are
learned from masks; artifacts are drawn into the pictures. One picture in ten, chosen by its name, is kept from training.
docs/concepts.md says how well it finds them, and how to measure that again.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "train-concepts", help="train the network that finds lesion and artifacts", description=DESCRIPTION
    )
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
        "--held-out", type=Path, metavar="CSV", help="table whose first column names pictures to keep from training"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="network to write (.safetensors)")
    parser.add_argument("--epochs", type=int, default=9, help="times that every picture is shown (default 9)")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is left to chance (default 0)")
    parser.add_argument("--source", default="", metavar="TEXT", help="where the pictures come from; goes into the file")
    parser.add_argument("--licence", default="", metavar="TEXT", help="terms of the weights; goes into the file")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Read the pictures, train, and write the network."""
    import resources
    from trainer.concepts.pictures import is_held_out, read_pictures, read_seen
    from trainer.concepts.train import Settings, save_network, train_network
    from trainer.files.written_tables import read_rows
    from trainer.pictures.name_matching import key_of

    seen = read_seen(arguments.seen or Path(resources.__file__).parent / "concepts" / "seen.csv")
    kept: set[str] = set()
    if arguments.held_out:
        rows = read_rows(arguments.held_out.read_text("utf-8-sig"))
        kept = {key_of(cells[0]) for _, cells in rows if cells}
    source = read_pictures(
        arguments.images,
        arguments.masks,
        seen,
        lambda name: name not in kept and not is_held_out(name, name in seen),
    )
    say(f"{len(source):,} pictures to learn from, {sum(name in seen for name in source.names)} of them looked at")
    settings = Settings(seed=arguments.seed, epochs=arguments.epochs)

    def on_epoch(epoch: int, loss: float, seconds: float) -> None:
        say(f"epoch {epoch}/{settings.epochs}  loss {loss:.3f}  {seconds:.0f} s")

    network = train_network(source, settings, on_epoch)
    save_network(arguments.out, network, settings, arguments.source, arguments.licence)
    say(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")
